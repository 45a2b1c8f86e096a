import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { defaultAllowedTools } from '../../action/inputs.ts';
import { run } from '../../action/run.ts';
import { startModel } from '../../demo/model/server.ts';
import { realClaude } from '../fakes/real-claude.ts';
import { createWorld, type World } from './world.ts';

const fixture = fileURLToPath(new URL('../mcp/fixture-server.mjs', import.meta.url));

let world: World;
let calls: string;
beforeEach(async () => {
  world = await createWorld();
  calls = join(world.directory, 'calls');
});
afterEach(() => world[Symbol.asyncDispose]());

const notes = (more: Record<string, unknown> = {}) => ({
  notes: { command: process.execPath, args: [fixture], env: { CALLS: calls }, ...more },
});

async function configure(content: unknown, branch = 'main', from = branch): Promise<void> {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  await world.repository.commit(branch, { '.mcp.json': text }, from);
}

async function runWith(
  rules: string[],
  asked: { name: string; input: Record<string, unknown> }[],
  more: Record<string, string> = {},
) {
  const model = await startModel({
    tasks: [{ match: /look/, needs: [], calls: asked, edits: [], run: [], answer: 'Looked.' }],
    apiKey: 'sk-ant-key-0123456789',
  });
  try {
    const options = world.options({
      instruction: 'look',
      inputs: {
        'claude-path': realClaude,
        'anthropic-api-key': 'sk-ant-key-0123456789',
        'anthropic-base-url': model.url,
        model: 'claude-sonnet-4-5',
        'allowed-tools': [...defaultAllowedTools, ...rules].join('\n'),
        ...more,
      },
    });
    const ended = await run(options);
    if (ended.outcome !== 'ended') throw new Error(ended.outcome);
    return { report: ended.report, said: JSON.stringify(model.requests.at(-1)?.body.messages) };
  } finally {
    await model.close();
  }
}

const ticket = {
  // Long before the cache of a run would drop it: the app has checked since that it holds.
  fetchedAt: '2026-01-05T09:00:00.000Z',
  tickets: [
    {
      key: 'DXTR-1',
      markdown: '# DXTR-1: Coupons\n\nTake a percentage off.',
      updated: '2026-01-05T09:00:00.000Z',
      comments: [
        { id: '7', author: 'Maria', createdAt: '2026-01-05T09:00:00.000Z', markdown: 'Mind the rounding.' },
      ],
      attachments: [],
    },
  ],
};

it('puts the cache in front of the servers of the base branch, and tells in the report what it saved', async () => {
  await configure({ mcpServers: { ...notes(), other: { command: 'never-started' } } });
  const read = { name: 'mcp__notes__read', input: { key: 'DX-1' } };
  const { report, said } = await runWith(['mcp__notes'], [read, read]);
  expect(said).toContain('answer 1');
  expect(said).not.toContain('answer 2');
  expect(report).toMatchObject({
    outcome: 'done',
    summary: 'Looked.',
    denials: [],
    notices: [],
    mcp: [
      {
        server: 'notes',
        calls: 2,
        savedCalls: 1,
        items: 1,
        bytes: expect.any(Number),
        reads: { count: 2, sum: expect.any(Number), buckets: expect.any(Array) },
        writes: { count: 1 },
      },
    ],
  });
  expect(await readFile(calls, 'utf8')).toMatch(/^read \{"key":"DX-1"\}$/m);
});

it('answers the first question about the ticket without asking anybody', async () => {
  await configure({ mcpServers: notes({ env: { CALLS: calls, TOOLS: 'jira_get_issue' } }) });
  world.forge.snapshot = ticket;
  const get = { name: 'mcp__notes__jira_get_issue', input: { issue_key: 'DXTR-1', comment_limit: 5 } };
  const { report, said } = await runWith(['mcp__notes__jira_get_issue'], [get]);
  expect(said).toContain('Take a percentage off.');
  expect(said).toContain('Mind the rounding.');
  expect(report.mcp).toMatchObject([{ server: 'notes', calls: 1, savedCalls: 1 }]);
  expect(await readFile(calls, 'utf8')).not.toContain('jira_get_issue');
});

