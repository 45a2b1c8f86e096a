import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../action/run.ts';
import type { RunOptions } from '../../action/work.ts';
import { type Fault, type LoggedRequest, type Model, startModel } from '../../demo/model/server.ts';
import type { Report } from '../../src/core/report.ts';
import type { SessionManifest } from '../../src/core/session.ts';
import { compactionInstructions } from '../../src/sessions/compaction-instructions.ts';
import { restore } from '../../src/sessions/restore.ts';
import { largeFiles, largeTasks } from '../fakes/large-repository.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { until } from '../fakes/processes.ts';
import { realClaude } from '../fakes/real-claude.ts';
import { git } from '../fakes/repository.ts';
import { createWorld, type JobFields, type World } from './world.ts';

let world: World;
let model: Model;
let faults: Fault[];
let store: ReturnType<typeof memoryStore>;
beforeEach(async () => {
  world = await createWorld();
  await world.repository.commit('main', largeFiles);
  faults = [];
  model = await startModel({ tasks: largeTasks, faults });
  store = memoryStore();
});
afterEach(async () => {
  await model.close();
  await world[Symbol.asyncDispose]();
});

async function reportOf(job: Partial<JobFields>, changes: Partial<RunOptions> = {}): Promise<Report> {
  const inputs = {
    'claude-path': realClaude,
    'anthropic-api-key': 'real-key',
    'anthropic-base-url': model.url,
    model: 'claude-sonnet-4-5',
    'allowed-tools': 'Read(./**)\nEdit(./**)',
    ...job.inputs,
  };
  const options = { ...world.options({ ...job, inputs }), ...changes };
  const openStores = async () => ({ ...(await options.openStores()), store });
  const ended = await run({ ...options, openStores });
  if (ended.outcome !== 'ended') throw new Error(ended.outcome);
  return ended.report;
}

const firstTask = { instruction: 'read everything' };

