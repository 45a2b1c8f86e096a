import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const program = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));

const Figure = z.strictObject({
  bench: z.enum(['action', 'context', 'observability', 'prefix', 'prompt-cache', 'sessions']),
  figure: z.string(),
  value: z.number(),
  unit: z.enum(['ratio', 'calls', 'tokens', 'ms', 's', 'kB', 'MB', 'MB/s']),
  goal: z.string().regex(/^(?:<=|>=|<)\d/),
  holds: z.boolean(),
});

function start(directory: string, ...args: string[]) {
  return spawn(process.execPath, [program, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function run(...args: string[]) {
  await using directory = await temporaryDirectory();
  const child = start(directory.path, ...args);
  const [out, log, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, out, log, left: await readdir(directory.path) };
}

describe('the benchmarks', () => {
  it('are listed when none is named', async () => {
    expect(await run()).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^action: .*\ncontext: .*\neconomics: .*\nengines: .*\nobservability: .*\nprefix: .*\nprompt-cache: .*\nsessions: /,
      ),
      log: '',
    });
  });

  it.each([
    ['nonsense', /no bench nonsense/],
    ['sessions --only nonsense', /no part nonsense/],
    ['sessions --rounds 0', /--rounds/],
    ['sessions --megabytes x', /--megabytes/],
    ['observability --commands 1', /--commands/],
    ['constructor', /no bench constructor/],
  ])('are not run when asked for `%s`', async (args, problem) => {
    const { code, out, log } = await run(...args.split(' '));
    expect({ code, out, log }).toEqual({ code: 1, out: '', log: expect.stringMatching(problem) });
  });

  const figuresIn = (out: string) =>
    out
      .trimEnd()
      .split('\n')
      .map((line) => Figure.parse(JSON.parse(line)));

  it('count what a command costs, the same on each machine', { timeout: 120_000 }, async () => {
    const { code, out, log, left } = await run('context', '--rounds', '1');
    expect(code, log).toBe(0);
    expect(figuresIn(out).map(({ figure, value }) => [figure, value])).toEqual([
      ['jira_calls_first', 4],
      ['jira_reads_unchanged', 1],
      ['github_calls_most', 6],
      ['unchanged_tokens', 27],
      ['gathering_cpu', expect.any(Number)],
    ]);
    expect(left).toEqual([]);
  });

  it('measure the way to the start of the CLI, and leave nothing behind', { timeout: 180_000 }, async () => {
    const { code, out, log, left } = await run('action', '--megabytes', '1', '--rounds', '1');
    expect(code, log).toBe(0);
    expect(figuresIn(out).map(({ figure }) => figure)).toEqual(['load_extra', 'start_extra']);
    expect(left).toEqual([]);
  });

  it('measure every figure of a session, and leave nothing behind', { timeout: 180_000 }, async () => {
    const { code, out, log, left } = await run('sessions', '--megabytes', '1', '--rounds', '1');
    expect(code, log).toBe(0);
    expect(figuresIn(out).map(({ figure }) => figure)).toEqual([
      'restore_ratio',
      'save_ratio',
      'size_ratio',
      'scrub_speed',
      'scrub_followup_ratio',
      's3_restore_extra',
      'actions_cache_save_ratio',
      'actions_cache_restore_ratio',
      'actions_cache_size_ratio',
      'save_memory',
      'restore_memory',
    ]);
    expect(left).toEqual([]);
  });

  it('measure the dashboard, and leave nothing behind', { timeout: 240_000 }, async () => {
    const { code, out, log, left } = await run('observability', '--commands', '1000', '--rounds', '1');
    expect(code, log).toBe(0);
    expect(figuresIn(out).map(({ figure }) => figure)).toEqual([
      'page_of_50_ms',
      'other_page_ms',
      'first_view',
      'metrics_cost',
    ]);
    expect(left).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'leave nothing behind at %s',
    { timeout: 120_000 },
    async (signal) => {
      await using directory = await temporaryDirectory();
      const child = start(directory.path, 'sessions', '--megabytes', '1', '--only', 's3', '--rounds', '1000');
      child.stdout.resume();
      const ended = once(child, 'close');
      // Its server runs by then.
      for await (const chunk of child.stderr) if (String(chunk).includes('round 2')) break;
      expect(await readdir(directory.path)).not.toEqual([]);
      child.kill(signal);
      child.stderr.resume();
      const [code] = await ended;
      expect(code).toBe(signal === 'SIGINT' ? 130 : 143);
      expect(await readdir(directory.path)).toEqual([]);
    },
  );
});
