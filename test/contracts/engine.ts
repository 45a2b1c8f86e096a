import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { textOf } from '../../demo/model/messages.ts';
import { type Fault, type Model, startModel } from '../../demo/model/server.ts';
import type { Task } from '../../demo/model/task.ts';
import type { CompactionTask, Engine, EngineEvent, EngineTask } from '../../src/engines/engine.ts';
import { repair } from '../../src/sessions/repair.ts';
import { transcriptPath } from '../../src/sessions/session-files.ts';
import { until } from '../fakes/processes.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

/** Absolute path of what one test alone has: `work` is the checkout, `config` the session's directory; `home`, `tmp`. */
export type PathOf = (name: string) => string;

/** An engine that can do what the instructions of this suite say, and whose model can be made to fail. */
export interface EngineUnderTest {
  engine: Engine;
  /** What becomes of the model's next answer. */
  next(fault: 'silence' | 'empty'): void;
  /** Whether that answer was asked for and is waited for. */
  isWaiting(): boolean;
  cleanUp?: () => Promise<void>;
}

export const engineInstructions = {
  /** Reads `a.txt`, writes `new/b.txt`, says `Written.` */
  write: 'write it',
  /** Says `Gone on.`, and reads `a.txt` only where the conversation does not have it. */
  goOn: 'go on',
  /** Calls `Bash` with what no rule allows, and says what became of it. */
  denied: 'touch it',
  /** Calls `Bash` with what makes the file `waits` in the checkout and does not end. */
  wait: 'wait for it',
} as const;

/** Where engines with a model differ on purpose, or because one of them is not ours to change. */
interface EngineTraits {
  /** What an answer is in which nothing is said. */
  emptyAnswer: 'completed' | 'failed';
  /** How a run ends whose transcript is refused once. */
  refusedTranscript: 'session-lost' | 'completed';
  /** Whether a path that leads out of the checkout is looked at before anything else is: then each such call is a denial. */
  deniesFirst: boolean;
}

const engineTraits = {
  // Nobody is helped by an answer without words, and `retry` is.
  'anthropic-api': { emptyAnswer: 'failed', refusedTranscript: 'session-lost', deniesFirst: true },
  // It asks the model to say something, and then takes what comes; it takes a refusal for a mishap, and asks again for
  // minutes; and it refuses a file that it has not read, or that is a link, before it asks the rules.
  'claude-code': { emptyAnswer: 'completed', refusedTranscript: 'completed', deniesFirst: false },
} as const satisfies Record<string, EngineTraits>;

const never = new AbortController().signal;
const ignore = () => undefined;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const path: PathOf = (name) => join(directory.path, name);

async function newDirectory(): Promise<void> {
  directory = await temporaryDirectory();
  for (const name of ['work', 'config', 'home', 'tmp']) await mkdir(path(name));
  await writeFile(path('work/a.txt'), 'a\n');
  const wait = `require('node:fs').writeFileSync('waits', ''); setTimeout(() => undefined, 120_000);\n`;
  await writeFile(path('work/wait.cjs'), wait);
}

function task(instruction: string, overrides: Partial<EngineTask> = {}): EngineTask {
  return {
    prompt: `## Instruction\n\n${instruction}\n`,
    sessionId: randomUUID(),
    mode: 'fresh',
    workingDirectory: path('work'),
    configDirectory: path('config'),
    model: 'claude-opus-5-5',
    allowedTools: ['Read(./**)', 'Edit(./**)', 'Bash(node wait.cjs)', 'Bash(node print.cjs)'],
    tools: ['Bash', 'Edit', 'Glob', 'Grep', 'Read', 'Write'],
    ...overrides,
  };
}

function resumed(instruction: string, { sessionId }: EngineTask, overrides: Partial<EngineTask> = {}) {
  return task(instruction, { sessionId, mode: 'resume', ...overrides });
}

