import type { AdfDocument } from './adf.ts';
import { type Development, developmentField } from './dev-status.ts';

/** Somebody with an account. Signing in takes the e-mail and the token, as with an Atlassian API token. */
export type JiraUser = {
  accountId: string;
  displayName: string;
  email: string;
  /** `app` for a service account. */
  accountType?: 'atlassian' | 'app';
};

export type JiraProject = {
  key: string;
  name: string;
  /** Who sees the project; everybody when it is absent. */
  visibleTo?: string[];
  /** Who sees it but may not write to it. */
  readOnly?: string[];
};

export type JiraComment = {
  id: string;
  author: string;
  body: AdfDocument;
  /** The wiki markup that REST v2 was given; made of the document where there is none. */
  wiki?: string;
  created: string;
  updated: string;
  properties: { key: string; value: unknown }[];
};

export type JiraIssue = {
  id: string;
  key: string;
  summary: string;
  description: AdfDocument | null;
  /** As in a comment. */
  wiki?: string;
  status: string;
  /** When the category of its status (new, indeterminate, done) changed last. */
  statusCategoryChanged: string;
  type: string;
  priority: string;
  labels: string[];
  components: string[];
  fixVersions: string[];
  /** Key of the ticket that this one is a part of. */
  parent?: string;
  links: IssueLink[];
  attachments: JiraAttachment[];
  /** By their ids, such as `customfield_10016`. */
  customFields: Record<string, { name: string; value: unknown }>;
  development?: Development;
  reporter: string;
  created: string;
  updated: string;
  comments: JiraComment[];
  remoteLinks: RemoteLink[];
  /** Changes of the labels and of remote links, oldest first. */
  history: Change[];
};

export type Change = {
  id: string;
  author: string;
  created: string;
  field: 'labels' | 'RemoteIssueLink';
  from: string;
  to: string;
};

/** As seen from the ticket that has it: `relation` of the type's two names, `back` the other one. */
export type IssueLink = { relation: string; back: string; to: string };

export type JiraAttachment = {
  id: string;
  name: string;
  mimeType: string;
  content: Uint8Array;
  /** The size that JIRA tells, where it is not the content's. */
  size?: number;
  /** Where its content is moved to, even when no redirect is asked for. */
  redirectTo?: string;
  author: string;
  created: string;
};

export type RemoteLink = { id: number; globalId?: string; url: string; title: string; relationship?: string };

/** An issue as the options give it: what is left out gets an ordinary value. */
type IssueSeed = {
  key: string;
  summary: string;
  description?: AdfDocument;
  status?: string;
  type?: string;
  priority?: string;
  labels?: string[];
  reporter: string;
  created?: string;
  components?: string[];
  fixVersions?: string[];
  parent?: string;
  links?: IssueLink[];
  attachments?: (Omit<JiraAttachment, 'id' | 'content' | 'created'> & {
    content: string | Uint8Array;
    created?: string;
  })[];
  customFields?: JiraIssue['customFields'];
  /** Counted by the custom field `customfield_10000`, whose name is Development. */
  development?: Development;
  wiki?: string;
  comments?: { author: string; body: AdfDocument; created?: string; updated?: string; wiki?: string }[];
};

export type StoreOptions = { users: JiraUser[]; projects: JiraProject[]; issues: IssueSeed[] };

/** What an account may do with an issue. */
export type Access = 'none' | 'read' | 'write';

