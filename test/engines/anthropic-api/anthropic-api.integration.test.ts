import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fault, type Model, type ModelOptions, startModel } from '../../../demo/model/server.ts';
import type { Task } from '../../../demo/model/task.ts';
import { type AnthropicApiOptions, anthropicApi } from '../../../src/engines/anthropic-api/anthropic-api.ts';
import type { CompactionTask, EngineEvent, EngineTask } from '../../../src/engines/engine.ts';
import { wrapServers } from '../../../src/mcp/wrap-servers.ts';
import { repair } from '../../../src/sessions/repair.ts';
import { isRunning, until } from '../../fakes/processes.ts';
import { pathForTools } from '../../fakes/real-claude.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';
import { dexterProgram } from '../../mcp/everything.ts';

const fixtureServer = join(import.meta.dirname, '../../mcp/fixture-server.mjs');

const tasks: Task[] = [
  {
    match: /write it/,
    needs: ['a.txt'],
    edits: [{ path: 'new/b.txt', content: 'b\n' }],
    run: [],
    answer: 'Written.',
  },
  { match: /again/, needs: ['a.txt'], edits: [{ path: 'c.txt', content: 'c\n' }], run: [], answer: 'Again.' },
  { match: /hello/, needs: [], edits: [], run: [], answer: 'Hello to you.' },
  {
    match: /ask for it/,
    needs: [],
    edits: [],
    calls: [{ name: 'mcp__notes__read', input: { of: 1 } }],
    run: [],
    answer: 'Asked.',
  },
  {
    match: /wait for it/,
    needs: [],
    edits: [],
    calls: [{ name: 'mcp__notes__read', input: { hold: 'for ever' } }],
    run: [],
    answer: 'Waited.',
  },
  {
    match: /a lot of it/,
    needs: [],
    edits: [],
    calls: [{ name: 'mcp__notes__read', input: { large: 300_000 } }],
    run: [],
    answer: 'Read.',
  },
];

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let model: Model;
beforeEach(async () => {
  directory = await temporaryDirectory();
  for (const name of ['work', 'config', 'home', 'tmp']) await mkdir(join(directory.path, name));
  await writeFile(join(directory.path, 'work/a.txt'), 'a\n');
});
afterEach(async () => {
  await model.close();
  await directory.remove();
});

async function start(options: Partial<ModelOptions> = {}, more: Partial<AnthropicApiOptions> = {}) {
  model = await startModel({ tasks, ...options });
  return anthropicApi({
    baseUrl: model.url,
    apiKey: 'run-key-of-the-test',
    env: { HOME: join(directory.path, 'home') },
    temporaryDirectory: join(directory.path, 'tmp'),
    projectFolder: 'work',
    ...more,
  });
}

function task(instruction: string, overrides: Partial<EngineTask> = {}): EngineTask {
  return {
    prompt: `## Instruction\n\n${instruction}\n`,
    sessionId: randomUUID(),
    mode: 'fresh',
    workingDirectory: join(directory.path, 'work'),
    configDirectory: join(directory.path, 'config'),
    model: 'claude-opus-5-5',
    allowedTools: ['Read(./**)', 'Edit(./**)', 'mcp__notes'],
    ...overrides,
  };
}

function resumed(instruction: string, { sessionId }: EngineTask, overrides: Partial<EngineTask> = {}) {
  return task(instruction, { sessionId, mode: 'resume', ...overrides });
}

const ignore = () => undefined;
const never = new AbortController().signal;

const transcriptOf = ({ sessionId }: EngineTask) =>
  join(directory.path, `config/projects/work/${sessionId}.jsonl`);

async function servers(config: Record<string, unknown>): Promise<string> {
  const path = join(directory.path, 'servers.json');
  await writeFile(path, JSON.stringify({ mcpServers: config }));
  return path;
}

const notes = (env: Record<string, string> = {}) => ({
  command: process.execPath,
  args: [fixtureServer],
  env,
});

async function expectWhole({ configDirectory, sessionId }: EngineTask): Promise<void> {
  expect(await repair(configDirectory, sessionId)).toEqual({ outcome: 'whole' });
}

