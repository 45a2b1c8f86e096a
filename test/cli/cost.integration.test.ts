import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { showCost, showCosts } from '../../src/cli/show-cost.ts';
import { insertCommand } from '../../src/ledger/commands.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { factsOfLedger } from '../../src/ledger/facts.ts';
import { costMethod } from '../../src/report/issue-cost.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { dexterIn } from './dexter-process.ts';
import { fakeTerminal } from './fake-terminal.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let database: Database;
const shop = { id: 7, owner: 'acme', name: 'shop' };
const env = () => ({ DEXTER_DATA: directory.path });

beforeAll(async () => {
  directory = await temporaryDirectory();
  database = await openDatabase({ directory: 'memory://' });
  await fill(database);
});

afterAll(async () => {
  await database?.close();
  await directory.remove();
});

async function fill(empty: Database): Promise<void> {
  const cost = (endedAt: string, of: Cost) => addCost(empty, endedAt, of);
  await cost('2026-05-04T03:02:01Z', { usd: 0.89, saved: -0.02, choice: 'fresh' });
  await cost('2026-05-05T13:00:00Z', { usd: 0.12, saved: 0.29, choice: 'compacted', login: 'rob\u001b[31m' });
  await cost('2026-05-05T14:00:00Z', { usd: null, saved: null, choice: null });
  await cost('2026-05-05T14:00:00Z', { usd: 2, saved: null, choice: 'warm', issueKey: 'SHOP-2' });
  await cost('2026-01-01T14:00:00Z', { usd: 2, saved: null, choice: 'warm', issueKey: 'gh-7-3' });
}

interface Cost {
  usd: number | null;
  saved: number | null;
  choice: 'fresh' | 'warm' | 'compacted' | null;
  login?: string;
  issueKey?: string;
}

async function addCost({ kysely }: Database, endedAt: string, of: Cost): Promise<void> {
  const { usd, saved, choice, login = 'maria', issueKey = 'SHOP-1' } = of;
  const id = randomUUID();
  await insertCommand(kysely, {
    id,
    dedupeKey: id,
    origin: { kind: 'retention' },
    actor: { from: 'github', id: login.length, login, type: 'User' },
    issueKey,
    queueKey: issueKey,
    installationId: 5,
    repository: shop,
    claimedText: null,
    ask: { kind: 'instruction', instruction: 'add tests', flags: {} },
  });
  await kysely
    .insertInto('run_costs')
    .values({
      command_id: id,
      installation_id: 5,
      repository_id: shop.id,
      repository_owner: shop.owner,
      repository_name: shop.name,
      issue_key: issueKey,
      actor: `github:${login.length}`,
      choice,
      outcome: usd === null ? 'lost' : 'done',
      cost_usd: usd,
      cache_read_tokens: usd === null ? 0 : 66_000,
      baseline_cost_usd: usd === null || saved === null ? null : usd + saved,
      estimated_cost_saved: saved,
      estimated_tokens_saved: saved === null ? null : 1_000,
      ended_at: endedAt,
    })
    .execute();
}

const facts = () => factsOfLedger(database.kysely);
const quiet = { json: false, colours: false };