function compactionOf({ prompt: _, mode: __, ...same }: EngineTask): CompactionTask {
  return { ...same, copyId: randomUUID(), instructions: 'Name all files.', timeLimitMs: 120_000 };
}

const transcript = (sessionId: string) => readFile(join(path('config'), transcriptPath(sessionId)), 'utf8');

/** That the session can be gone on with, and that what was asked in it stands in one chain. */
async function expectOneChain({ sessionId }: EngineTask, instructions: readonly string[]): Promise<void> {
  expect(await repair(path('config'), sessionId)).toEqual({ outcome: 'whole' });
  const lines = (await transcript(sessionId)).trimEnd().split('\n');
  const records = lines.map((line): Record<string, unknown> => JSON.parse(line));
  const byId = new Map(records.map((record) => [record.uuid, record]));
  let record = records.findLast(
    ({ type, uuid }) => uuid !== undefined && /user|assistant/.test(String(type)),
  );
  const asked: string[] = [];
  while (record !== undefined) {
    const text = record.type === 'user' ? JSON.stringify(record.message) : '';
    const instruction = instructions.find((each) => text.includes(`## Instruction\\n\\n${each}`));
    if (instruction !== undefined) asked.unshift(instruction);
    byId.delete(record.uuid);
    record = byId.get(record.parentUuid ?? record.logicalParentUuid);
  }
  expect(asked).toEqual(instructions);
}