describe('a run of the direct engine', () => {
  it('does a task, says what it does, and goes on in the same session', async () => {
    const engine = await start();
    const events: EngineEvent[] = [];
    const first = task('write it');
    const done = await engine.run(first, (event) => events.push(event), never);
    expect(done).toMatchObject({
      stopReason: 'completed',
      summary: 'Written.',
      sessionId: first.sessionId,
      model: 'claude-opus-5-5',
      denials: [],
      turns: 3,
      requests: 3,
      unpricedModels: [],
    });
    expect(await readFile(join(directory.path, 'work/new/b.txt'), 'utf8')).toBe('b\n');
    expect(events.map((event) => (event.type === 'tool' ? event.name : event.type))).toEqual([
      'started',
      'text',
      'Read',
      'usage',
      'text',
      'Write',
      'usage',
      'text',
      'usage',
    ]);
    expect(events[0]).toMatchObject({
      sessionId: first.sessionId,
      model: 'claude-opus-5-5',
      failedServers: [],
    });
    expect(events.at(-1)).toMatchObject({
      usage: done.usage,
      costUsd: done.costUsd,
      answers: 3,
      isMain: true,
    });
    const sum = (pick: (usage: Model['requests'][number]['usage']) => number) =>
      model.requests.reduce((total, { usage }) => total + pick(usage), 0);
    expect(done.usage).toEqual({
      inputTokens: sum((usage) => usage.input_tokens),
      cacheReadTokens: sum((usage) => usage.cache_read_input_tokens),
      cacheWriteTokens: sum((usage) => usage.cache_creation_input_tokens),
      outputTokens: sum((usage) => usage.output_tokens),
    });
    await expectWhole(first);

    const again = await engine.run(resumed('again', first), ignore, never);
    expect(again).toMatchObject({ stopReason: 'completed', summary: 'Again.' });
    // All but what the model said last is read from the prompt cache: the transcript gives the same bytes again.
    const last = model.requests[2]?.usage;
    expect(again.firstRequest?.cacheReadTokens).toBe(
      (last?.cache_read_input_tokens ?? 0) + (last?.cache_creation_input_tokens ?? 0),
    );
    expect(JSON.stringify(model.requests.at(-1)?.body).match(/"name":"Read","input"/g)).toHaveLength(1);
  });

  it('keeps no marker in the transcript, and writes for an hour where it is told to', async () => {
    const engine = await start({}, { cacheLife: '1h' });
    const first = task('hello');
    const { usage } = await engine.run(first, ignore, never);
    expect(usage.cacheWriteTokens).toBeGreaterThan(0);
    expect(usage.cacheWriteHourTokens).toBe(usage.cacheWriteTokens);
    expect(await readFile(transcriptOf(first), 'utf8')).not.toContain('cache_control');
  });

  it('asks the default model when none is named, with the effort that is asked for', async () => {
    const engine = await start();
    const { model: _, ...unnamed } = task('hello', { effort: 'low' });
    expect(await engine.run(unnamed, ignore, never)).toMatchObject({ model: 'claude-opus-5-5' });
    expect(model.requests[0]?.body).toMatchObject({
      model: 'claude-opus-5-5',
      output_config: { effort: 'low' },
    });
  });

  it('begins each conversation with the same bytes, whatever the run and the directory', async () => {
    const engine = await start();
    await engine.run(task('hello'), ignore, never);
    const elsewhere = join(directory.path, 'elsewhere');
    await mkdir(elsewhere);
    await engine.run(task('write it', { workingDirectory: elsewhere }), ignore, never);
    const prefixes = model.requests.map(({ body: { system, tools } }) => JSON.stringify({ system, tools }));
    expect(new Set(prefixes).size).toBe(1);
    expect(prefixes[0]).not.toContain(directory.path);
  });

  it('tells the instructions of the team once, and again when they are others', async () => {
    const engine = await start();
    const file = join(directory.path, 'config/CLAUDE.md');
    await writeFile(file, 'Use tabs.\n');
    const first = task('hello');
    await engine.run(first, ignore, never);
    await engine.run(resumed('hello', first), ignore, never);
    const told = () => JSON.stringify(model.requests.at(-1)?.body.messages);
    expect(told().match(/Use tabs\./g)).toHaveLength(1);
    await writeFile(file, 'Use spaces.\n');
    await engine.run(resumed('hello', first), ignore, never);
    expect(told().match(/Use spaces\./g)).toHaveLength(1);
  });
});