it('brings a server of its own that answers from the ticket of the job', async () => {
  world.forge.snapshot = ticket;
  const get = { name: 'mcp__dexter-jira__get_comments', input: { key: 'DXTR-1' } };
  const { report, said } = await runWith(['mcp__dexter-jira'], [get]);
  expect(said).toContain('Mind the rounding.');
  expect(report).toMatchObject({ outcome: 'done', denials: [], notices: [] });
});

it('hands out an attachment that was fetched for the run', async () => {
  const attachment = { id: '9', name: 'shop.log', mimeType: 'text/plain', bytes: 9 };
  const [first] = ticket.tickets;
  world.forge.snapshot = { ...ticket, tickets: [{ ...first, attachments: [attachment] } as never] };
  world.forge.attachments = [
    {
      ...attachment,
      fileName: 'shop.log',
      createdAt: '2026-01-05T09:00:00Z',
      author: 'Maria',
      content: 'late: 503',
    },
  ];
  const get = { name: 'mcp__dexter-jira__get_attachment', input: { key: 'DXTR-1', id: '9' } };
  const { said } = await runWith(['mcp__dexter-jira'], [get]);
  expect(said).toContain('late: 503');
});

it('starts its own server also where there is no ticket', async () => {
  const get = { name: 'mcp__dexter-jira__get_ticket', input: { key: 'DXTR-1' } };
  const { report, said } = await runWith(['mcp__dexter-jira'], [get]);
  expect(said).toContain('DXTR-1 is not in the snapshot');
  expect(report.notices).toEqual([]);
});

it('keeps no answer of a tool that changes by itself', async () => {
  await configure({ mcpServers: notes() });
  const read = { name: 'mcp__notes__read', input: { key: 'DX-1' } };
  const { report } = await runWith(['mcp__notes'], [read, read], { 'mcp-not-cached': 'mcp__notes__read' });
  expect(report.mcp).toMatchObject([{ server: 'notes', calls: 0, savedCalls: 0 }]);
  expect((await readFile(calls, 'utf8')).match(/^read/gm)).toHaveLength(2);
});

it('asks for no ticket and starts nothing where no rule names a server', async () => {
  await configure({ mcpServers: notes() });
  const { report } = await runWith([], []);
  expect(report).toMatchObject({ outcome: 'done', notices: [] });
  expect(report.mcp).toBeUndefined();
  expect(world.forge.claims.at(-1)?.wantsSnapshot).toBe(false);
  await expect(readFile(calls)).rejects.toThrow();
});

it('says of a server that does not start that its tools were not there', async () => {
  await configure({ mcpServers: { notes: { command: 'no-such-program' } } });
  const { report } = await runWith(['mcp__notes'], []);
  expect(report).toMatchObject({
    outcome: 'done',
    notices: ['The MCP server `notes` could not be used: its tools were not there.'],
  });
});

it('does not believe the branch that is worked on', async () => {
  await configure({ mcpServers: notes() }, 'dexter/DXTR-1-coupons', 'main');
  const { report } = await runWith(['mcp__notes'], []);
  expect(report).toMatchObject({
    outcome: 'failed',
    problem: {
      code: 'input-invalid',
      message: '`allowed-tools` names MCP servers that `.mcp.json` of `main` does not have: `mcp__notes`.',
    },
  });
});

it.each([
  ['{"mcpServers": [', /`main` cannot be used: it is not JSON/],
  ['{}', /it has no object `mcpServers`/],
  ['{"mcpServers": {"dexter-jira": {}}}', /is the name of Dexter's own server/],
  [JSON.stringify({ mcpServers: {}, filler: 'x'.repeat(1_000_001) }), /it is too large/],
])('refuses a configuration that is none', async (content, message) => {
  await configure(content);
  const { report } = await runWith(['mcp__notes'], []);
  expect(report.problem).toMatchObject({ code: 'input-invalid', message: expect.stringMatching(message) });
  expect(report.problem?.message).not.toContain('mcpServers": [');
});
