import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../action/run.ts';
import { blocksOf } from '../../demo/model/messages.ts';
import { type Model, startModel } from '../../demo/model/server.ts';
import type { Task } from '../../demo/model/task.ts';
import type { Report } from '../../src/core/report.ts';
import { realClaude } from '../fakes/real-claude.ts';
import { git } from '../fakes/repository.ts';
import { createWorld, type JobFields, type World } from './world.ts';

const key = 'sk-ant-real-key-0123456789';
const branch = 'dexter/DXTR-1-coupons';

const tasks: Task[] = [
  { match: /what is in a\.txt/, needs: ['a.txt'], edits: [], run: [], answer: 'An a.' },
  { match: /plan the coupons/, needs: ['a.txt'], edits: [], run: [], answer: '1. Write `coupon.js`.' },
  {
    match: /plan, but do it/,
    needs: ['a.txt'],
    edits: [{ path: 'coupon.js', content: 'export const coupon = 1;\n' }],
    run: ['touch sneaky.txt'],
    answer: 'Planned.',
  },
  {
    match: /carry it out/,
    needs: ['a.txt'],
    edits: [{ path: 'coupon.js', content: 'export const coupon = 1;\n' }],
    run: [],
    answer: 'Done.',
  },
];

let world: World;
let model: Awaited<ReturnType<typeof startModel>>;
beforeEach(async () => {
  world = await createWorld();
  model = await startModel({ tasks, apiKey: key });
});
afterEach(async () => {
  await model.close();
  await world[Symbol.asyncDispose]();
});

async function disposable(starting: Promise<Model>): Promise<Model & AsyncDisposable> {
  const started = await starting;
  return Object.assign(started, { [Symbol.asyncDispose]: () => started.close() });
}

async function reportOf(job: Partial<JobFields>, steps: string[] = []): Promise<Report> {
  const options = world.options({
    ...job,
    inputs: {
      'anthropic-api-key': key,
      'anthropic-base-url': model.url,
      model: 'claude-sonnet-4-5',
      ...job.inputs,
    },
  });
  const ended = await run({ ...options, log: { ...options.log, info: (line) => steps.push(line) } });
  if (ended.outcome !== 'ended') throw new Error(ended.outcome);
  return ended.report;
}

const direct = { engine: 'anthropic-api' };
/** No CLI: whoever looked for one would find nothing. */
const noCli = { 'claude-path': '/nowhere/claude' };

async function branches(): Promise<string> {
  return await git(world.repository.path, 'branch', '--list', 'dexter/*');
}

/** The requests of the main conversation since `from`. */
const asked = (from = 0) => model.requests.slice(from).filter(({ kind }) => kind === 'task');

/** The manifest's pins and engine are what the next run goes by: read from its words. */
const reasonOf = ({ session }: Report) => session?.resumption?.reason;

