import { toWiki } from './adf.ts';
import {
  categoryOf,
  type IssueLink,
  type JiraAttachment,
  type JiraComment,
  type JiraIssue,
  type JiraUser,
  type RemoteLink,
  type Store,
} from './store.ts';

/** JSON of a resource, as REST v3 shows it. */
type Shown = Record<string, unknown>;

/**
 * How the simulated JIRA writes its resources. E-mails are left out, as most profiles hide them. Version 2 is Server's:
 * wiki markup instead of documents, user names instead of account ids.
 */
export function createFormat(url: string, store: Store, mostEmbedded: number, version: 2 | 3) {
  const api = `${url}/rest/api/${version}`;

  function user(accountId: string): Shown {
    const found = store.user(accountId);
    return found ? shownUser(found) : { accountId, displayName: 'Former user', active: false };
  }

  function shownUser({ accountId, accountType, displayName }: JiraUser): Shown {
    if (version === 2) {
      const self = `${api}/user?username=${encodeURIComponent(accountId)}`;
      return {
        self,
        name: accountId,
        key: accountId,
        displayName,
        active: true,
        timeZone: 'Etc/UTC',
        avatarUrls: {},
      };
    }
    return {
      self: `${api}/user?accountId=${encodeURIComponent(accountId)}`,
      accountId,
      accountType: accountType ?? 'atlassian',
      displayName,
      active: true,
      timeZone: 'Etc/UTC',
      avatarUrls: {},
    };
  }

  function comment(issue: JiraIssue, one: JiraComment, withProperties = false): Shown {
    return {
      self: `${api}/issue/${issue.id}/comment/${one.id}`,
      id: one.id,
      author: user(one.author),
      body: version === 2 ? (one.wiki ?? toWiki(one.body)) : one.body,
      updateAuthor: user(one.author),
      created: one.created,
      updated: one.updated,
      jsdPublic: true,
      ...(withProperties ? { properties: one.properties } : {}),
    };
  }

  function named(kind: string, name: string): Shown {
    return { self: `${api}/${kind}/${encodeURIComponent(name)}`, id: String(name.length), name };
  }

  /** A ticket as others show it. */
  function other(issue: JiraIssue): Shown {
    const { summary, status, priority, issuetype } = fieldsOfOther(issue);
    return {
      id: issue.id,
      key: issue.key,
      self: `${api}/issue/${issue.id}`,
      fields: { summary, status, priority, issuetype },
    };
  }

  function fieldsOfOther(issue: JiraIssue) {
    const category = categoryOf(issue.status);
    return {
      summary: issue.summary,
      status: { ...named('status', issue.status), statusCategory: { key: category, name: issue.status } },
      priority: named('priority', issue.priority),
      issuetype: {
        ...named('issuetype', issue.type),
        subtask: issue.parent !== undefined,
        hierarchyLevel: 0,
      },
    };
  }

  /** Both ends of a link have it; each names the other one. */
  function links(issue: JiraIssue): Shown[] {
    const shown = (from: JiraIssue, link: IssueLink, index: number, far: JiraIssue, isFrom: boolean) => ({
      id: `${from.id}${index}`,
      self: `${api}/issueLink/${from.id}${index}`,
      type: {
        id: '10000',
        name: link.relation,
        outward: link.relation,
        inward: link.back,
        self: `${api}/issueLinkType/10000`,
      },
      ...(isFrom ? { outwardIssue: other(far) } : { inwardIssue: other(far) }),
    });
    return store.issues().flatMap((from) =>
      from.links.flatMap((link, index) => {
        const to = store.issue(link.to);
        if (!to) return [];
        if (from === issue) return [shown(from, link, index, to, true)];
        return to === issue ? [shown(from, link, index, from, false)] : [];
      }),
    );
  }

  function attachment(one: JiraAttachment): Shown {
    return {
      self: `${api}/attachment/${one.id}`,
      id: one.id,
      filename: one.name,
      author: user(one.author),
      created: one.created,
      size: one.size ?? one.content.byteLength,
      mimeType: one.mimeType,
      content:
        version === 2
          ? `${url}/secure/attachment/${one.id}/${encodeURIComponent(one.name)}`
          : `${api}/attachment/content/${one.id}`,
    };
  }

  function fields(issue: JiraIssue): Shown {
    const project = store.project(issue);
    const category = categoryOf(issue.status);
    const description = issue.wiki ?? (issue.description === null ? null : toWiki(issue.description));
    const parent = issue.parent === undefined ? undefined : store.issue(issue.parent);
    return {
      summary: issue.summary,
      description: version === 2 ? description : issue.description,
      status: { ...named('status', issue.status), statusCategory: { key: category, name: issue.status } },
      statuscategorychangedate: issue.statusCategoryChanged,
      resolutiondate: category === 'done' ? issue.statusCategoryChanged : null,
      issuetype: { ...named('issuetype', issue.type), subtask: false, hierarchyLevel: 0 },
      priority: named('priority', issue.priority),
      labels: issue.labels,
      project: {
        self: `${api}/project/${project?.key}`,
        id: project?.key,
        key: project?.key,
        name: project?.name,
      },
      reporter: user(issue.reporter),
      creator: user(issue.reporter),
      assignee: null,
      components: issue.components.map((name) => named('component', name)),
      fixVersions: issue.fixVersions.map((name) => ({
        ...named('version', name),
        archived: false,
        released: false,
      })),
      issuelinks: links(issue),
      subtasks: store
        .issues()
        .filter((one) => one.parent === issue.key)
        .map(other),
      ...(parent ? { parent: other(parent) } : {}),
      attachment: issue.attachments.map(attachment),
      ...Object.fromEntries(Object.entries(issue.customFields).map(([id, { value }]) => [id, value])),
      created: issue.created,
      updated: issue.updated,
      comment: {
        self: `${api}/issue/${issue.id}/comment`,
        comments: issue.comments.slice(0, mostEmbedded).map((one) => comment(issue, one)),
        startAt: 0,
        maxResults: Math.min(issue.comments.length, mostEmbedded),
        total: issue.comments.length,
      },
    };
  }

  /** What people call the fields that are shown. */
  function fieldNames(issue: JiraIssue, shown: [string, unknown][]): Record<string, string> {
    return Object.fromEntries(shown.map(([id]) => [id, issue.customFields[id]?.name ?? id]));
  }

  return {
    user,
    myself: (account: JiraUser): Shown => ({
      ...shownUser(account),
      emailAddress: account.email,
      locale: 'en_US',
    }),
    comment,

    /** `fields` as the query parameter says it: names, `*all`, `*navigable`, `-name`; everything when absent. */
    issue(issue: JiraIssue, wanted?: string, withNames = false): Shown {
      const names = (wanted ?? '')
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '');
      const left = names.filter((name) => name.startsWith('-')).map((name) => name.slice(1));
      const chosen = names.filter((name) => !name.startsWith('-'));
      const all = chosen.length === 0 || chosen.some((name) => name.startsWith('*'));
      const shown = Object.entries(fields(issue)).filter(
        ([name]) => (all || chosen.includes(name)) && !left.includes(name),
      );
      return {
        expand: 'renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations',
        id: issue.id,
        self: `${api}/issue/${issue.id}`,
        key: issue.key,
        fields: Object.fromEntries(shown),
        ...(withNames ? { names: fieldNames(issue, shown) } : {}),
      };
    },

    /** Newest first, as `expand=changelog` has it. */
    changelog: (issue: JiraIssue): Shown => ({
      startAt: 0,
      maxResults: issue.history.length,
      total: issue.history.length,
      histories: issue.history.toReversed().map((change) => ({
        id: change.id,
        author: user(change.author),
        created: change.created,
        items: [
          {
            field: change.field,
            fieldtype: 'jira',
            ...(change.field === 'labels' ? { fieldId: 'labels' } : {}),
            from: null,
            fromString: change.from,
            to: null,
            toString: change.to,
          },
        ],
      })),
    }),

    remoteLink: (issue: JiraIssue, link: RemoteLink): Shown => ({
      id: link.id,
      self: `${api}/issue/${issue.key}/remotelink/${link.id}`,
      ...(link.globalId ? { globalId: link.globalId } : {}),
      ...(link.relationship ? { relationship: link.relationship } : {}),
      object: { url: link.url, title: link.title },
    }),
  };
}
export type Format = ReturnType<typeof createFormat>;