describe('a session of the direct engine', () => {
  it('is lost when the provider refuses its transcript, and only then', async () => {
    const faults: Fault[] = [];
    const engine = await start({ faults });
    const first = task('hello');
    await engine.run(first, ignore, never);
    faults.push({ kind: 'status', status: 400, message: 'messages.1: invalid thinking signature' });
    expect(await engine.run(resumed('hello', first), ignore, never)).toMatchObject({
      stopReason: 'session-lost',
      detail: expect.stringContaining('invalid thinking signature'),
    });
    faults.push({ kind: 'status', status: 400, message: 'Your credit balance is too low' });
    expect(await engine.run(resumed('hello', first), ignore, never)).toMatchObject({
      stopReason: 'failed',
      detail: expect.stringContaining('credit balance'),
    });
  });

  it('goes on after a line that was cut and a tool that has no result', async () => {
    const engine = await start();
    const first = task('write it');
    await engine.run(first, ignore, never);
    const lines = (await readFile(transcriptOf(first), 'utf8')).trimEnd().split('\n');
    // As after a run that died while a tool ran: the last answer and the tool's result are missing.
    await writeFile(transcriptOf(first), `${lines.slice(0, -2).join('\n')}\n`);
    await appendFile(transcriptOf(first), lines.at(-2)?.slice(0, 40) ?? '');
    const again = await engine.run(resumed('again', first), ignore, never);
    expect(again).toMatchObject({ stopReason: 'completed', summary: 'Again.' });
    expect(JSON.stringify(model.requests[3]?.body.messages)).toContain('its result is unknown');
    expect(await engine.run(resumed('hello', first), ignore, never)).toMatchObject({
      stopReason: 'completed',
    });
    expect(model.requests.filter(({ status }) => status !== 200)).toEqual([]);
  });
});

describe('when the provider fails', () => {
  it.each<[string, Fault]>([
    ['refuses for a while', { kind: 'status', status: 429, retryAfterSeconds: 1 }],
    ['is overloaded', { kind: 'status', status: 529 }],
    ['fails', { kind: 'status', status: 500 }],
    ['breaks its answer off', { kind: 'cut', afterEvents: 5 }],
    ['breaks its answer off before it has begun', { kind: 'cut', afterEvents: 0 }],
    ['is overloaded in the middle', { kind: 'broken', afterEvents: 5 }],
    ['is overloaded at the beginning', { kind: 'broken', afterEvents: 0 }],
    ['says nothing more in the middle', { kind: 'stall', afterEvents: 5 }],
  ])('the engine asks again when it %s', async (_name, fault) => {
    const silenceMs = fault.kind === 'stall' ? 1_000 : undefined;
    const engine = await start({ faults: [{ kind: 'none' }, fault] }, { silenceMs });
    const first = task('write it');
    const result = await engine.run(first, ignore, never);
    expect(result).toMatchObject({ stopReason: 'completed', summary: 'Written.', turns: 3, requests: 3 });
    await expectWhole(first);
    expect(await engine.run(resumed('again', first), ignore, never)).toMatchObject({
      stopReason: 'completed',
    });
    const refused = fault.kind === 'status' ? 1 : 0;
    expect(model.requests.filter(({ status }) => status !== 200)).toHaveLength(refused);
  });

  it('counts what an answer has read that was broken off', async () => {
    const engine = await start({ faults: [{ kind: 'cut', afterEvents: 5 }] });
    const result = await engine.run(task('hello'), ignore, never);
    const read = model.requests.reduce((sum, { usage }) => sum + usage.cache_read_input_tokens, 0);
    const written = model.requests.reduce((sum, { usage }) => sum + usage.cache_creation_input_tokens, 0);
    expect(result.usage).toMatchObject({ cacheReadTokens: read, cacheWriteTokens: written });
    expect(read).toBeGreaterThan(0);
  });

  it('gives up after as many tries as it may make, and says what was answered', async () => {
    const overloaded: Fault = { kind: 'status', status: 529 };
    const engine = await start({ faults: Array(2).fill(overloaded) }, { maxRetries: 1 });
    expect(await engine.run(task('hello'), ignore, never)).toMatchObject({
      stopReason: 'failed',
      summary: '',
      detail: "The model's API answered 529: Overloaded",
      requests: 0,
    });
  });

  it('says that it cannot be reached', async () => {
    const engine = await start({}, { baseUrl: 'http://127.0.0.1:1', maxRetries: 0 });
    expect(await engine.run(task('hello'), ignore, never)).toMatchObject({
      stopReason: 'failed',
      detail: expect.stringContaining('could not be reached'),
    });
  });

  it('shows no key that it quotes', async () => {
    const message = 'the key run-key-of-the-test is not of this kind';
    const engine = await start({ faults: [{ kind: 'status', status: 400, message }] });
    const { detail } = await engine.run(task('hello'), ignore, never);
    expect(detail).toContain('[REDACTED:secret]');
    expect(detail).not.toContain('run-key-of-the-test');
  });
});

