import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recover } from '../../action/recover.ts';
import { emptyReport } from '../../action/report.ts';
import type { RunState } from '../../action/run-state.ts';
import { IssueKey } from '../../src/core/issue-key.ts';
import { transcriptSizes } from '../../src/engines/claude-code/transcript-usage.ts';
import { restore } from '../../src/sessions/restore.ts';
import { transcriptPath } from '../../src/sessions/session-files.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';
import { workPath } from '../../src/workspace/layout.ts';
import { testKeys } from '../fakes/forge.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let store: SessionStore;
let warnings: string[];
beforeEach(async () => {
  directory = await temporaryDirectory();
  store = memoryStore();
  warnings = [];
});
afterEach(() => directory.remove());

const ref = { installationId: 1, repositoryId: 20, issueKey: IssueKey.parse('DXTR-1') };
const sessionKeys = testKeys();
const ours = '11111111-2222-4333-8444-555555555555';
const theirs = '99999999-2222-4333-8444-555555555555';

function stateOf(session: Partial<NonNullable<RunState['session']>> = {}): RunState {
  return {
    commandId: ours,
    appUrl: 'https://dexter.example',
    claim: { fence: 1, runToken: 'run-token' },
    sessionKeys,
    startedAt: Date.now(),
    workspace: directory.path,
    ref,
    prices: {},
    session: {
      id: ours,
      mode: 'fresh',
      choice: 'fresh',
      engine: 'claude-code',
      nextGeneration: 1,
      parentGeneration: 0,
      isGuessed: false,
      model: null,
      effort: null,
      costBeforeUsd: 0,
      resumedTokens: 0,
      transcripts: {},
      headCommit: 'a'.repeat(40),
      baseBranchCommit: null,
      ticket: null,
      workingDirectory: directory.path,
      ...session,
    },
  };
}

/** What the engine of a run that died has left. */
async function leave(
  id: string,
  { answered = true, marks = '', more = [] as unknown[] } = {},
): Promise<void> {
  const path = join(workPath(directory.path, ref), 'config', transcriptPath(id));
  const line = (type: string, uuid: string, parentUuid: string | null) =>
    JSON.stringify({ type, uuid, parentUuid, message: { role: type, content: 'text' } });
  const [first, second] = [`${marks}u-1`, `${marks}u-2`];
  const lines = [
    line('user', first, null),
    ...(answered ? [line('assistant', second, first)] : []),
    ...more.map((each) => JSON.stringify(each)),
  ];
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, lines.map((each) => `${each}\n`).join(''));
}

const recovered = (
  state: RunState,
  keptReport = async () => undefined as Awaited<ReturnType<typeof recover>> | undefined,
) =>
  recover({
    state,
    keptReport,
    openStore: async () => store,
    env: {},
    warn: (message) => warnings.push(message),
  });

const restored = () =>
  restore({
    store,
    keys: sessionKeys,
    ref,
    configDirectory: join(directory.path, 'restored'),
    temporaryDirectory: directory.path,
  });

async function newestSaved() {
  const found = await restored();
  if (found.outcome !== 'restored') throw new Error(`The session was not kept: ${found.outcome}`);
  return found.manifest;
}

async function newest() {
  const found = await restored();
  return found.outcome === 'restored' ? [found.manifest.sessionId, found.generation] : found.outcome;
}

