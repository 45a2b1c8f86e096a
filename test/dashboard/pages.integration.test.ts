import { randomUUID } from 'node:crypto';
import { parseHTML } from 'linkedom';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Origin } from '../../src/core/command.ts';
import { IssueKey } from '../../src/core/issue-key.ts';
import type { Job } from '../../src/core/job.ts';
import type { Report } from '../../src/core/report.ts';
import type { Scope } from '../../src/core/viewer.ts';
import { formTokens } from '../../src/dashboard/actions/form-tokens.ts';
import { dashboardRoutes } from '../../src/dashboard/routes.ts';
import type { Services } from '../../src/jobs/services.ts';
import { endCommand, insertCommand, moveCommand } from '../../src/ledger/commands.ts';
import { keepRunCost } from '../../src/ledger/costs.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { claimRun, insertRun, keepProgress, keepReport, keepRunReference } from '../../src/ledger/runs.ts';
import { keepGeneration, keepPullRequest, noteUse } from '../../src/ledger/sessions.ts';

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</pre></details><iframe src=javascript:alert(1)>',
  '&lt;b&gt; {{7*7}}',
  'right-to-left \u202e gnp.exe \u2066 isolate \u200b zero \u0007 bell \u001b[31m',
].join(' ');
const script = 'javascript:alert(1)';

const shop = { id: 7, owner: 'acme', name: `shop"><b>` };
const other = { id: 8, owner: 'umbrella', name: 'secret' };
const issueKey = IssueKey.parse('SHOP-42');

let database: Database;
let commandId: string;
let openId: string;
let otherId: string;
let homelessId: string;

beforeAll(async () => {
  database = await openDatabase({ directory: 'memory://' });
  commandId = await ended();
  openId = await command({ status: 'queued' });
  otherId = await command({ repository: other });
  homelessId = await command({ repository: null });
});

afterAll(() => database?.close());

async function command({
  repository = shop,
  status = 'queued',
}: {
  repository?: typeof shop | null;
  status?: 'queued' | 'running';
}): Promise<string> {
  const id = randomUUID();
  const origin: Origin = { kind: 'jira-comment', connection: 'acme', issueKey, commentId: '1' };
  await insertCommand(database.kysely, {
    id,
    dedupeKey: id,
    origin,
    actor: { from: 'jira', accountId: '1', displayName: hostile },
    issueKey,
    queueKey: issueKey,
    installationId: 5,
    ...(repository ? { repository } : {}),
    claimedText: hostile,
    ask: { kind: 'instruction', instruction: `${hostile}\n${'very long '.repeat(2_000)}`, flags: {} },
  });
  if (status === 'running') await moveCommand(database.kysely, id, 'running');
  return id;
}

/** A command of which everything that strangers can say is hostile. */
async function ended(): Promise<string> {
  const { kysely } = database;
  const id = await command({ status: 'running' });
  const job: Job = {
    commandId: id,
    issueKey,
    instruction: hostile,
    context: 'claim:',
    session: { installationId: 5, repositoryId: shop.id, mode: 'resume', generation: 1, model: hostile },
    target: { branch: hostile, base: '', title: hostile, ticketUrl: script, requestedBy: hostile },
    appUrl: '',
  };
  await insertRun(kysely, id, job, {
    kept: {
      text: hostile,
      delta: { from: 'x', markdown: `news ${hostile}`, isRewritten: false, isWhole: true },
      full: hostile.repeat(100),
      attachments: [],
      seen: { fields: {}, comments: {} } as never,
    },
  });
  await keepRunReference(kysely, id, { id: hostile, url: script });
  await claimRun(kysely, id, { claimant: randomUUID(), runUrl: script });
  await keepProgress(kysely, id, 1, { step: hostile, turns: 1, lines: [hostile], costUsd: 0.01 });
  const report: Report = {
    outcome: 'failed',
    summary: hostile,
    engine: 'claude-code',
    problem: { code: 'engine-failed', message: hostile, hint: hostile },
    session: {
      id: randomUUID(),
      mode: 'resume',
      generation: 2,
      bytes: 1_000,
      contextTokens: 20_000,
      engineVersion: hostile,
      model: hostile,
      resumption: {
        choice: 'warm',
        reason: hostile,
        expectedUsd: { warm: 0.05, compacted: null, fresh: 0.2 },
        expectedCacheRead: 18_000,
      },
      canary: { expectedCacheRead: 18_000, cacheRead: 12, cause: 'tools' },
    },
    saving: {
      baseline: 'cold-start',
      baselineCostUsd: 0.3,
      baselineTokens: 90_000,
      goingOnCostUsd: 0.06,
      method: hostile,
      estimatedTokensSaved: 60_000,
      estimatedCostSaved: 0.19,
    },
    usage: {
      inputTokens: 10,
      cacheReadTokens: 20_000,
      cacheWriteTokens: 3_000,
      cacheWriteHourTokens: 1_000,
      outputTokens: 500,
    },
    costUsd: 0.11,
    turns: 7,
    durationMs: 72_000,
    commits: [{ sha: 'a'.repeat(40), title: hostile }],
    pullRequest: { number: 7, url: script, branch: hostile },
    denials: [hostile],
    mcp: [{ server: hostile.slice(0, 200), calls: 3, savedCalls: 2 }],
    notices: [hostile],
  };
  await keepReport(kysely, id, 1, report);
  await endCommand(kysely, id, {
    status: 'failed',
    problem: { code: 'engine-failed', message: hostile, hint: hostile },
    answer: hostile,
  });
  const row = await kysely.selectFrom('commands').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  await keepRunCost(kysely, row, job, report);
  const ref = { installationId: 5, repositoryId: shop.id, issueKey };
  await noteUse(kysely, ref, shop);
  await keepGeneration(kysely, ref, {
    generation: 2,
    sessionId: randomUUID(),
    commandId: id,
    bytes: 1_234_567,
    contextTokens: 20_000,
  });
  await keepPullRequest(kysely, shop.id, issueKey, { number: 9, url: script, branch: hostile });
  return id;
}