describe('the end of a run', () => {
  it('comes by the budget as well where nobody knows the price of the model', async () => {
    const engine = await start();
    const result = await engine.run(
      task('write it', { model: 'our-own-model', maxBudgetUsd: 0.0001 }),
      ignore,
      never,
    );
    expect(result).toMatchObject({
      stopReason: 'budget',
      requests: 1,
      costUsd: null,
      unpricedModels: ['our-own-model'],
    });
  });

  it.each([
    ['refusal', 'refused'],
    ['max_tokens', 'cut off'],
  ] as const)('is told when the answer ends for %s, and the next run goes on', async (reason, words) => {
    const engine = await start({ faults: [{ kind: 'stop', reason }] });
    const first = task('write it');
    expect(await engine.run(first, ignore, never)).toMatchObject({
      stopReason: 'failed',
      detail: expect.stringContaining(words),
    });
    await expectWhole(first);
    expect(await engine.run(resumed('again', first), ignore, never)).toMatchObject({
      stopReason: 'completed',
    });
  });

  it('is told when the model says nothing', async () => {
    const engine = await start({ faults: [{ kind: 'empty' }] });
    const first = task('hello');
    expect(await engine.run(first, ignore, never)).toMatchObject({
      stopReason: 'failed',
      detail: expect.stringContaining('nothing'),
    });
    expect(await engine.run(resumed('again', first), ignore, never)).toMatchObject({
      stopReason: 'completed',
    });
  });

  it('does not come when the model only pauses', async () => {
    const engine = await start({ faults: [{ kind: 'stop', reason: 'pause_turn' }] });
    expect(await engine.run(task('hello'), ignore, never)).toMatchObject({
      stopReason: 'completed',
      summary: 'Hello to you.',
      turns: 2,
    });
  });

  it.each<[string, Fault[], string]>([
    [
      'while the provider wants to be left alone',
      [{ kind: 'status', status: 429, retryAfterSeconds: 50 }],
      'hello',
    ],
    ['while an answer comes', [{ kind: 'slow', ms: 60_000 }], 'hello'],
    ['in a tool', [], 'wait for it'],
  ])('comes when it is cancelled %s, and the next run goes on', async (_name, faults, instruction) => {
    const engine = await start({ faults });
    const calls = join(directory.path, 'calls');
    const mcpConfigFile = await servers({ notes: notes({ CALLS: calls }) });
    const first = task(instruction, { mcpConfigFile });
    const controller = new AbortController();
    const running = engine.run(first, ignore, controller.signal);
    // Once the model has the request: what goes wrong with it must not be left for the next run.
    const isAt =
      faults.length === 0
        ? async () => (await readFile(calls, 'utf8').catch(() => '')).includes('read {"hold"')
        : () => faults.length === 0;
    await until(isAt);
    controller.abort();
    expect(await running).toMatchObject({ stopReason: 'cancelled' });
    await expectWhole(first);
    model.requests.splice(0);
    const again = await engine.run(resumed('again', first), ignore, never);
    expect(again).toMatchObject({ stopReason: 'completed', summary: 'Again.' });
    expect(model.requests.filter(({ status }) => status !== 200)).toEqual([]);
  });

  it('comes when it is cancelled in a command, which is ended as well', async () => {
    const script = `require('fs').writeFileSync('pid', String(process.pid)); setTimeout(() => undefined, 60_000);`;
    await writeFile(join(directory.path, 'work/wait.cjs'), script);
    const waits: Task = { match: /run it/, needs: [], edits: [], run: ['node wait.cjs'], answer: 'Run.' };
    const env = { HOME: join(directory.path, 'home'), PATH: pathForTools };
    const engine = await start({ tasks: [waits, ...tasks] }, { env });
    const first = task('run it', { allowedTools: ['Bash(node wait.cjs)', 'Edit'] });
    const controller = new AbortController();
    const running = engine.run(first, ignore, controller.signal);
    const pid = async () => Number(await readFile(join(directory.path, 'work/pid'), 'utf8').catch(() => ''));
    await until(async () => (await pid()) > 0);
    controller.abort();
    expect(await running).toMatchObject({ stopReason: 'cancelled' });
    await until(async () => !(await isRunning(await pid())));
    await expectWhole(first);
    expect(await engine.run(resumed('again', first), ignore, never)).toMatchObject({
      stopReason: 'completed',
    });
  });

  it('comes when it is cancelled while an MCP server does not answer, which is ended as well', async () => {
    const engine = await start();
    const file = join(directory.path, 'pid');
    const script = `require('node:fs').writeFileSync(${JSON.stringify(file)}, String(process.pid));`;
    const silent = {
      command: process.execPath,
      args: ['-e', `${script} setTimeout(() => undefined, 60_000)`],
    };
    const mcpConfigFile = await servers({ notes: silent });
    const controller = new AbortController();
    const running = engine.run(task('ask for it', { mcpConfigFile }), ignore, controller.signal);
    const pid = async () => Number(await readFile(file, 'utf8').catch(() => ''));
    await until(async () => (await pid()) > 0);
    controller.abort();
    expect(await running).toMatchObject({ stopReason: 'cancelled', requests: 0 });
    expect(await isRunning(await pid())).toBe(false);
  });
});