/** What every engine has to do, with or without a model and tools of its own. */
export function engineContract(name: string, create: (path: PathOf) => Promise<EngineUnderTest>): void {
  describe(`the engine contract, by ${name}`, () => {
    const { denied, goOn, wait, write } = engineInstructions;
    let under: EngineUnderTest;
    beforeEach(async () => {
      await newDirectory();
      under = await create(path);
    });
    afterEach(async () => {
      await under.cleanUp?.();
      await directory.remove();
    });
    const run = async (asked: EngineTask, signal = never) => {
      const events: EngineEvent[] = [];
      const result = await under.engine.run(asked, (event) => events.push(event), signal);
      const tools = events.flatMap((event) => (event.type === 'tool' ? [event.name] : []));
      return { result, events, tools };
    };

    it('does a task with its tools, says what it does, and goes on with what it knows', async () => {
      const first = task(write);
      const { result, events, tools } = await run(first);
      expect(result).toMatchObject({
        stopReason: 'completed',
        summary: 'Written.',
        sessionId: first.sessionId,
        unpricedModels: [],
        denials: [],
        requests: 3,
      });
      expect(result).not.toHaveProperty('detail');
      expect(result.turns).toBeGreaterThan(0);
      expect(result.contextTokens).toBeGreaterThan(0);
      expect(tools).toEqual(['Read', 'Write']);
      expect(await readFile(path('work/new/b.txt'), 'utf8')).toBe('b\n');
      expect(events[0]).toMatchObject({
        type: 'started',
        sessionId: first.sessionId,
        model: result.model,
        version: result.version,
        failedServers: [],
      });
      expect(events.filter(({ type }) => type === 'started')).toHaveLength(1);
      expect(events.findLast(({ type }) => type === 'usage')).toMatchObject({ answers: 3, isMain: true });

      const again = await run(resumed(goOn, first));
      expect(again.result).toMatchObject({ stopReason: 'completed', summary: 'Gone on.', requests: 1 });
      expect(again.result.sessionId).toBe(first.sessionId);
      expect(again.tools).toEqual([]);
      // Of this run alone, not of the session.
      expect(again.result.costUsd).toBeLessThan(result.costUsd ?? 0);
      await expectOneChain(first, [write, goOn]);
      expect(await readdir(path('config/projects'))).toEqual(['work']);
    });

    it('loses a session that it does not have, and begins none', async () => {
      const lost = task(goOn, { mode: 'resume' });
      const { result } = await run(lost);
      expect(result).toMatchObject({ stopReason: 'session-lost', summary: '', requests: 0 });
      expect(result.detail).toContain(lost.sessionId);
      expect((await run(task(goOn, { sessionId: lost.sessionId }))).result.stopReason).toBe('completed');
    });

    it('begins no session over one that is there', async () => {
      const first = task(goOn);
      await run(first);
      const before = await transcript(first.sessionId);
      const { result } = await run(first);
      expect(result).toMatchObject({ stopReason: 'failed', requests: 0 });
      expect(await transcript(first.sessionId)).toBe(before);
    });

    it('does not do what no rule allows, names it, and goes on', async () => {
      const { result } = await run(task(denied));
      expect(result.stopReason).toBe('completed');
      expect(new Set(result.denials)).toEqual(new Set(['Bash']));
      expect(await readdir(path('work'))).not.toContain('made');
      // The model is told, so that its answer says what could not be done.
      expect(result.summary).toContain('Bash was denied');
    });

    it('ends at its turns and at its budget, and goes on after both', async () => {
      const first = task(write, { maxTurns: 1 });
      expect((await run(first)).result).toMatchObject({ stopReason: 'turns', requests: 1 });
      const { result } = await run(resumed(write, first, { maxBudgetUsd: 0.0001 }));
      expect(result).toMatchObject({ stopReason: 'budget', requests: 1 });
      expect(result.costUsd).toBeGreaterThan(0.0001);
      expect((await run(resumed(goOn, first))).result).toMatchObject({
        stopReason: 'completed',
        summary: 'Gone on.',
      });
      await expectOneChain(first, [write, write, goOn]);
    });

    it('ends when it is cancelled in a request or in a tool, and goes on after both', async () => {
      const first = task(goOn);
      under.next('silence');
      const inRequest = new AbortController();
      const asked = run(first, inRequest.signal);
      await until(() => under.isWaiting());
      inRequest.abort();
      expect((await asked).result).toMatchObject({ stopReason: 'cancelled', requests: 0 });

      const inTool = new AbortController();
      const working = run(resumed(wait, first), inTool.signal);
      await until(async () => (await readdir(path('work'))).includes('waits'));
      inTool.abort();
      expect((await working).result).toMatchObject({ stopReason: 'cancelled', requests: 1 });
      await expectOneChain(first, [goOn, wait]);

      expect((await run(resumed(goOn, first))).result).toMatchObject({
        stopReason: 'completed',
        summary: 'Gone on.',
      });
      await expectOneChain(first, [goOn, wait, goOn]);
    });

    it('asks nothing when it is cancelled before it begins', async () => {
      const { result, events } = await run(task(write), AbortSignal.abort());
      expect(result).toMatchObject({ stopReason: 'cancelled', summary: '', requests: 0, denials: [] });
      expect(events.filter(({ type }) => type !== 'started')).toEqual([]);
      expect(await readdir(path('work'))).not.toContain('new');
    });

    it('sums a session up under another id, and leaves it as it is, whatever comes of it', async () => {
      const { engine } = under;
      const first = task(write);
      await run(first);
      const before = await transcript(first.sessionId);

      under.next('empty');
      expect(await engine.compact(compactionOf(first), never)).toMatchObject({
        outcome: 'failed',
        reason: 'no-summary',
      });
      under.next('silence');
      const controller = new AbortController();
      const broken = engine.compact(compactionOf(first), controller.signal);
      await until(() => under.isWaiting());
      controller.abort();
      expect(await broken).toMatchObject({ outcome: 'failed', reason: 'cancelled' });
      const compaction = compactionOf(first);
      const made = await engine.compact(compaction, never);
      expect(made).toMatchObject({ outcome: 'compacted' });
      expect(made.costUsd).toBeGreaterThan(0);
      expect(await transcript(first.sessionId)).toBe(before);

      const copy = { ...first, sessionId: compaction.copyId };
      expect(await transcript(copy.sessionId)).toContain('"isCompactSummary":true');
      const again = await run(resumed(goOn, copy));
      expect(again.result).toMatchObject({ stopReason: 'completed', summary: 'Gone on.' });
      // What the summary covers is known.
      expect(again.tools).toEqual([]);
      expect(await transcript(first.sessionId)).toBe(before);

      const unknown = { ...compactionOf(first), sessionId: randomUUID() };
      expect(await engine.compact(unknown, never)).toMatchObject({ outcome: 'failed', reason: 'model' });
    });
  });
}