function app(scope: Scope = [shop.id]) {
  const services: Partial<Services> = {
    db: database.kysely,
    log: pino({ level: 'silent' }),
    retention: { afterCloseDays: 7, maxAgeDays: 30 },
  };
  return dashboardRoutes({
    services: services as Services,
    formTokens: formTokens('secret'),
    changes: { listen: () => undefined, stop: async () => undefined },
    viewerOf: async () => ({ name: 'maria', scope, isAdministrator: scope === 'all' }),
  });
}

async function get(path: string, scope?: Scope) {
  const response = await app(scope).request(path, { headers: { accept: 'text/html' } });
  const page = await response.text();
  return { status: response.status, page, document: parseHTML(page).document };
}

const text = (document: { body: { textContent: string | null } }) =>
  (document.body.textContent ?? '').replaceAll(/\s+/g, ' ');

const shown = (path: string) => path.replace('ID', commandId).replace('OPEN', openId);

describe('every page', () => {
  const paths = [
    '/commands',
    '/commands?q=script',
    '/commands?person=%22%3E%3Cscript%3E',
    `/commands?status=%3Cscript%3E`,
    '/commands/ID',
    '/commands/OPEN',
    `/issues/${shop.id}/${issueKey}`,
    '/sessions',
    `/sessions?after=%22%3E%3Cscript%3E`,
  ];

  it.each(paths)('shows what strangers wrote as text: %s', async (path) => {
    const { page, document } = await get(shown(path));
    const own = document.querySelectorAll('script');
    expect([...own].map((element) => element.getAttribute('src'))).toEqual(
      own.length === 0 ? [] : [expect.stringMatching(/^\/assets\/[\w.]+\.js$/)],
    );
    expect(document.querySelectorAll('img, iframe, b, object, embed, base, [style]').length).toBe(0);
    for (const element of document.querySelectorAll('*')) {
      for (const { name } of element.attributes) expect(name).not.toMatch(/^on/);
    }
    for (const link of document.querySelectorAll('a')) {
      expect(link.getAttribute('href')).toMatch(/^(?:\/(?!\/)|https?:\/\/|#)/);
    }
    expect(page).not.toMatch(/(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069\u200b]/u);
    // Everything that was opened was closed: the foot of the page is where it belongs.
    expect(document.querySelector('body > footer')).not.toBeNull();
  });

  it.each(['/commands/ID', `/issues/${shop.id}/SHOP-42`])(
    'is not there for another tenant: %s',
    async (path) => {
      expect((await get(shown(path))).status).toBe(200);
      for (const scope of [[other.id], [], [shop.id + 1_000]]) {
        const { status, page } = await get(shown(path), scope);
        expect(status).toBe(404);
        expect(page).not.toContain('acme');
      }
    },
  );

  it('lists what is seen alone', async () => {
    for (const path of [
      '/commands',
      '/commands?q=SHOP-42',
      `/commands?repository=${other.id}`,
      '/sessions',
    ]) {
      const { status, page } = await get(path);
      expect(status).toBe(200);
      expect(page).not.toContain(otherId);
      expect(page).not.toContain(homelessId);
      expect(page).not.toContain('umbrella');
    }
    expect((await get('/commands', [other.id])).page).toContain(otherId);
    const all = await get('/commands', 'all');
    expect(all.page).toContain(homelessId);
    expect((await get(`/commands/${homelessId}`)).status).toBe(404);
    expect((await get(`/commands/${homelessId}`, 'all')).status).toBe(200);
  });
});

describe('one command', () => {
  it('tells its way, its prompt, its choice, its cost and what came of it', async () => {
    const { document } = await get(`/commands/${commandId}`);
    const all = text(document);
    for (const part of [
      'Received',
      'Claimed by a runner',
      'Ended: failed',
      'News since the last run',
      'The conversation so far',
      'The whole conversation (chosen)',
      '$0.05',
      '$0.06',
      'Only 12 of 18,000 tokens',
      'the likely cause: tools',
      'Written to it for 1 hour1,000',
      '⟨U+202E⟩',
      '#9',
    ]) {
      expect(all).toContain(part);
    }
    expect(document.querySelectorAll('details pre').length).toBeGreaterThan(1);
  });

  it('is brought up to date while it has no end', async () => {
    const { document } = await get(`/commands/${openId}`);
    expect(document.querySelector('#timeline[data-live]')).not.toBeNull();
    expect(text(document)).toContain('Waits for its turn');
    // All of what was asked can be read, folded.
    expect(document.querySelector('details pre')?.textContent?.length).toBeGreaterThan(20_000);
  });

  it.each(['x', '1', "'; drop table commands --", '..%2f..', randomUUID()])(
    'is not there as %s',
    async (id) => {
      expect((await get(`/commands/${encodeURIComponent(id)}`)).status).toBe(404);
    },
  );
});

describe('the list of commands', () => {
  it.each([
    ['status=nope', '`status` has to be one of open, done'],
    ['source=nope', '`source` has to be one of'],
    ['repository=x', '`repository` has to be the number of a repository'],
    ['repository=1e9', '`repository` has to be'],
    ['after=nope', '`after` has to be what a link of this list says: open the list anew'],
    ['after=MTIzL25vcGU', '`after` has to be'],
    ['foo=1', 'There is no filter `foo`'],
    ['q=a&q=b', '`q` is there more than once'],
    [`q=${'x'.repeat(201)}`, '`q` has to be at most 200 characters'],
    ['person=a%00b', '`person` has to be text without control characters'],
  ])('refuses %s', async (query, problem) => {
    const { status, document } = await get(`/commands?${query}`);
    expect(status).toBe(400);
    expect(text(document)).toContain(problem);
  });

  it('takes an empty form, and keeps what was filled in', async () => {
    const { status, document } = await get('/commands?status=failed&source=&repository=7&person=&q=Alert%22');
    expect(status).toBe(200);
    expect(document.querySelector('#q')?.getAttribute('value')).toBe('Alert"');
    expect(document.querySelector('#status option[selected]')?.getAttribute('value')).toBe('failed');
    expect(document.querySelector('#repository option[selected]')?.textContent).toBe('acme/shop"><b>');
    expect(document.querySelectorAll('#commands tbody tr').length).toBe(1);
  });
});

describe('an issue', () => {
  it('tells its generations, its cost and what belongs to it', async () => {
    const { document } = await get(`/issues/${shop.id}/${issueKey}`);
    const all = text(document);
    expect(all).toContain('1.2 MB');
    expect(all).toContain('resumed, warm');
    expect(all).toContain('$0.11');
    expect(document.querySelectorAll('#commands tbody tr').length).toBe(2);
  });

  it('says which generations its store keeps no more, and sessions count the others', async () => {
    const dropping = (dropped: boolean) =>
      database.kysely
        .updateTable('generations')
        .set({ dropped })
        .where('repository_id', '=', shop.id)
        .where('issue_key', '=', issueKey)
        .execute();
    const kept = async () => (await get('/sessions')).document.querySelector('#sessions tbody')?.textContent;
    const before = await kept();
    await dropping(true);
    try {
      expect(text((await get(`/issues/${shop.id}/${issueKey}`)).document)).toContain('removed since');
      expect(await kept()).not.toBe(before);
    } finally {
      await dropping(false);
    }
    expect(text((await get(`/issues/${shop.id}/${issueKey}`)).document)).not.toContain('removed since');
    expect(await kept()).toBe(before);
  });

  it.each(['/issues/x/SHOP-42', '/issues/7/NOPE-1', '/issues/0/SHOP-42', '/issues/7/%00'])(
    'is not there: %s',
    async (path) => {
      expect((await get(path, 'all')).status).toBe(404);
    },
  );
});

it('shows the sessions with their sizes and when they are forgotten', async () => {
  const { document } = await get('/sessions');
  const all = text(document);
  expect(all).toContain('1.2 MB');
  expect(all).toContain('30 days after it was used last; 7 days after its issue was closed');
  expect(document.querySelectorAll('#sessions tbody tr').length).toBe(1);
});
