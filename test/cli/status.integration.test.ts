import { randomUUID } from 'node:crypto';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { factsOfApp } from '../../src/cli/facts-of-app.ts';
import { newLines, showLog } from '../../src/cli/show-log.ts';
import { showStatus } from '../../src/cli/show-status.ts';
import { insertCommand } from '../../src/ledger/commands.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { factsOfLedger } from '../../src/ledger/facts.ts';
import { goodReport, startWorld, type World } from '../app/world.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { dexterIn } from './dexter-process.ts';
import { fakeTerminal } from './fake-terminal.ts';

const token = 'token-of-the-command-list';
const quiet = { json: false, colours: false };
let world: World;
let done: string;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

/** One command that is done, and one that runs. */
beforeAll(async () => {
  directory = await temporaryDirectory();
  world = await startWorld();
  const first = await runningCommand(world, '@dexter add tests\nof coupons');
  done = first.id;
  await world.report(done, first.fence, goodReport({ summary: 'Done \u001b[31mred' }));
  await world.until(({ id, told }) => id === done && told, 'was told');
  const second = await runningCommand(world, '@dexter fix vouchers');
  await world.heartbeat(second.id, second.fence, 'reading src/cart.ts', ['Read src/cart.ts']);
});

afterAll(async () => {
  await world?.close();
  await directory.remove();
});

async function runningCommand({ github, ...world }: World, text: string) {
  const place = { owner: 'acme', repo: 'shop' };
  const { data } = await github.as('maria').rest.issues.create({ ...place, title: 'Cart', body: '' });
  await world.comment('maria', data.number, text);
  const { id } = await world.until(({ status }) => status === 'dispatched', 'was dispatched');
  const { claim } = await world.claim(id);
  return { id, fence: claim?.fence ?? 0 };
}

const facts = () => factsOfApp(world.url, token);