describe('the direct engine', () => {
  it('answers without any CLI, through the proxy that holds the key', async () => {
    const steps: string[] = [];
    const job = { instruction: 'what is in a.txt', session: direct, inputs: noCli };
    const report = await reportOf(job, steps);
    expect(report).toMatchObject({
      outcome: 'done',
      engine: 'anthropic-api',
      summary: 'An a.',
      commits: [],
      denials: [],
      session: { mode: 'fresh', generation: 1, engineVersion: expect.stringMatching(/^\d+\.\d+/) },
    });
    expect(report.costUsd).toBeGreaterThan(0);
    expect(steps).toContain('Asking the model');
    expect(steps.join('\n')).not.toContain('Claude Code');
  });

  it.each([
    ['request-ends', [[0], [0, 2]]],
    ['interval', [[], []]],
  ])('has its cache markers where the input says: %s', async (markers, expected) => {
    const inputs = { ...noCli, 'cache-markers': markers };
    await reportOf({ instruction: 'what is in a.txt', session: direct, inputs });
    const isMarked = (block: object) => 'cache_control' in block && block.cache_control != null;
    const places = asked().map(({ body }) =>
      body.messages.flatMap(({ content }, index) => (blocksOf(content).some(isMarked) ? [index] : [])),
    );
    expect(places).toEqual(expected);
    for (const { body } of asked()) {
      expect([blocksOf(body.system).at(-1), body.tools?.at(-1)].every((last) => last && isMarked(last))).toBe(
        true,
      );
    }
  });

  it.each(['auto', 'off'])('opens nothing that is to be hidden, with isolation %s', async (isolation) => {
    const directory = join(world.directory, 'credentials');
    await mkdir(directory);
    await writeFile(join(directory, 'token'), 'not for the model');
    const path = join(directory, 'token');
    const reading: Task = { match: /read the token/, needs: [path], edits: [], run: [], answer: 'Read.' };
    await using server = await disposable(startModel({ tasks: [reading], apiKey: key }));
    const inputs = {
      ...noCli,
      isolation,
      'anthropic-base-url': server.url,
      'allowed-tools': `Read(./**)\nRead(/${directory}/**)`,
    };
    const shown = () => JSON.stringify(server.requests.map(({ body }) => body.messages));
    await reportOf({ instruction: 'read the token', session: direct, inputs });
    expect(shown()).toContain('not for the model');

    const job = { instruction: 'read the token', session: { ...direct, mode: 'fresh' } };
    server.requests.length = 0;
    const report = await reportOf({ ...job, inputs: { ...inputs, 'hidden-paths': directory } });
    expect(report.denials).toContain('Read');
    expect(shown()).not.toContain('not for the model');
  });

  it('changes code, and the change becomes a pull request', async () => {
    const report = await reportOf({ instruction: 'carry it out', session: direct, inputs: noCli });
    expect(report).toMatchObject({ outcome: 'done', pullRequest: { number: 7 }, denials: [] });
    expect(await world.repository.files(branch)).toContain('coupon.js');
  });

  it('is refused by name where only the CLI can reach the model, before anything is done', async () => {
    const inputs = { 'anthropic-api-key': '', 'anthropic-oauth-token': 'sk-ant-oat-1', ...noCli };
    const report = await reportOf({ instruction: 'what is in a.txt', session: direct, inputs });
    expect(report).toMatchObject({
      outcome: 'failed',
      problem: {
        code: 'engine-missing',
        message: expect.stringContaining('the token of a subscription'),
        hint: expect.stringContaining('--engine claude-code'),
      },
      costUsd: 0,
    });
    expect(report.engine).toBeUndefined();
    expect(model.requests).toEqual([]);
  });

  it('says that a key is refused in its own name', async () => {
    const inputs = { 'anthropic-api-key': 'sk-ant-wrong', ...noCli };
    const report = await reportOf({ instruction: 'what is in a.txt', session: direct, inputs });
    expect(report.problem).toMatchObject({
      code: 'engine-logged-out',
      message: expect.stringMatching(/^The direct engine/),
    });
  });
});

describe('one session of two engines', () => {
  it('goes on with what the other one began, and says why nothing is cached', async () => {
    const cli = { 'claude-path': realClaude };
    const first = await reportOf({ instruction: 'what is in a.txt', inputs: cli });
    expect(first).toMatchObject({ outcome: 'done', engine: 'claude-code', summary: 'An a.' });
    const session = { ...direct, generation: 1 };
    const second = await reportOf({ instruction: 'plan the coupons', context: '', session, inputs: noCli });
    expect(second).toMatchObject({
      outcome: 'done',
      engine: 'anthropic-api',
      session: { id: first.session?.id, mode: 'resume', generation: 2 },
      notices: [],
    });
    expect(reasonOf(second)).toContain('the engine changed from claude-code to anthropic-api');
    const before = model.requests.length;
    const third = await reportOf({
      instruction: 'carry it out',
      context: '',
      session: { generation: 2 },
      inputs: cli,
    });
    expect(third).toMatchObject({
      outcome: 'done',
      engine: 'claude-code',
      session: { id: first.session?.id, mode: 'resume', generation: 3 },
    });
    expect(reasonOf(third)).toContain('the engine changed from anthropic-api to claude-code');
    expect(JSON.stringify(asked(before)[0]?.body)).toContain('1. Write `coupon.js`.');
  });
});