/** Everything the simulated JIRA knows, in memory. */
export function createStore(options: StoreOptions) {
  let lastId = 10_000;
  const nextId = (): string => {
    lastId += 1;
    return String(lastId);
  };
  const users = new Map(options.users.map((user) => [user.accountId, user]));
  const projects = new Map(options.projects.map((project) => [project.key, project]));
  const issues = new Map<string, JiraIssue>();
  /** Keys that issues had before they were moved. */
  const moved = new Map<string, string>();

  for (const seed of options.issues) {
    const created = seed.created ?? jiraDate();
    issues.set(seed.key, {
      id: nextId(),
      key: seed.key,
      summary: seed.summary,
      description: seed.description ?? null,
      status: seed.status ?? 'To Do',
      statusCategoryChanged: created,
      type: seed.type ?? 'Story',
      priority: seed.priority ?? 'Medium',
      labels: seed.labels ?? [],
      components: seed.components ?? [],
      fixVersions: seed.fixVersions ?? [],
      ...(seed.parent === undefined ? {} : { parent: seed.parent }),
      links: seed.links ?? [],
      attachments: (seed.attachments ?? []).map((attachment) => ({
        ...attachment,
        id: nextId(),
        content: Buffer.from(attachment.content),
        created: attachment.created ?? created,
      })),
      customFields: {
        ...seed.customFields,
        ...(seed.development
          ? { customfield_10000: { name: 'Development', value: developmentField(seed.development) } }
          : {}),
      },
      ...(seed.development ? { development: seed.development } : {}),
      ...(seed.wiki === undefined ? {} : { wiki: seed.wiki }),
      reporter: seed.reporter,
      created,
      updated: created,
      comments: (seed.comments ?? []).map((comment) => {
        const at = comment.created ?? jiraDate();
        return {
          id: nextId(),
          author: comment.author,
          body: comment.body,
          ...(comment.wiki === undefined ? {} : { wiki: comment.wiki }),
          created: at,
          updated: comment.updated ?? at,
          properties: [],
        };
      }),
      remoteLinks: [],
      history: [],
    });
  }

  return {
    user: (accountId: string): JiraUser | undefined => users.get(accountId),
    users: (): JiraUser[] => [...users.values()],
    project: (issue: JiraIssue): JiraProject | undefined => projects.get(issue.key.replace(/-\d+$/, '')),
    projectOf: (key: string): JiraProject | undefined => projects.get(key),
    /** Custom fields that some issue has, by their ids. */
    fields: (): { id: string; name: string }[] => {
      const all = [...issues.values()].flatMap(({ customFields }) => Object.entries(customFields));
      return [...new Map(all.map(([id, { name }]) => [id, name]))].map(([id, name]) => ({ id, name }));
    },

    /** Finds an issue by its key, in any case, or by its id. */
    issue(keyOrId: string): JiraIssue | undefined {
      const key = moved.get(keyOrId.toUpperCase()) ?? keyOrId.toUpperCase();
      return issues.get(key) ?? [...issues.values()].find((issue) => issue.id === keyOrId);
    },

    issues: (): JiraIssue[] => [...issues.values()],

    attachment: (id: string): { issue: JiraIssue; attachment: JiraAttachment } | undefined =>
      [...issues.values()]
        .flatMap((issue) => issue.attachments.map((attachment) => ({ issue, attachment })))
        .find(({ attachment }) => attachment.id === id),

    /** Gives an issue another key; it is found by the old one too. */
    move(issue: JiraIssue, key: string): void {
      issues.delete(issue.key);
      for (const [from, to] of moved) if (to === issue.key) moved.set(from, key);
      moved.set(issue.key, key);
      Object.assign(issue, { key, updated: jiraDate() });
      issues.set(key, issue);
    },

    remove: (issue: JiraIssue): boolean => issues.delete(issue.key),

    access(accountId: string, issue: JiraIssue): Access {
      return this.accessTo(accountId, this.project(issue));
    },

    accessTo(accountId: string, project: JiraProject | undefined): Access {
      if (!project || (project.visibleTo && !project.visibleTo.includes(accountId))) return 'none';
      return project.readOnly?.includes(accountId) ? 'read' : 'write';
    },

    addComment(
      issue: JiraIssue,
      comment: Pick<JiraComment, 'author' | 'body' | 'properties' | 'wiki'>,
    ): JiraComment {
      const at = jiraDate();
      const added = { id: nextId(), ...comment, created: at, updated: at };
      issue.comments.push(added);
      issue.updated = at;
      return added;
    },

    /** `at` is when its category changed, if it did. */
    setStatus(issue: JiraIssue, status: string, at: Date): void {
      const isOther = categoryOf(issue.status) !== categoryOf(status);
      Object.assign(issue, { status, updated: jiraDate() });
      if (isOther) issue.statusCategoryChanged = jiraDate(at);
    },

    /** A link with the same global id is replaced. */
    putRemoteLink(
      issue: JiraIssue,
      author: string,
      link: Omit<RemoteLink, 'id'>,
    ): { created: boolean; link: RemoteLink } {
      issue.updated = jiraDate();
      const before = issue.remoteLinks.find(
        (one) => link.globalId !== undefined && one.globalId === link.globalId,
      );
      if (before) return { created: false, link: Object.assign(before, link) };
      const added = { id: Number(nextId()), ...link };
      issue.remoteLinks.push(added);
      issue.history.push({
        id: nextId(),
        author,
        created: issue.updated,
        field: 'RemoteIssueLink',
        from: '',
        to: `This issue links to "${link.title}"`,
      });
      return { created: true, link: added };
    },
  };
}
export type Store = ReturnType<typeof createStore>;

/** Of a status: the keys are JIRA's, whatever the language of the site. */
export function categoryOf(status: string): 'new' | 'indeterminate' | 'done' {
  return status === 'Done' ? 'done' : status === 'To Do' ? 'new' : 'indeterminate';
}

/** Now, in the form that JIRA writes: `2026-01-05T09:00:00.000+0000`. */
export function jiraDate(date = new Date()): string {
  return date.toISOString().replace('Z', '+0000');
}
