import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claudeCode } from '../../../src/engines/claude-code/claude-code.ts';
import type { EngineEvent, EngineTask } from '../../../src/engines/engine.ts';
import { type FakePlan, installFakeClaude, promptFor } from '../../fakes/fake-claude.ts';
import { isRunning, until } from '../../fakes/processes.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const grace = { interruptMs: 600, terminateMs: 600 };

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let command: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
  command = await installFakeClaude(directory.path);
  for (const name of ['work', 'config', 'home', 'tmp']) await mkdir(join(directory.path, name));
});
afterEach(() => directory.remove());

function options(overrides = {}) {
  const env = { PATH: process.env.PATH, GITHUB_TOKEN: 'canary', LANG: 'C.UTF-8' };
  return {
    command,
    env,
    homeDirectory: join(directory.path, 'home'),
    temporaryDirectory: join(directory.path, 'tmp'),
    projectFolder: 'work',
    grace,
    ...overrides,
  };
}

function taskOf(plan: FakePlan, overrides: Partial<EngineTask> = {}): EngineTask {
  return {
    prompt: promptFor(plan),
    sessionId: '11111111-2222-4333-8444-555555555555',
    mode: 'fresh',
    workingDirectory: join(directory.path, 'work'),
    configDirectory: join(directory.path, 'config'),
    allowedTools: ['Read(./**)'],
    ...overrides,
  };
}

async function run(
  plan: FakePlan,
  {
    signal = new AbortController().signal,
    ...overrides
  }: Partial<EngineTask> & { signal?: AbortSignal } = {},
) {
  const events: EngineEvent[] = [];
  const result = await claudeCode(options()).run(
    taskOf(plan, overrides),
    (event) => events.push(event),
    signal,
  );
  return { result, events };
}

describe('claudeCode', () => {
  it('runs the CLI in the checkout, with the prompt on stdin and nothing of the runner in its environment', async () => {
    const record = join(directory.path, 'record.json');
    const { result, events } = await run({ record });
    const seen = JSON.parse(await readFile(record, 'utf8'));
    expect(seen.cwd).toBe(join(directory.path, 'work'));
    expect(seen.prompt).toBe(promptFor({ record }));
    expect(JSON.stringify(seen.argv)).not.toContain('FAKE');
    expect(Object.values(seen.env)).not.toContain('canary');
    expect(events[0]).toMatchObject({ type: 'started', model: 'claude-fake-1', version: '9.9.9' });
    expect(result).toEqual({
      stopReason: 'completed',
      summary: 'Fake answer.',
      sessionId: '11111111-2222-4333-8444-555555555555',
      model: 'claude-fake-1',
      version: '9.9.9',
      usage: { inputTokens: 10, cacheReadTokens: 20, cacheWriteTokens: 30, outputTokens: 40 },
      unpricedModels: [],
      contextTokens: 0,
      requests: 0,
      costUsd: 0.25,
      turns: 2,
      denials: [],
    });
  });

  it.each<[string, FakePlan, string, RegExp]>([
    ['exits with 1', { result: false, exit: 1, stderr: 'it broke' }, 'failed', /exit code 1.*it broke/s],
    ['exits with 0 and no result', { result: false }, 'failed', /exit code 0/],
    ['exits with 137', { result: false, exit: 137 }, 'failed', /exit code 137/],
    ['is killed', { kill: 'SIGKILL', seconds: 0.05 }, 'failed', /SIGKILL/],
    [
      'stops in the middle of a line',
      { raw: '{"type":"result","subtype":"suc', result: false, exit: 1 },
      'failed',
      /exit code 1/,
    ],
    [
      'writes no JSON at all',
      { raw: 'Segmentation fault\n', init: false, result: false, exit: 139 },
      'failed',
      /139/,
    ],
    [
      'fails at once',
      {
        init: false,
        result: { subtype: 'error_during_execution', is_error: true, errors: ['boom'], duration_ms: 0 },
        exit: 1,
      },
      'failed',
      /boom/,
    ],
    [
      'is logged out',
      { result: { is_error: true, result: 'Not logged in · Please run /login' }, exit: 1 },
      'logged-out',
      /login/,
    ],
  ])('reports a CLI that %s', async (_name, plan, stopReason, detail) => {
    const { result } = await run(plan);
    expect(result.stopReason).toBe(stopReason);
    expect(result.detail).toMatch(detail);
  });

  it('reads past ten megabytes of output', async () => {
    const { result } = await run({ megabytes: 12 });
    expect(result).toMatchObject({ stopReason: 'completed', summary: 'Fake answer.' });
  });

  it('survives a CLI that does not read its input', async () => {
    const engine = claudeCode(options({ command: '/bin/true' }));
    const task = taskOf({}, { prompt: 'x'.repeat(5_000_000) });
    expect(await engine.run(task, () => undefined, new AbortController().signal)).toMatchObject({
      stopReason: 'failed',
    });
  });

  it('keeps the key out of what it reports', async () => {
    const engine = claudeCode(options({ apiKey: 'very-own-key' }));
    const task = taskOf({ result: { result: 'The key is very-own-key.' }, stderr: 'very-own-key' });
    const result = await engine.run(task, () => undefined, new AbortController().signal);
    expect(JSON.stringify(result)).not.toContain('very-own-key');
  });

  it.each(['claude-that-is-not-there', '/nowhere/claude'])('says that %s is missing', async (missing) => {
    const engine = claudeCode(options({ command: missing }));
    await expect(engine.run(taskOf({}), () => undefined, new AbortController().signal)).rejects.toMatchObject(
      {
        code: 'engine-missing',
        hint: expect.stringContaining('claude-path'),
      },
    );
  });

  it('says that a file that cannot be executed is missing', async () => {
    const engine = claudeCode(options({ command: join(directory.path, 'work') }));
    await expect(engine.run(taskOf({}), () => undefined, new AbortController().signal)).rejects.toMatchObject(
      {
        code: 'engine-missing',
      },
    );
  });

  it.each<[string, FakePlan, number, number]>([
    ['ends on SIGINT', {}, 0, 500],
    ['ends on SIGTERM', { ignoreInterrupt: true }, 600, 1_100],
    ['has to be killed', { ignoreInterrupt: true, ignoreTerminate: true }, 1_200, 2_500],
  ])('cancels a CLI that %s', async (_name, plan, leastMs, mostMs) => {
    const controller = new AbortController();
    let abortedAt = 0;
    const engine = claudeCode(options());
    const result = await engine.run(
      taskOf({ ...plan, seconds: 60 }),
      ({ type }) => {
        if (type !== 'started') return;
        abortedAt = performance.now();
        controller.abort();
      },
      controller.signal,
    );
    const took = performance.now() - abortedAt;
    expect(result.stopReason).toBe('cancelled');
    expect(took).toBeGreaterThanOrEqual(leastMs - 50);
    expect(took).toBeLessThan(mostMs);
  });

  it('starts nothing lasting when it is cancelled before it begins', async () => {
    const { result } = await run({ seconds: 60 }, { signal: AbortSignal.abort() });
    expect(result.stopReason).toBe('cancelled');
  });

  it.each<[string, FakePlan]>([
    ['a run that is done', {}],
    ['a run that crashed', { result: false, exit: 1 }],
    ['a run that was killed', { kill: 'SIGKILL', seconds: 0.05 }],
  ])('ends what %s left in the background', async (_name, plan) => {
    const child = join(directory.path, 'child.pid');
    await run({ ...plan, child });
    const pid = Number(await readFile(child, 'utf8'));
    await until(async () => !(await isRunning(pid)), 2_000);
  });
});