/** What is in the store, unpacked in a directory of its own. */
async function kept(): Promise<{ manifest: SessionManifest; transcripts: string[] }> {
  const configDirectory = join(world.directory, `kept-${randomUUID()}`);
  const restored = await restore({
    store,
    keys: world.forge.sessionKeys,
    ref: { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' },
    configDirectory,
    temporaryDirectory: world.directory,
  });
  if (restored.outcome !== 'restored') throw new Error(restored.outcome);
  const names = await readdir(join(configDirectory, 'projects/work'));
  const transcripts = names.filter((name) => name.endsWith('.jsonl')).map((name) => name.slice(0, -6));
  return { manifest: restored.manifest, transcripts: transcripts.sort() };
}

/** What is kept in the checkout of what the server does not have. */
async function unpushed(): Promise<string> {
  const work = join(world.workspace, 'work');
  const [issue = ''] = await readdir(work);
  return await git(join(work, issue, 'checkout'), 'for-each-ref', 'refs/dexter/unpushed');
}

const compactions = () => model.requests.filter(({ kind }) => kind === 'compaction');
const inputOf = ({ usage }: LoggedRequest) =>
  usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens;

describe('a run of a large conversation', () => {
  it('saves a compacted copy beside the whole, and what the next run says goes into both', async () => {
    const first = await reportOf(firstTask);
    expect(first).toMatchObject({ outcome: 'done', session: { compaction: { outcome: 'compacted' } } });
    expect(first.notices).toEqual([]);
    expect(JSON.stringify(compactions().at(0)?.body.messages.at(-1))).toContain(compactionInstructions);
    const [compaction, ...others] = compactions();
    if (compaction === undefined) throw new Error('there was no compaction');
    expect(others).toEqual([]);
    const last = model.requests.filter(({ kind }) => kind === 'task').at(-1);
    expect(compaction.usage.cache_read_input_tokens).toBeGreaterThan(0.95 * (last ? inputOf(last) : 0));
    // The report holds what the copy took.
    const sent = model.requests.filter(({ status }) => status === 200);
    const sum = (pick: (request: LoggedRequest) => number) =>
      sent.reduce((total, each) => total + pick(each), 0);
    expect(first.usage.cacheReadTokens).toBe(sum(({ usage }) => usage.cache_read_input_tokens));
    expect(first.usage.outputTokens).toBe(sum(({ usage }) => usage.output_tokens));
    expect(first.costUsd).toBeGreaterThan(first.session?.compaction?.costUsd ?? 0);
    expect(first.session?.compaction?.costUsd).toBeGreaterThan(0);
    expect(first.session?.compaction?.outputTokens).toBe(compaction.usage.output_tokens);

    const one = await kept();
    const { compacted, figures, sessionId, contextTokens } = one.manifest;
    expect(one.transcripts).toEqual([sessionId, compacted?.sessionId].sort());
    expect(compacted).toMatchObject({ summedUpTo: 1 });
    expect(compacted?.contextTokens).toBe(first.session?.compaction?.contextTokens);
    expect(compacted?.contextTokens).toBeLessThan(0.5 * contextTokens);
    expect(one.manifest.costUsd).toBeCloseTo(first.costUsd ?? 0);
    const requests = model.requests.filter(({ kind }) => kind === 'task').length;
    expect(figures).toMatchObject({
      cacheLife: '5m',
      requests,
      followUps: [],
      start: { contextTokens, requests },
    });
    expect(figures?.baseTokens).toBeGreaterThan(1_000);
    expect(figures?.baseTokens).toBeLessThan(inputOf(model.requests[0] as LoggedRequest));

    const answered = model.requests.length;
    const second = await reportOf({ instruction: 'add a note', session: { generation: 1 } });
    expect(second).toMatchObject({
      outcome: 'done',
      notices: [],
      session: { id: sessionId, mode: 'resume', compaction: { outcome: 'appended', costUsd: 0 } },
    });
    expect(compactions()).toHaveLength(1);
    const two = await kept();
    expect(two.transcripts).toEqual(one.transcripts);
    expect(two.manifest.compacted).toMatchObject({ sessionId: compacted?.sessionId, summedUpTo: 1 });
    expect(two.manifest.compacted?.contextTokens).toBe(
      (compacted?.contextTokens ?? 0) + two.manifest.contextTokens - contextTokens,
    );
    expect(two.manifest.figures).toMatchObject({
      baseTokens: figures?.baseTokens,
      start: figures?.start,
      followUps: [model.requests.length - answered],
    });
    expect(world.forge.heartbeats.map(({ step }) => step)).toContain('Summing up the conversation');

    const off = { instruction: 'one more note', inputs: { 'compact-above': '0' } };
    const third = await reportOf(off);
    expect(third).toMatchObject({ outcome: 'done', notices: [] });
    expect(third.session?.compaction).toBeUndefined();
    const three = await kept();
    expect(three.transcripts).toEqual([sessionId]);
    expect(three.manifest.compacted).toBeUndefined();
  });
});

describe('a run whose compaction fails', () => {
  /** What the model answers to the first task before it is asked for a summary: reads by threes, an edit, an answer. */
  const untilCompaction = Array.from({ length: Math.ceil(Object.keys(largeFiles).length / 3) + 2 }, () => ({
    kind: 'none' as const,
  }));

  it('loses nothing but the copy', async () => {
    faults.push(
      ...untilCompaction,
      ...Array.from({ length: 8 }, () => ({ kind: 'status' as const, status: 500 as const })),
    );
    const report = await reportOf(firstTask);
    expect(report).toMatchObject({
      outcome: 'done',
      pullRequest: { number: 7 },
      session: { generation: 1, compaction: { outcome: 'failed', contextTokens: 0 } },
      notices: [expect.stringMatching(/^No compacted copy of the conversation was made \(.*500/)],
    });
    expect(compactions()).toEqual([]);
    const { manifest, transcripts } = await kept();
    expect(transcripts).toEqual([manifest.sessionId]);
    expect(manifest.compacted).toBeUndefined();
    expect(manifest.figures?.requests).toBe(untilCompaction.length);
  });

  it('ends it when somebody says stop, and saves and publishes what was done', async () => {
    faults.push(...untilCompaction, { kind: 'silent' });
    const ended = reportOf(firstTask);
    await until(async () => model.requests.some(({ kind, status }) => kind === 'fault' && status === 0));
    expect(await unpushed(), 'what was done is safe meanwhile').toMatch(
      /^\w+ commit\trefs\/dexter\/unpushed\//,
    );
    const beats = world.forge.heartbeats.length;
    await until(async () => world.forge.heartbeats.length > beats);
    world.forge.stop = true;
    expect(await ended).toMatchObject({
      outcome: 'done',
      pullRequest: { number: 7 },
      session: { generation: 1, compaction: { outcome: 'failed' } },
      notices: [],
    });
    const { manifest, transcripts } = await kept();
    expect(transcripts).toEqual([manifest.sessionId]);
  });
});
