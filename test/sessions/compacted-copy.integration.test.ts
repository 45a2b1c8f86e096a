import { randomUUID } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fault, type LoggedRequest, type Model, startModel } from '../../demo/model/server.ts';
import { claudeCode } from '../../src/engines/claude-code/claude-code.ts';
import type { CompactionTask, Engine, EngineResult } from '../../src/engines/engine.ts';
import { graftCopyFile, trimCopyFile } from '../../src/sessions/compacted-copy.ts';
import { compactionInstructions } from '../../src/sessions/compaction-instructions.ts';
import { repair } from '../../src/sessions/repair.ts';
import { transcriptPath } from '../../src/sessions/session-files.ts';
import { largeFiles, largeTasks } from '../fakes/large-repository.ts';
import { pathForTools, realClaude } from '../fakes/real-claude.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const never = new AbortController().signal;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let model: Model;
let faults: Fault[];
let engine: Engine;
let sessionId: string;
const path = (name: string) => join(directory.path, name);
beforeEach(async () => {
  directory = await temporaryDirectory();
  for (const name of ['work', 'config', 'home', 'tmp']) await mkdir(path(name));
  for (const [name, content] of Object.entries(largeFiles)) {
    await mkdir(dirname(path(`work/${name}`)), { recursive: true });
    await writeFile(path(`work/${name}`), content);
  }
  faults = [];
  model = await startModel({ tasks: largeTasks, faults });
  engine = claudeCode({
    command: realClaude,
    env: { PATH: pathForTools, LANG: 'C.UTF-8' },
    homeDirectory: path('home'),
    temporaryDirectory: path('tmp'),
    projectFolder: 'work',
    baseUrl: model.url,
    apiKey: 'run-key',
  });
  sessionId = randomUUID();
});
afterEach(async () => {
  await model.close();
  await directory.remove();
});

const pins = () => ({
  workingDirectory: path('work'),
  configDirectory: path('config'),
  model: 'claude-sonnet-4-5',
  effort: 'high',
  allowedTools: ['Read(./**)', 'Edit(./**)'],
});

async function ask(instruction: string, id = sessionId): Promise<EngineResult> {
  const mode = instruction === 'read everything' ? 'fresh' : 'resume';
  const prompt = `## Instruction\n\n${instruction}\n`;
  return await engine.run({ ...pins(), prompt, sessionId: id, mode }, () => undefined, never);
}

async function compact(more: Partial<CompactionTask> = {}, signal = never) {
  const copyId = randomUUID();
  const task = { ...pins(), sessionId, copyId, instructions: compactionInstructions, timeLimitMs: 120_000 };
  return { copyId, result: await engine.compact({ ...task, ...more }, signal) };
}

const transcript = (id: string) => path(`config/${transcriptPath(id)}`);
const sizeOf = async (id: string) => (await stat(transcript(id))).size;
const inputOf = ({ usage }: LoggedRequest) =>
  usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens;

/** What the model is sent from now on. */
function newRequests() {
  const from = model.requests.length;
  return () => model.requests.slice(from);
}

describe('a compacted copy, with the real CLI', () => {
  it('is small, and what is asked of it is done as of the whole', async () => {
    const done = await ask('read everything');
    const whole = await readFile(transcript(sessionId), 'utf8');
    const { copyId, result } = await compact();
    expect(result).toMatchObject({ outcome: 'compacted', usage: { inputTokens: expect.any(Number) } });
    expect(result.usage.cacheReadTokens).toBeGreaterThan(0.95 * done.contextTokens);
    expect(result.costUsd).toBeLessThan(0.15 * (done.costUsd ?? 0));
    expect(await readFile(transcript(sessionId), 'utf8')).toBe(whole);

    const before = await sizeOf(copyId);
    expect(await trimCopyFile(path('config'), copyId)).toMatchObject({ outcome: 'made' });
    expect(await sizeOf(copyId)).toBeLessThan(0.1 * before);
    expect(await repair(path('config'), copyId)).toEqual({ outcome: 'whole' });

    // A warm run of the whole, whose records go into the copy.
    const bytesBefore = await sizeOf(sessionId);
    expect(await ask('add a note')).toMatchObject({ stopReason: 'completed', denials: [] });
    const noted = await readFile(transcript(sessionId), 'utf8');
    const options = { sessionId, copyId, bytesBefore };
    expect(await graftCopyFile(path('config'), options)).toMatchObject({ outcome: 'made' });
    expect(await readFile(transcript(sessionId), 'utf8')).toBe(noted);
    expect(await repair(path('config'), copyId)).toEqual({ outcome: 'whole' });

    const sent = newRequests();
    const again = await ask('one more note', copyId);
    expect(again).toMatchObject({ stopReason: 'completed', summary: 'One more note is there.', denials: [] });
    expect(await readFile(path('work/src/part-3.ts'), 'utf8')).toMatch(/third\n$/);
    const [first] = sent();
    if (first === undefined) throw new Error('nothing was sent');
    expect(sent().map(({ status }) => status)).not.toContain(400);
    const said = JSON.stringify(first.body.messages);
    expect(said).toContain('Files covered by this summary');
    expect(said).toContain('The note is there.');
    // Neither what files hold, nor the command, nor where the whole transcript would be.
    expect(said).not.toContain('what part 9 says');
    expect(said).not.toContain('/compact');
    expect(said).not.toContain('.jsonl');
    expect(inputOf(first)).toBeLessThan(0.4 * done.contextTokens);
  });

  it.each<[string, Fault[], string]>([
    ['the model fails', Array.from({ length: 8 }, () => ({ kind: 'status', status: 500 })), 'model'],
    ['the model says nothing', [{ kind: 'empty' }], 'no-summary'],
  ])('is not made when %s', async (_, given, reason) => {
    await ask('read everything');
    const whole = await readFile(transcript(sessionId), 'utf8');
    faults.push(...given);
    const { copyId, result } = await compact();
    expect(result).toMatchObject({ outcome: 'failed', reason });
    expect(await trimCopyFile(path('config'), copyId)).toEqual({
      outcome: 'unfit',
      reason: 'it has no summary',
    });
    faults.length = 0;
    expect(await readFile(transcript(sessionId), 'utf8')).toBe(whole);
    expect(await ask('add a note')).toMatchObject({ stopReason: 'completed' });
  });

  it('is not made when it takes too long, or is not wanted any more', async () => {
    await ask('read everything');
    faults.push({ kind: 'silent' });
    const late = await compact({ timeLimitMs: 3_000 });
    expect(late.result).toMatchObject({ outcome: 'failed', reason: 'time' });
    faults.push({ kind: 'silent' });
    const sent = newRequests();
    const stop = new AbortController();
    const ended = compact({}, stop.signal);
    const stopped = setInterval(() => sent().length > 0 && stop.abort(), 50);
    expect((await ended).result).toMatchObject({ outcome: 'failed', reason: 'cancelled' });
    clearInterval(stopped);
    expect(await ask('add a note')).toMatchObject({ stopReason: 'completed' });
  });
});