describe('a plan', () => {
  it('stays with the engine that its session had, and only reads', async () => {
    const job = { instruction: 'what is in a.txt', session: direct, inputs: noCli };
    expect(await reportOf(job)).toMatchObject({ outcome: 'done', engine: 'anthropic-api' });
    const report = await reportOf({
      instruction: 'plan the coupons',
      session: { kind: 'plan', generation: 1 },
      inputs: noCli,
    });
    expect(report).toMatchObject({
      outcome: 'done',
      engine: 'anthropic-api',
      kind: 'plan',
      summary: '1. Write `coupon.js`.',
      commits: [],
      notices: [],
      session: { generation: 2 },
    });
    expect(report.pullRequest).toBeUndefined();
    expect(await branches()).toBe('');
  });

  it('is made by the CLI in a new session, where nobody names an engine', async () => {
    const session = { kind: 'plan' };
    const inputs = { 'claude-path': realClaude };
    expect(await reportOf({ instruction: 'plan the coupons', session, inputs })).toMatchObject({
      outcome: 'done',
      engine: 'claude-code',
      commits: [],
    });
  });

  it.each([
    ['claude-code', { 'claude-path': realClaude }],
    ['anthropic-api', noCli],
  ] as const)(
    'of %s may not change anything, begins its requests as any run, and is known to the next one',
    async (engine, inputs) => {
      const plan = await reportOf({
        instruction: 'plan, but do it',
        session: { kind: 'plan', engine },
        inputs: { 'allowed-tools': 'Read(./**)\nEdit(./**)\nGrep\nBash(touch *)', ...inputs },
      });
      expect(plan).toMatchObject({ outcome: 'done', engine, commits: [], denials: [] });
      expect(plan.notices).toEqual([expect.stringMatching(/^A plan is made by reading alone, so that tool/)]);
      expect(plan.pullRequest).toBeUndefined();
      expect(await branches()).toBe('');
      const [planned] = asked();

      const before = model.requests.length;
      const next = await reportOf({
        instruction: 'carry it out',
        context: '',
        session: { engine, generation: 1 },
        inputs: { 'allowed-tools': 'Read(./**)\nEdit(./**)\nGrep\nBash(touch *)', ...inputs },
      });
      expect(next).toMatchObject({
        outcome: 'done',
        session: { id: plan.session?.id, mode: 'resume', resumption: { choice: 'warm' } },
        pullRequest: { number: 7 },
        commits: [{ title: 'DXTR-1: Coupons' }],
      });
      const [first] = asked(before);
      expect(first?.body.tools).toEqual(planned?.body.tools);
      expect(first?.usage.cache_read_input_tokens).toBeGreaterThan((plan.session?.contextTokens ?? 0) * 0.8);
      expect(JSON.stringify(first?.body)).toContain('plan, but do it');
    },
  );

  it('goes on with the engine of the session, whose prompt cache it reads', async () => {
    const cli = { 'claude-path': realClaude };
    await reportOf({ instruction: 'what is in a.txt', inputs: cli });
    const before = model.requests.length;
    const plan = await reportOf({
      instruction: 'plan the coupons',
      context: '',
      session: { kind: 'plan', generation: 1 },
      inputs: cli,
    });
    expect(plan).toMatchObject({ outcome: 'done', engine: 'claude-code', notices: [] });
    expect(asked(before)[0]?.usage.cache_read_input_tokens).toBeGreaterThan(0);
  });

  it('throws away what was changed all the same, and says so', async () => {
    const plan = { write: { 'a.txt': 'changed\n', 'new.txt': 'new\n' } };
    const report = await reportOf({ plan, session: { kind: 'plan', engine: 'claude-code' } });
    expect(report).toMatchObject({ outcome: 'done', summary: 'Fake answer.', commits: [] });
    expect(report.notices).toContain(
      'A plan changes nothing: what the run changed was thrown away (files `a.txt`, `new.txt`).',
    );
    expect(await branches()).toBe('');
    const work = join(world.workspace, 'work');
    const [issue = ''] = await readdir(work);
    const checkout = join(work, issue, 'checkout');
    expect(await readFile(join(checkout, 'a.txt'), 'utf8')).not.toBe('changed\n');
    await expect(access(join(checkout, 'new.txt'))).rejects.toThrow();
    expect(await git(checkout, 'for-each-ref', 'refs/dexter/unpushed')).toBe('');
  });
});
