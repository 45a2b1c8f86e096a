import type { JiraComment, JiraTicket } from '../../src/jira/ticket.ts';

/** A ticket that has nothing but a title and a description. */
export function jiraTicket(changes: Partial<JiraTicket> = {}): JiraTicket {
  return {
    key: 'DX-1',
    url: 'https://acme.example/browse/DX-1',
    summary: 'Coupons',
    description: 'Add coupons.',
    status: 'To Do',
    type: 'Story',
    priority: '',
    labels: [],
    components: [],
    fixVersions: [],
    subtasks: [],
    linkedIssues: [],
    comments: [],
    olderComments: 0,
    attachments: [],
    remoteLinks: [],
    updatedAt: '2026-01-01T00:00:00.000Z',
    invisible: 0,
    ...changes,
  };
}

export function jiraComment(changes: Partial<JiraComment> = {}): JiraComment {
  return {
    id: '1',
    text: 'Which ones?',
    author: { accountId: 'a', displayName: 'Maria' },
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:00:00Z',
    edited: false,
    invisible: 0,
    ...changes,
  };
}