describe('dexter cost', () => {
  it('tells each run of an issue, and all of them', async () => {
    const { terminal, printed } = fakeTerminal();
    expect(await showCost(facts(), { issueKey: 'SHOP-1' }, quiet, terminal)).toBe(0);
    expect(printed.join('\n')).toMatchInlineSnapshot(`
      "SHOP-1 in acme/shop
      $1.01 for 3 runs · 21 % less than cold starts

      WHEN (UTC)        WHO            WHAT                   SESSION     TOKENS     COST   SAVED
      2026-05-04 03:02  maria          add tests              new         66,000    $0.89  −$0.02
      2026-05-05 13:00  rob\\u{1b}[31m  add tests              compacted   66,000    $0.12   $0.29
      2026-05-05 14:00  maria          add tests (no report)  –          unknown  unknown       –
      All                              3 runs                            132,000    $1.01   $0.27

      What 1 run cost is not known (no report came, or no price is known for the model); the sum leaves it out.
      Saved is against a cold start: what the same run is estimated to cost in a new session, which has to gather anew what the session knew. What going on cost and the compacted copies are counted as costs of the session. Runs that failed or were stopped are not compared."
    `);
  });

  it.each([
    ['shop-1', 'Something has for SHOP-1: `dexter cost SHOP-1`.'],
    ['GH-7-3', 'Something has for gh-7-3: `dexter cost gh-7-3`.'],
    ['shop-404', expect.stringContaining('Give the key as the app files it')],
  ])('says which key was meant by %s, when something has run for it', async (issueKey, hint) => {
    const asked = showCost(facts(), { issueKey }, quiet, fakeTerminal().terminal);
    await expect(asked).rejects.toMatchObject({ message: `Nothing has run for ${issueKey}.`, hint });
  });

  it('fits into a narrow terminal, and leaves a wide one as it is', async () => {
    const shown = async (width: number | undefined) => {
      const { terminal, printed } = fakeTerminal();
      await showCost(facts(), { issueKey: 'SHOP-1' }, { ...quiet, width }, terminal);
      return printed;
    };
    expect((await shown(60)).join('\n')).toMatchInlineSnapshot(`
      "SHOP-1 in acme/shop
      $1.01 for 3 runs · 21 % less than cold starts

      WHEN (UTC)  WHO  WHAT
        SESSION     TOKENS     COST   SAVED
      2026-05-04 03:02  maria  add tests
        new         66,000    $0.89  −$0.02
      2026-05-05 13:00  rob\\u{1b}[31m  add tests
        compacted   66,000    $0.12   $0.29
      2026-05-05 14:00  maria  add tests (no report)
        –          unknown  unknown       –
      All  3 runs
                   132,000    $1.01   $0.27

      What 1 run cost is not known (no report came, or no price is
      known for the model); the sum leaves it out.
      Saved is against a cold start: what the same run is
      estimated to cost in a new session, which has to gather anew
      what the session knew. What going on cost and the compacted
      copies are counted as costs of the session. Runs that failed
      or were stopped are not compared."
    `);
    const bySum = fakeTerminal({ now: () => new Date('2026-05-06T00:00:00Z') });
    await showCosts(facts(), { by: 'day', days: 30, ...quiet, width: 60 }, bySum.terminal);
    for (const line of [...(await shown(60)), ...bySum.printed])
      expect(line.length, line).toBeLessThanOrEqual(60);
    expect(await shown(400)).toEqual(await shown(undefined));
  });

  it('is bold only where it may be', async () => {
    const { terminal, printed } = fakeTerminal();
    await showCost(facts(), { issueKey: 'SHOP-1' }, { json: false, colours: true }, terminal);
    expect(printed[0]).toBe('\u001b[1mSHOP-1 in acme/shop\u001b[22m');
  });

  it('tells the sums by day and by person', async () => {
    const now = () => new Date('2026-05-06T00:00:00Z');
    const byDay = fakeTerminal({ now });
    expect(await showCosts(facts(), { by: 'day', days: 30, ...quiet }, byDay.terminal)).toBe(0);
    expect(byDay.printed.join('\n')).toMatchInlineSnapshot(`
      "$3.01 for 4 runs · 21 % less than cold starts in the last 30 days

      DAY         RUNS   TOKENS   COST   SAVED
      2026-05-05     3  132,000  $2.12   $0.29
      2026-05-04     1   66,000  $0.89  −$0.02
      All            4  198,000  $3.01   $0.27

      What 1 run cost is not known (no report came, or no price is known for the model); the sum leaves it out.
      Saved is against a cold start: what the same run is estimated to cost in a new session, which has to gather anew what the session knew. What going on cost and the compacted copies are counted as costs of the session. Runs that failed or were stopped are not compared."
    `);
    const byPerson = fakeTerminal({ now });
    await showCosts(facts(), { by: 'person', days: 1, json: true, colours: false }, byPerson.terminal);
    expect(JSON.parse(byPerson.printed.join(''))).toMatchObject({
      by: 'person',
      since: '2026-05-05T00:00:00.000Z',
      sums: [
        { key: 'github:5', name: 'maria', runs: 2, unknownRuns: 1, costUsd: 2, comparedRuns: 0 },
        { key: 'github:8', runs: 1, costUsd: 0.12, estimatedCostSaved: 0.29, estimatedTokensSaved: 1_000 },
      ],
    });
    const none = fakeTerminal({ now: () => new Date('2030-01-01T00:00:00Z') });
    expect(await showCosts(facts(), { by: 'day', days: 1, ...quiet }, none.terminal)).toBe(0);
    expect(none.told).toEqual(['Nothing has run in the last 1 day.']);
  });

  it('reads the database of the app from the command line, unless the app has it', async () => {
    const onDisk = await openDatabase({ directory: join(directory.path, 'database') });
    await fill(onDisk);
    const inUse = await dexterIn(directory.path, ['cost', 'SHOP-1'], env());
    expect(inUse).toMatchObject({ code: 1, stdout: '' });
    expect(inUse.stderr).toContain('is in use: the app is running');
    expect(inUse.stderr).toContain('DEXTER_API_TOKEN');
    await onDisk.close();

    const { code, stdout } = await dexterIn(directory.path, ['cost', 'SHOP-1', '--json'], env());
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      issueKey: 'SHOP-1',
      baseline: 'cold-start',
      method: costMethod,
      total: { runs: 3, unknownRuns: 1, comparedRuns: 2 },
      runs: [{ choice: 'fresh', costUsd: 0.89 }, { choice: 'compacted' }, { outcome: 'lost', costUsd: null }],
    });
    expect(stdout).not.toContain('\u001b');
    const unknown = await dexterIn(directory.path, ['cost', 'SHOP-404'], env());
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain('Nothing has run for SHOP-404.');
  });

  it('says what is wrong with where it looks and with what it is told', async () => {
    const nowhere = await dexterIn(directory.path, ['cost', 'SHOP-1'], { DEXTER_DATA: 'nowhere' });
    expect(nowhere).toMatchObject({ code: 1, stdout: '' });
    expect(nowhere.stderr).toContain('There is no database in');
    expect(nowhere.stderr).toContain('DEXTER_API_TOKEN');
    const wrong = await dexterIn(directory.path, ['cost', '--by', 'week'], env());
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('Allowed choices are day, repository, person');
    const both = await dexterIn(directory.path, ['cost', 'SHOP-1', '--by', 'day'], env());
    expect(both.code).toBe(2);
    expect(both.stderr).toContain("option '--by' is for all runs");
  });
});
