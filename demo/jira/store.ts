import type { AdfDocument } from './adf.ts';

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
  created: string;
  updated: string;
  properties: { key: string; value: unknown }[];
};

export type JiraIssue = {
  id: string;
  key: string;
  summary: string;
  description: AdfDocument | null;
  status: string;
  /** When the category of its status (new, indeterminate, done) changed last. */
  statusCategoryChanged: string;
  type: string;
  priority: string;
  labels: string[];
  reporter: string;
  created: string;
  updated: string;
  comments: JiraComment[];
  remoteLinks: RemoteLink[];
  /** Changes of the labels, oldest first. */
  history: LabelChange[];
};

export type LabelChange = { id: string; author: string; created: string; from: string; to: string };

export type RemoteLink = { id: number; globalId?: string; url: string; title: string };

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
  comments?: { author: string; body: AdfDocument; created?: string }[];
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
      reporter: seed.reporter,
      created,
      updated: created,
      comments: (seed.comments ?? []).map((comment) => {
        const at = comment.created ?? jiraDate();
        return {
          id: nextId(),
          author: comment.author,
          body: comment.body,
          created: at,
          updated: at,
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

    /** Finds an issue by its key, in any case, or by its id. */
    issue(keyOrId: string): JiraIssue | undefined {
      return issues.get(keyOrId.toUpperCase()) ?? [...issues.values()].find((issue) => issue.id === keyOrId);
    },

    access(accountId: string, issue: JiraIssue): Access {
      const project = this.project(issue);
      if (!project || (project.visibleTo && !project.visibleTo.includes(accountId))) return 'none';
      return project.readOnly?.includes(accountId) ? 'read' : 'write';
    },

    addComment(issue: JiraIssue, comment: Pick<JiraComment, 'author' | 'body' | 'properties'>): JiraComment {
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
    putRemoteLink(issue: JiraIssue, link: Omit<RemoteLink, 'id'>): { created: boolean; link: RemoteLink } {
      const before = issue.remoteLinks.find(
        (one) => link.globalId !== undefined && one.globalId === link.globalId,
      );
      if (before) return { created: false, link: Object.assign(before, link) };
      const added = { id: Number(nextId()), ...link };
      issue.remoteLinks.push(added);
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
