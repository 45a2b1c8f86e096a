import { expect, test } from 'vitest';
import { changedTickets } from '../../src/webhooks/jira-changes.ts';

const issue = { key: 'SHOP-42', fields: {} };

test.each([
  ['an update', { webhookEvent: 'jira:issue_updated', issue, changelog: { items: [{ field: 'summary' }] } }],
  ['an update without a changelog', { webhookEvent: 'jira:issue_updated', issue }],
  [
    'an update with a changelog of no known shape',
    { webhookEvent: 'jira:issue_updated', issue, changelog: 7 },
  ],
  ['a deletion', { webhookEvent: 'jira:issue_deleted', issue }],
  ['a comment', { webhookEvent: 'comment_created', issue, comment: { id: '1' } }],
  ['an edited comment', { webhookEvent: 'comment_updated', issue, comment: { id: '1' } }],
  ['a deleted comment', { webhookEvent: 'comment_deleted', issue }],
  ['a comment, told by the rule', { event: 'comment_created', issueKey: 'SHOP-42', commentId: '1' }],
  ['a label, told by the rule', { event: 'label_added', issueKey: 'SHOP-42', label: 'x' }],
  ['any change, told by the rule', { event: 'ticket_changed', issueKey: 'SHOP-42' }],
])('%s changes its ticket', (what, event) => {
  expect(changedTickets(JSON.stringify(event))).toEqual([
    // A new comment takes nothing back of what is known.
    { issueKey: 'SHOP-42', isAddition: what.startsWith('a comment') },
  ]);
});

test('a ticket that was moved has changed under both keys', () => {
  const items = [
    { field: 'project', fromString: 'Old shop' },
    { field: 'Key', fromString: 'OLD-7' },
  ];
  const event = { webhookEvent: 'jira:issue_updated', issue, changelog: { items } };
  expect(changedTickets(JSON.stringify(event)).map(({ issueKey }) => issueKey)).toEqual(['SHOP-42', 'OLD-7']);
});

test.each([
  ['no JSON', '{'],
  ['null', 'null'],
  ['a new ticket', JSON.stringify({ webhookEvent: 'jira:issue_created', issue })],
  ['an event without a ticket', JSON.stringify({ webhookEvent: 'jira:issue_updated' })],
  ['a key that is none', JSON.stringify({ webhookEvent: 'jira:issue_updated', issue: { key: '*' } })],
  ['a key with a colon', JSON.stringify({ event: 'ticket_changed', issueKey: 'acme:SHOP-42' })],
])('%s changes nothing', (_what, body) => {
  expect(changedTickets(body)).toEqual([]);
});
