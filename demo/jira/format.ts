import {
  categoryOf,
  type JiraComment,
  type JiraIssue,
  type JiraUser,
  type RemoteLink,
  type Store,
} from './store.ts';

/** JSON of a resource, as REST v3 shows it. */
type Shown = Record<string, unknown>;

/** How the simulated JIRA writes its resources. E-mails are left out, as most profiles hide them. */
export function createFormat(url: string, store: Store) {
  const api = `${url}/rest/api/3`;

  function user(accountId: string): Shown {
    const found = store.user(accountId);
    return found ? shownUser(found) : { accountId, displayName: 'Former user', active: false };
  }

  function shownUser({ accountId, accountType, displayName }: JiraUser): Shown {
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
      body: one.body,
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

  function fields(issue: JiraIssue): Shown {
    const project = store.project(issue);
    const category = categoryOf(issue.status);
    return {
      summary: issue.summary,
      description: issue.description,
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
      components: [],
      issuelinks: [],
      subtasks: [],
      attachment: [],
      created: issue.created,
      updated: issue.updated,
      comment: {
        self: `${api}/issue/${issue.id}/comment`,
        comments: issue.comments.map((one) => comment(issue, one)),
        startAt: 0,
        maxResults: issue.comments.length,
        total: issue.comments.length,
      },
    };
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
    issue(issue: JiraIssue, wanted?: string): Shown {
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
            field: 'labels',
            fieldtype: 'jira',
            fieldId: 'labels',
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
      object: { url: link.url, title: link.title },
    }),
  };
}
export type Format = ReturnType<typeof createFormat>;