const { denied, goOn, wait, write } = engineInstructions;

const tasks: Task[] = [
  {
    match: new RegExp(write),
    needs: ['a.txt'],
    edits: [{ path: 'new/b.txt', content: 'b\n' }],
    run: [],
    answer: 'Written.',
  },
  { match: new RegExp(goOn), needs: ['a.txt'], edits: [], run: [], answer: 'Gone on.' },
  { match: new RegExp(denied), needs: [], edits: [], run: ['touch made'], answer: 'Tried.' },
  { match: new RegExp(wait), needs: [], edits: [], run: ['node wait.cjs'], answer: 'Waited.' },
];

type OnMeter = (world: { path: PathOf; model: Model }) => Engine;

/** The same engine for `engineContract`, with the meter for a model. */
export function onMeter(create: OnMeter): (path: PathOf) => Promise<EngineUnderTest> {
  return async (path) => {
    const faults: Fault[] = [];
    const model = await startModel({ tasks, faults });
    const silent = () => model.requests.filter(({ status }) => status === 0).length;
    let silentBefore = 0;
    return {
      engine: create({ path, model }),
      next(fault) {
        silentBefore = silent();
        faults.push({ kind: fault === 'silence' ? 'silent' : 'empty' });
      },
      isWaiting: () => silent() > silentBefore,
      cleanUp: model.close,
    };
  };
}