describe('MCP servers of the direct engine', () => {
  it('bring the tools that the rules allow, in a steady order', async () => {
    const engine = await start();
    const mcpConfigFile = await servers({
      'with a space': notes({ TOOLS: 'find' }),
      notes: notes({ TOOLS: 'b,a' }),
    });
    const allowedTools = ['mcp__notes', 'mcp__with_a_space__find'];
    const result = await engine.run(task('ask for it', { mcpConfigFile, allowedTools }), ignore, never);
    expect(result).toMatchObject({ stopReason: 'completed', summary: 'Asked.', denials: [] });
    const names = model.requests[0]?.body.tools?.map(({ name }) => String(name)) ?? [];
    expect(names.filter((name) => name.startsWith('mcp__'))).toEqual([
      'mcp__notes__a',
      'mcp__notes__b',
      'mcp__notes__env',
      'mcp__notes__read',
      'mcp__notes__write',
      'mcp__with_a_space__find',
    ]);
    expect(JSON.stringify(model.requests.at(-1)?.body.messages)).toContain('answer 1');
  });

  it('are asked through the cache, and are gone at the end', async () => {
    const engine = await start();
    const [pid, stats] = [join(directory.path, 'pid'), join(directory.path, 'stats.json')];
    const write = `require('node:fs').writeFileSync(process.env.PID_FILE, String(process.pid));`;
    const server = {
      command: process.execPath,
      args: ['-e', `${write} import(${JSON.stringify(fixtureServer)})`],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the engine replaces it, as the CLI does.
      env: { PID_FILE: '${HOME}/../pid' },
    };
    const { config } = wrapServers(
      { mcpServers: { notes: server } },
      { program: [process.execPath, dexterProgram], statsFileOf: () => stats },
    );
    const mcpConfigFile = await servers(config.mcpServers);
    const result = await engine.run(task('ask for it', { mcpConfigFile }), ignore, never);
    expect(result).toMatchObject({ stopReason: 'completed', summary: 'Asked.' });
    expect(JSON.parse(await readFile(stats, 'utf8'))).toMatchObject({ hits: 0, misses: 1 });
    expect(await isRunning(Number(await readFile(pid, 'utf8')))).toBe(false);
  });

  it('cost their tools and nothing more when they do not start', async () => {
    const engine = await start();
    const mcpConfigFile = await servers({
      gone: { command: join(directory.path, 'no-such-program') },
      remote: { type: 'sse', url: 'http://127.0.0.1:1' },
      ends: { command: process.execPath, args: ['-e', ''] },
      notes: notes(),
    });
    const events: EngineEvent[] = [];
    const allowedTools = ['mcp__gone', 'mcp__remote', 'mcp__ends', 'mcp__notes'];
    const asked = task('ask for it', { mcpConfigFile, allowedTools });
    expect(await engine.run(asked, (event) => events.push(event), never)).toMatchObject({
      stopReason: 'completed',
      summary: 'Asked.',
    });
    expect(events[0]).toMatchObject({ type: 'started', failedServers: ['ends', 'gone', 'remote'] });
  });

  it('fill the conversation with no more than it bears', async () => {
    const engine = await start();
    const mcpConfigFile = await servers({ notes: notes() });
    expect(await engine.run(task('a lot of it', { mcpConfigFile }), ignore, never)).toMatchObject({
      stopReason: 'completed',
      summary: 'Read.',
    });
    const messages = JSON.stringify(model.requests.at(-1)?.body.messages);
    expect(messages.length).toBeLessThan(120_000);
    expect(messages).toContain('200000 more characters were left out');
  });
});