describe('dexter status', () => {
  it('says what runs, what ended and what it cost', async () => {
    const { terminal, printed } = fakeTerminal();
    expect(await showStatus(facts(), quiet, terminal)).toBe(0);
    const text = printed.join('\n');
    expect(printed[0]).toBe('1 running · 0 waiting · 1 done in 24 h');
    expect(printed[1]).toMatch(/^\$0\.11 today \(1 run.*\) · \$0\.11 this month/);
    expect(text).toMatch(
      /^running +gh-\d+-\d+ +acme\/shop +maria +\d+ s +fix vouchers · reading src\/cart\.ts$/m,
    );
    expect(text).toMatch(
      new RegExp(
        `^done +gh-\\d+-\\d+ +acme/shop +maria +\\d+ s ago +\\$0\\.11 +${done.slice(0, 8)} +add tests$`,
        'm',
      ),
    );
  });

  it('is coloured only where it may be, and narrow where it must be', async () => {
    const { terminal, printed } = fakeTerminal();
    await showStatus(facts(), { json: false, colours: true, width: 60 }, terminal);
    expect(printed.join('\n')).toContain('\u001b[32mdone\u001b[39m');
    for (const line of printed) expect(stripVTControlCharacters(line).length, line).toBeLessThanOrEqual(60);
  });

  it('asks the app from the command line, without colours in a pipe', async () => {
    const env = { DEXTER_URL: `${world.url}/`, DEXTER_API_TOKEN: token, FORCE_COLOR: '' };
    const text = await dexterIn(directory.path, ['status'], env);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).not.toContain('\u001b');
    const { stdout } = await dexterIn(directory.path, ['status', '--json'], env);
    expect(JSON.parse(stdout)).toMatchObject({
      open: [{ status: 'running', commands: 1 }],
      today: { runs: 1 },
    });
    const cost = await dexterIn(directory.path, ['cost', '--json'], env);
    expect(JSON.parse(cost.stdout)).toMatchObject({ by: 'day', sums: [{ runs: 1, costUsd: 0.11 }] });
  });

  it.each([
    [{ DEXTER_API_TOKEN: 'another-token-of-16-letters' }, 'does not take this DEXTER_API_TOKEN'],
    [{ DEXTER_URL: 'http://127.0.0.1:9', DEXTER_API_TOKEN: token }, 'does not answer'],
    [{ DEXTER_API_TOKEN: '' }, 'There is no database'],
  ])('says what is wrong with %j', async (wrong, message) => {
    const { code, stdout, stderr } = await dexterIn(directory.path, ['status'], {
      DEXTER_URL: world.url,
      ...wrong,
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('dexter logs', () => {
  it('tells a command step by step, and its end as text', async () => {
    const { terminal, printed } = fakeTerminal({ env: { DEXTER_DATA: directory.path } });
    const shown = { ...quiet, follow: false, tail: 10 };
    expect(await showLog(facts(), done.slice(0, 8), shown, terminal)).toBe(0);
    const text = printed.join('\n');
    expect(text).toMatch(
      /received\n.*begun\n.*its run was planned\n.*its run was dispatched\n.*a runner took it\n.*ended\n.*the end was told/,
    );
    expect(text).toContain('done · $0.11');
    expect(text).toContain('Done \\u{1b}[31mred');
  });

  it('follows a run until its end is told', async () => {
    const { terminal, printed } = fakeTerminal({ env: { DEXTER_DATA: directory.path } });
    const own = await startWorld();
    const { id: running, fence } = await runningCommand(own, '@dexter fix vouchers');
    const news = [
      () => own.heartbeat(running, fence, 'reading', ['Read src/cart.ts']),
      () => own.heartbeat(running, fence, 'editing', ['Read src/cart.ts', 'Edit src/cart.ts']),
      () => own.report(running, fence, goodReport({ outcome: 'failed', summary: '' })),
      () => own.until(({ id, told }) => id === running && told, 'was told'),
    ];
    const next = async () => {
      await news.shift()?.();
    };
    const facts = factsOfApp(own.url, token);
    try {
      expect(await showLog(facts, running, { ...quiet, follow: true, tail: 10 }, terminal, next)).toBe(1);
    } finally {
      await own.close();
    }
    expect(printed.filter((line) => line.includes('src/cart.ts')).map((line) => line.slice(23))).toEqual([
      'Read src/cart.ts',
      'Edit src/cart.ts',
    ]);
    expect(printed.filter((line) => line.includes('a runner took it'))).toHaveLength(1);
    expect(printed.filter((line) => line.endsWith('the end was told'))).toHaveLength(1);
  });

  it('says when nothing or several things are meant', async () => {
    const { terminal } = fakeTerminal();
    const shown = { ...quiet, follow: false, tail: 0 };
    await expect(showLog(facts(), 'SHOP-404', shown, terminal)).rejects.toMatchObject({
      message: 'There is no command SHOP-404.',
    });
    const database = await openDatabase({ directory: 'memory://' });
    try {
      const ids = ['0', '1'].map((digit) => `abcdef00-0000-4000-8000-00000000000${digit}`);
      for (const id of [...ids, randomUUID()]) {
        await insertCommand(database.kysely, {
          id,
          dedupeKey: id,
          origin: { kind: 'retention' },
          actor: { from: 'dexter' },
          issueKey: 'SHOP-1',
          queueKey: 'SHOP-1',
          claimedText: null,
        });
      }
      const ledger = factsOfLedger(database.kysely);
      await expect(showLog(ledger, 'abcdef', shown, terminal)).rejects.toMatchObject({
        message: `Several commands begin with abcdef: ${ids.join(', ')}.`,
      });
      const [one] = await ledger.commandsMeant(ids[1] ?? '');
      expect(one?.command).toMatchObject({ id: ids[1], repository: null, ask: null });
      const newest = await ledger.commandsMeant('SHOP-1');
      expect(newest).toHaveLength(1);
    } finally {
      await database.close();
    }
  });
});

describe('GET /api/…', () => {
  it.each(['status', 'commands', `commands/${randomUUID()}`, 'costs', 'costs/SHOP-1'])(
    '%s is for whoever has the token',
    async (path) => {
      for (const authorization of ['', 'Bearer', `Bearer ${token}x`, token]) {
        const answer = await fetch(`${world.url}/api/${path}`, { headers: { authorization } });
        expect(answer.status).toBe(401);
      }
    },
  );

  it.each(['', '?by=year&since=2026-01-01T00:00:00Z', '?by=day&since=yesterday', '?by=day&x=1'])(
    'says what is wrong with costs%s',
    async (query) => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${world.url}/api/costs${query}`, { headers });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: expect.stringContaining('The query is wrong: `') });
    },
  );
});

it.each([
  [[], ['a'], ['a']],
  [['a'], ['a', 'b'], ['b']],
  [['a', 'b'], ['b', 'c'], ['c']],
  [['a', 'b'], ['x'], ['x']],
  [['a'], ['a'], []],
])('finds after %j in %j what is new', (told, lines, expected) => {
  expect(newLines(told, lines)).toEqual(expected);
});