/** What engines with a model and tools have to do besides; `traits` says where they differ. */
export function modelEngineContract(name: keyof typeof engineTraits, create: OnMeter): void {
  const traits: EngineTraits = engineTraits[name];

  describe(`the contract of engines with a model, by ${name}`, () => {
    let model: Model;
    let faults: Fault[];
    let more: Task[];
    let engine: Engine;
    beforeEach(async () => {
      await newDirectory();
      faults = [];
      more = [];
      model = await startModel({ tasks: more, faults });
      engine = create({ path, model });
    });
    afterEach(async () => {
      await model.close();
      await directory.remove();
    });
    const run = (asked: EngineTask) => engine.run(asked, ignore, never);
    const sent = () => JSON.stringify(model.requests.at(-1)?.body.messages);
    /** Has the model make all of these calls at once. */
    const calls = async (made: Call[], overrides: Partial<EngineTask> = {}) => {
      more.push({ match: /try it/, needs: [], edits: [], atOnce: made, run: [], answer: 'Tried.' });
      const result = await run(task('try it', overrides));
      return { result, results: resultsIn(model.requests.at(-1)) };
    };

    it('asks again what the model could not answer for a moment, and counts each answer once', async () => {
      more.push(...tasks);
      faults.push({ kind: 'status', status: 429, retryAfterSeconds: 1 }, { kind: 'none' });
      faults.push({ kind: 'status', status: 529 }, { kind: 'none' }, { kind: 'cut', afterEvents: 5 });
      const first = task(write);
      const result = await run(first);
      expect(result).toMatchObject({ stopReason: 'completed', summary: 'Written.', denials: [] });
      expect(faults).toEqual([]);
      expect(await readFile(path('work/new/b.txt'), 'utf8')).toBe('b\n');
      await expectOneChain(first, [write]);
      expect(await run(resumed(goOn, first))).toMatchObject({ stopReason: 'completed', requests: 1 });
    });

    it('fails when the model refuses a request, and the session is not lost with it', async () => {
      more.push(...tasks);
      const first = task(goOn);
      const begun = await run(first);
      expect(begun.stopReason).toBe('completed');
      faults.push({ kind: 'status', status: 400, message: 'Your credit balance is too low' });
      const refused = await run(resumed(goOn, first));
      expect(refused).toMatchObject({ stopReason: 'failed', requests: 0 });
      expect(refused.detail).toMatch(/credit balance/i);
      faults.push({
        kind: 'status',
        status: 400,
        message: 'messages.1.content.0: Input should be an object',
      });
      const refusedTranscript = await run(resumed(goOn, first));
      expect(refusedTranscript.stopReason).toBe(traits.refusedTranscript);
      if (traits.refusedTranscript === 'session-lost') {
        expect(refusedTranscript).toMatchObject({ summary: '', requests: 0 });
        expect(refusedTranscript.detail).toContain('Input should be an object');
      }
      const again = await run(resumed(goOn, first));
      expect(again.stopReason).toBe('completed');
      // The conversation is the same as before, byte for byte.
      expect(again.firstRequest?.cacheReadTokens).toBeGreaterThan(begun.contextTokens * 0.8);
    });

    it('takes an answer without words for what it is, and goes on', async () => {
      more.push(...tasks);
      const first = task(goOn);
      faults.push({ kind: 'empty' });
      expect((await run(first)).stopReason).toBe(traits.emptyAnswer);
      expect(await run(resumed(goOn, first))).toMatchObject({ stopReason: 'completed', summary: 'Gone on.' });
    });

    it('is logged out when the model forbids what is asked', async () => {
      more.push(...tasks);
      faults.push(...Array.from({ length: 4 }, (): Fault => ({ kind: 'status', status: 403 })));
      const result = await run(task(goOn));
      expect(result).toMatchObject({ stopReason: 'logged-out', summary: '', requests: 0 });
      expect(result.detail).not.toBe('');
    });

    it('is logged out when its key is refused', async () => {
      const guarded = await startModel({ tasks, apiKey: 'another-key' });
      try {
        const result = await create({ path, model: guarded }).run(task(goOn), ignore, never);
        expect(result).toMatchObject({ stopReason: 'logged-out', summary: '', requests: 0 });
        expect(JSON.stringify(result)).not.toContain('another-key');
      } finally {
        await guarded.close();
      }
    });

    it('takes in no more of a huge result than a conversation bears, nor bytes that are no text', async () => {
      await writeFile(path('work/huge.txt'), 'all of it\n'.repeat(200_000));
      const print = `process.stdout.write('much of it\\n'.repeat(200_000));\n`;
      await writeFile(path('work/print.cjs'), print);
      const latin = Buffer.from('caf\xe9 one\ncaf\xe9 two\n', 'latin1');
      await writeFile(path('work/latin.txt'), latin);
      const { result, results } = await calls([
        { name: 'Read', input: { file_path: path('work/huge.txt') } },
        { name: 'Read', input: { file_path: path('work/latin.txt') } },
        { name: 'Bash', input: { command: 'node print.cjs', description: 'Print' } },
        {
          name: 'Edit',
          input: { file_path: path('work/latin.txt'), old_string: 'one', new_string: 'three' },
        },
      ]);
      expect(result).toMatchObject({ stopReason: 'completed', summary: 'Tried.', denials: [] });
      expect(sent().length).toBeLessThan(250_000);
      expect(sent().isWellFormed()).toBe(true);
      expect(results[1]?.text).toContain('one');
      expect(results[2]?.text).toContain('much of it');
      // A change of it would damage its other bytes.
      expect(results[3]).toMatchObject({ isError: true, text: expect.stringContaining('not valid UTF-8') });
      expect(await readFile(path('work/latin.txt'))).toEqual(latin);
    });

    it('reads outside of the checkout what a rule names by its absolute path, and changes nothing there', async () => {
      await mkdir(path('context'));
      const [named, other] = [path('context/ticket.md'), path('other.md')];
      await writeFile(named, '# All of the ticket\n');
      await writeFile(other, '# Not for you\n');
      const { result, results } = await calls(
        [
          { name: 'Read', input: { file_path: named } },
          { name: 'Read', input: { file_path: other } },
          { name: 'Edit', input: { file_path: named, old_string: 'All', new_string: 'None' } },
          { name: 'Write', input: { file_path: named, content: 'None\n' } },
        ],
        { allowedTools: ['Read(./**)', 'Edit(./**)', `Read(/${path('context')}/**)`] },
      );
      expect(result).toMatchObject({ stopReason: 'completed', denials: ['Read', 'Edit', 'Write'] });
      expect(results[0]?.text).toContain('# All of the ticket');
      expect(sent()).not.toContain('Not for you');
      expect(await readFile(named, 'utf8')).toBe('# All of the ticket\n');
    });

    it.each(['Read', 'Edit', 'Write', 'Grep', 'Glob'])('keeps %s in the checkout', async (tool) => {
      await mkdir(path('outside'));
      await writeFile(path('outside/secret.txt'), 'hidden: not for you\n');
      await symlink(path('outside'), path('work/link'));
      await symlink(path('outside/secret.txt'), path('work/link.txt'));
      await symlink(path('outside/new.txt'), path('work/dangling.txt'));
      const files = [
        '../outside/secret.txt',
        'link/secret.txt',
        'link.txt',
        '../outside/new.txt',
        'dangling.txt',
      ];
      const places = { Grep: ['..', '../outside', 'link', 'link.txt'], Glob: ['..', '../outside', 'link'] };
      const ways = tool === 'Grep' || tool === 'Glob' ? places[tool] : files;
      const given = ways.flatMap((way) => [way, path(join('work', way)), `${path('work')}/./${way}`]);
      const made = given.map((way): Call => ({ name: tool, input: inputOf(tool, way) }));
      if (tool === 'Glob') {
        for (const pattern of ['../outside/*', 'link/*', `${path('outside')}/*`]) {
          made.push({ name: tool, input: { pattern } });
        }
      }
      const { result, results } = await calls(made);
      expect(result.stopReason).toBe('completed');
      expect(results).toHaveLength(made.length);
      for (const { isError, text } of results) {
        expect(text).not.toContain('not for you');
        if (!isError) expect(text).toMatch(/^No (?:files|matches) found/);
      }
      expect(result.denials).toContain(tool);
      if (traits.deniesFirst) {
        expect(result.denials).toHaveLength(results.filter(({ isError }) => isError).length);
      }
      expect(await readFile(path('outside/secret.txt'), 'utf8')).toBe('hidden: not for you\n');
      expect(await readdir(path('outside'))).toEqual(['secret.txt']);
    });
  });
}

type Call = { name: string; input: Record<string, unknown> };

function inputOf(tool: string, way: string): Record<string, unknown> {
  switch (tool) {
    case 'Read':
      return { file_path: way };
    case 'Edit':
      // What is not there yet can be made; what is there, the CLI wants to have read.
      return { file_path: way, old_string: /new|dangling/.test(way) ? '' : 'hidden', new_string: 'shown' };
    case 'Write':
      return { file_path: way, content: 'shown' };
    case 'Grep':
      return { pattern: 'hidden', path: way, output_mode: 'content' };
    default:
      return { pattern: '**/*.txt', path: way };
  }
}

/** What the tools answered, in the order of the calls. */
function resultsIn(request: Model['requests'][number] | undefined): { text: string; isError: boolean }[] {
  const blocks = (request?.body.messages ?? []).flatMap(({ content }) =>
    Array.isArray(content) ? content : [],
  );
  return blocks
    .filter(({ type }) => type === 'tool_use')
    .map(({ id }) => {
      const answer = blocks.find((block) => block.type === 'tool_result' && block.tool_use_id === id);
      return { text: textOf(answer?.content), isError: answer?.is_error === true };
    });
}