describe('a compaction by the direct engine', () => {
  async function sessionToCompact(faults: Fault[] = []) {
    const engine = await start({ faults });
    const first = task('write it');
    await engine.run(first, ignore, never);
    const { prompt: _, mode: __, ...same } = first;
    const compaction: CompactionTask = {
      ...same,
      copyId: randomUUID(),
      instructions: 'Name all files.',
      timeLimitMs: 60_000,
    };
    return { engine, first, compaction };
  }

  it('reads the conversation from the prompt cache, and leaves it as it is', async () => {
    const { engine, first, compaction } = await sessionToCompact();
    const before = await readFile(transcriptOf(first), 'utf8');
    const last = model.requests.at(-1)?.usage;
    const result = await engine.compact(compaction, never);
    expect(result).toMatchObject({
      outcome: 'compacted',
      usage: {
        cacheReadTokens: (last?.cache_read_input_tokens ?? 0) + (last?.cache_creation_input_tokens ?? 0),
        cacheWriteTokens: 0,
      },
    });
    expect(result.costUsd).toBeGreaterThan(0);
    expect(await readFile(transcriptOf(first), 'utf8')).toBe(before);
    const copy = { ...first, sessionId: compaction.copyId };
    const resumedCopy = await engine.run(resumed('again', copy), ignore, never);
    expect(resumedCopy).toMatchObject({ stopReason: 'completed', summary: 'Again.' });
    const told = JSON.stringify(model.requests.at(-1)?.body.messages);
    expect(told).toContain('Files covered by this summary');
    expect(told).not.toContain('write it');
  });

  it.each<[string, Fault[], string]>([
    ['the model says nothing', [{ kind: 'empty' }], 'no-summary'],
    ['the provider fails', Array(3).fill({ kind: 'status', status: 500 }), 'model'],
    ['the model refuses', [{ kind: 'stop', reason: 'refusal' }], 'model'],
  ])('fails when %s', async (_name, faults, reason) => {
    const all: Fault[] = [];
    const { engine, compaction } = await sessionToCompact(all);
    all.push(...faults);
    const result = await engine.compact(compaction, never);
    expect(result).toMatchObject({ outcome: 'failed', reason });
    await expect(readFile(transcriptOf({ ...task(''), sessionId: compaction.copyId }))).rejects.toThrow();
  });

  it('ends at its time, and when the run is ended', async () => {
    const all: Fault[] = [];
    const { engine, compaction } = await sessionToCompact(all);
    all.push({ kind: 'silent' }, { kind: 'silent' });
    expect(await engine.compact({ ...compaction, timeLimitMs: 500 }, never)).toMatchObject({
      outcome: 'failed',
      reason: 'time',
    });
    const controller = new AbortController();
    const asked = model.requests.length;
    const compacting = engine.compact(compaction, controller.signal);
    await until(() => model.requests.length > asked);
    controller.abort();
    expect(await compacting).toMatchObject({ outcome: 'failed', reason: 'cancelled' });
  });

  it('fails where there is no session', async () => {
    const { engine, compaction } = await sessionToCompact();
    const result = await engine.compact({ ...compaction, sessionId: randomUUID() }, never);
    expect(result).toMatchObject({ outcome: 'failed', reason: 'model', costUsd: 0 });
  });
});
