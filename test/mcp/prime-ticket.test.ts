import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { primeFrom } from '../../src/mcp/prime-file.ts';
import { primeTicket, ticketToolNames } from '../../src/mcp/prime-ticket.ts';
import { responseCache } from '../../src/mcp/response-cache.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const fetchedAt = '2026-01-05T09:00:00.000Z';
const snapshot = {
  fetchedAt,
  tickets: [
    {
      key: 'DX-1',
      markdown: '# DX-1: Coupons',
      updated: '',
      comments: [{ id: '1', author: 'Maria', createdAt: '', markdown: 'Mind the rounding.' }],
      attachments: [],
    },
  ],
};

async function primed(name: string, more: Partial<typeof snapshot> = {}) {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'prime.json');
  await writeFile(
    path,
    JSON.stringify(primeTicket(['jira', 'rovo'], { ...snapshot, ...more }, new Date().toISOString())),
  );
  const cache = responseCache({ ttlMs: 60_000, maxEntries: 100, maxBytes: 1e6 }, () => undefined);
  const found = await primeFrom(path, { name, identity: 'identity' }, cache);
  if (found.outcome !== 'primed') throw new Error(found.problem);
  return { cache, ...found };
}

it('knows the ticket as each tool that reads one is asked for it', async () => {
  const { cache, entries, keyOf } = await primed('jira');
  expect(entries).toBe(ticketToolNames.length);
  for (const [tool, args] of [
    ['jira_get_issue', { issue_key: 'DX-1' }],
    ['jira_get_issue', { comment_limit: 10, issue_key: 'DX-1' }],
    ['getJiraIssue', { cloudId: 'x', issueIdOrKey: 'DX-1' }],
  ] as const) {
    const key = keyOf(tool, args) ?? '';
    expect(cache.holds(key)).toBe(true);
    const { content } = JSON.parse(cache.get(key)?.resultJson ?? '{}');
    expect(content[0].text).toContain('# DX-1: Coupons');
    expect(content[0].text).toContain('Mind the rounding.');
  }
});

it.each([
  ['jira_get_issue', { issue_key: 'DX-2' }],
  ['jira_get_issue', { issue_key: 'DX-1', expand: 'changelog' }],
  ['jira_get_issue', {}],
  ['jira_search', { issue_key: 'DX-1' }],
])('does not pretend to know %s of %j', async (tool, args) => {
  const { keyOf } = await primed('jira');
  expect(keyOf(tool, args)).toBeUndefined();
});

it('gives a server only what is known for it', async () => {
  const { entries, keyOf } = await primed('another');
  expect(entries).toBe(0);
  expect(keyOf('jira_get_issue', { issue_key: 'DX-1' })).toBeUndefined();
});

it('leaves a long ticket to the server', async () => {
  const [ticket] = snapshot.tickets;
  if (!ticket) throw new Error('no ticket');
  const { entries } = await primed('jira', { tickets: [{ ...ticket, markdown: 'x'.repeat(50_000) }] });
  expect(entries).toBe(0);
});