describe('recover', () => {
  const continued = {
    mode: 'resume',
    choice: 'warm',
    nextGeneration: 2,
    parentGeneration: 1,
  } as const;

  it('saves what the engine left, and finds it saved when it is asked once more', async () => {
    await leave(ours);
    const restore = { outcome: 'miss', durationMs: 12 } as const;
    expect(await recovered(stateOf({ store: { name: 's3', restore } }))).toMatchObject({
      outcome: 'failed',
      problem: { code: 'runner-lost' },
      session: { id: ours, generation: 1 },
      store: { name: 's3', restore, save: { outcome: 'saved', durationMs: expect.any(Number) } },
      notices: [expect.any(String), expect.stringContaining('The session was saved')],
    });
    // The main step wrote it to the store, and died before it could say so.
    await leave(ours);
    expect(await recovered(stateOf())).toMatchObject({ session: { id: ours, generation: 1 } });
    expect(await newest()).toEqual([ours, 1]);
    expect(warnings).toEqual([]);
  });

  /** An answer as a transcript holds it: a record for each block, all with the usage of the whole message. */
  function answered(id: string, model: string, output_tokens: number, timestamp?: string) {
    const usage = {
      input_tokens: 10,
      cache_read_input_tokens: 1_000,
      cache_creation_input_tokens: 2_000,
      cache_creation: { ephemeral_5m_input_tokens: 500, ephemeral_1h_input_tokens: 1_500 },
      output_tokens,
    };
    return ['text', 'tool_use'].map((type) => ({
      type: 'assistant',
      uuid: `${id}-${type}`,
      parentUuid: null,
      isSidechain: false,
      ...(timestamp === undefined ? {} : { timestamp }),
      message: { id, model, role: 'assistant', content: [{ type, text: 'x' }], usage },
    }));
  }

  it('reports what the run used and what it cost, from what it has added to the transcript', async () => {
    await leave(ours, { more: answered('earlier', 'claude-sonnet-4-5', 100) });
    const config = join(workPath(directory.path, ref), 'config');
    const transcripts = await transcriptSizes(config, ours);
    const path = join(config, transcriptPath(ours));
    const lines = [
      ...answered('m-1', 'claude-sonnet-4-5', 100),
      ...answered('m-2', 'claude-sonnet-4-5', 200),
      {
        type: 'assistant',
        message: { id: 's', model: '<synthetic>', content: [], usage: { input_tokens: 0 } },
      },
    ].map((each) => `${JSON.stringify(each)}\n`);
    await writeFile(path, `${lines.join('')}{"type":"assistant","message":{"id":"m-3"`, { flag: 'a' });
    const helper = join(config, 'projects/work', ours, 'subagents/agent-1.jsonl');
    await mkdir(dirname(helper), { recursive: true });
    await writeFile(helper, `${JSON.stringify(answered('m-4', 'claude-haiku-4-5', 50)[0])}\n`);

    const report = await recovered(stateOf({ transcripts, costBeforeUsd: 1 }));
    expect(report).toMatchObject({
      usage: {
        inputTokens: 30,
        cacheReadTokens: 3_000,
        cacheWriteTokens: 6_000,
        cacheWriteHourTokens: 4_500,
        outputTokens: 350,
      },
      session: { contextTokens: 3_210 },
      notices: [expect.stringContaining('The session was saved')],
    });
    const ofSonnet = 20 * 3 + 2_000 * 0.3 + 1_000 * 3.75 + 3_000 * 6 + 300 * 15;
    const ofHaiku = 10 + 1_000 * 0.1 + 500 * 1.25 + 1_500 * 2 + 50 * 5;
    expect(report.costUsd).toBeCloseTo((ofSonnet + ofHaiku) / 1e6, 12);
    expect((await newestSaved()).costUsd).toBeCloseTo(1 + (ofSonnet + ofHaiku) / 1e6, 12);
  });

  it('saves when the conversation was last read from the prompt cache, and how it began', async () => {
    const startedAt = Date.parse('2026-01-01T00:00:00.000Z');
    const [first, second, later] = ['00:01', '00:02', '00:03'].map((time) => `2026-01-01T${time}:00.000Z`);
    const synthetic = { ...answered('s', '<synthetic>', 0, later)[0] };
    const more = [
      ...answered('m-1', 'claude-sonnet-4-5', 100, first),
      ...answered('m-2', 'claude-sonnet-4-5', 200, second),
      synthetic,
    ];
    await leave(ours, { more });
    await recovered({ ...stateOf(), startedAt });
    const { figures } = await newestSaved();
    expect(figures).toMatchObject({ lastRequestAt: second, cacheLife: '1h', requests: 2, baseTokens: 0 });
    expect(figures?.start).toMatchObject({ contextTokens: 3_210, requests: 2 });

    // A follow-up is added to what was known; an answer from before the run, or from the future, is none.
    await leave(ours, { more });
    const transcripts = await transcriptSizes(join(workPath(directory.path, ref), 'config'), ours);
    const forged = answered('m-3', 'claude-sonnet-4-5', 100, '2020-01-01T00:00:00.000Z');
    await leave(ours, { more: [...more, ...forged] });
    const state = stateOf({ ...continued, transcripts, figures });
    await recovered({ ...state, startedAt });
    expect((await newestSaved()).figures).toMatchObject({
      lastRequestAt: '2026-01-01T00:00:00.000Z',
      requests: 1,
      followUps: [1],
      start: figures?.start,
    });
  });

  it('says so when the transcript knows nothing of tokens, or a model has no price', async () => {
    await leave(ours);
    const silent = await recovered(stateOf());
    expect(silent).toMatchObject({ usage: { inputTokens: 0, outputTokens: 0 }, costUsd: null });
    expect(silent.notices[0]).toContain('says nothing of the tokens of this run');

    await leave(ours, { more: answered('m-1', 'claude-nova-9', 10) });
    const unpriced = await recovered(stateOf());
    expect(unpriced).toMatchObject({ usage: { inputTokens: 10, outputTokens: 10 }, costUsd: null });
    expect(unpriced.notices[0]).toBe(
      'There is no price for the model `claude-nova-9`: tokens are shown without money. Add it under `prices`.',
    );
    expect(warnings).toEqual([]);
  });

  it('keeps the whole conversation when its copy got no answer, whatever was said in it before', async () => {
    await leave(ours);
    await recovered(stateOf());
    await leave(theirs);
    const transcripts = await transcriptSizes(join(workPath(directory.path, ref), 'config'), theirs);
    const session = { ...continued, id: theirs, choice: 'compacted', transcripts } as const;
    const error = { type: 'assistant', uuid: 'e', parentUuid: 'u-2', message: { model: '<synthetic>' } };
    await leave(theirs, { more: [error] });
    expect(await recovered(stateOf(session))).toMatchObject({ session: { generation: 0 } });
    expect(await newest()).toEqual([ours, 1]);
    await leave(theirs, { more: [error, { ...error, uuid: 'a', message: { content: 'text' } }] });
    expect(await recovered(stateOf(session))).toMatchObject({ session: { generation: 2 } });
    expect(await newest()).toEqual([theirs, 2]);
  });

  it('saves a conversation that got no answer as large as it was', async () => {
    await leave(ours);
    await recovered(stateOf());
    await leave(ours, { answered: false });
    const session = { ...continued, resumedTokens: 180_000 };
    expect(await recovered(stateOf(session))).toMatchObject({ session: { contextTokens: 180_000 } });
    expect(await newestSaved()).toMatchObject({ generation: 2, contextTokens: 180_000 });
  });

  it('leaves what another run has saved meanwhile', async () => {
    await leave(theirs);
    await recovered(stateOf({ id: theirs }));
    await leave(ours);
    expect(await recovered(stateOf())).toMatchObject({
      session: { id: ours, generation: 0 },
      notices: [expect.any(String), expect.stringContaining('Neither the session')],
    });
    expect(await newest()).toEqual([theirs, 1]);
  });

  it('saves behind what is there when the store did not answer at the beginning', async () => {
    await leave(theirs);
    await recovered(stateOf({ id: theirs }));
    await leave(ours);
    expect(await recovered(stateOf({ isGuessed: true }))).toMatchObject({ session: { generation: 2 } });
    expect(await newest()).toEqual([ours, 2]);
  });

  it.each([
    ['a first one', {}, 1],
    ['one after others', { nextGeneration: 2 }, 0],
    ['one that may be after others', { isGuessed: true }, 0],
  ])('saves a session without an answer only when it is %s', async (_, session, generation) => {
    if ('nextGeneration' in session) {
      await leave(theirs);
      await recovered(stateOf({ id: theirs }));
    }
    await leave(ours, { answered: false });
    // The first one of an issue replaces nothing: it is worth more than none.
    expect((await recovered(stateOf(session))).session?.generation).toBe(generation);
  });

  it('saves what the run said in the compacted copy as well', async () => {
    const copyId = '22222222-2222-4333-8444-555555555555';
    const copy = { sessionId: copyId, contextTokens: 900, summedUpTo: 1 };
    await leave(ours);
    await recovered(stateOf());
    await leave(copyId);
    await leave(ours, { marks: 'whole-' });
    const before = `{"type":"user","uuid":"whole-u-1","parentUuid":null,"message":{"role":"user","content":"text"}}\n`;
    const session = continued;
    const state = stateOf({ ...session, copy: { ...copy, bytesBefore: Buffer.byteLength(before) } });
    expect(await recovered(state)).toMatchObject({ session: { generation: 2 } });
    expect(await newest()).toEqual([ours, 2]);
    const path = join(directory.path, 'restored', transcriptPath(copyId));
    const links = (await readFile(path, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .map(({ uuid, parentUuid }) => [uuid, parentUuid]);
    expect(links).toEqual([
      ['u-1', null],
      ['u-2', 'u-1'],
      ['whole-u-2', 'u-2'],
    ]);
    expect(warnings).toEqual([]);
  });

  it('saves the whole alone when its copy is gone', async () => {
    await leave(ours);
    const copyId = '22222222-2222-4333-8444-555555555555';
    const copy = { sessionId: copyId, contextTokens: 900, summedUpTo: 1, bytesBefore: 0 };
    expect(await recovered(stateOf({ copy }))).toMatchObject({ session: { generation: 1 } });
    expect(await newest()).toEqual([ours, 1]);
  });

  it('reports although the session cannot be saved', async () => {
    await leave(ours);
    store = {
      ...store,
      write: async () => {
        throw new Error('the disk is full');
      },
    };
    expect(await recovered(stateOf({ store: { name: 's3' } }))).toMatchObject({
      session: { generation: 0 },
      store: { name: 's3', save: { outcome: 'failed' } },
    });
    expect(warnings).toEqual(['the disk is full']);
  });

  it('reports although the directory of the session cannot be opened', async () => {
    await writeFile(join(directory.path, 'work'), '');
    expect(await recovered(stateOf())).toMatchObject({
      problem: { code: 'runner-lost' },
      notices: [expect.any(String), expect.stringContaining('Neither the session')],
    });
    expect(warnings).toHaveLength(1);
  });

  it('takes the report that the main step left, and saves nothing once more', async () => {
    await leave(ours);
    const kept = { ...emptyReport(), summary: 'As the main step left it.' };
    expect(await recovered(stateOf(), async () => kept)).toEqual(kept);
    expect(await newest()).toBe('none');
  });
});
