import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoggedRequest, startModel } from '../../demo/model/server.ts';
import type { SessionManifest } from '../../src/core/session.ts';
import type { EngineResult } from '../../src/engines/engine.ts';
import type { SaveResult } from '../../src/sessions/save.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { atMost } from './at-most.ts';
import { installedClaude, versions } from './cli-versions.ts';
import {
  bring,
  conversationOf,
  earlierTurnIn,
  firstTurn,
  keep,
  makeOld,
  marks,
  newRunner,
  nextTurn,
  replay,
  runTurn,
  secondPrompt,
  tasks,
  withoutOurSettings,
} from './conversation.ts';
import { type Cell, inDocs, table } from './docs-table.ts';

type Store = ReturnType<typeof memoryStore>;

interface Written {
  version: string;
  root: string;
  store: Store;
  result: EngineResult;
  requests: LoggedRequest[];
  /** Absolute path, as the conversation names it, of the file that holds the long result. */
  longResult: string | undefined;
}

interface Resumed {
  result: EngineResult;
  manifest: SessionManifest;
  saved: SaveResult;
  projects: string[];
  requests: LoggedRequest[];
  /** Share of the tokens of the conversation so far that the model had in its prompt cache. */
  cached: number;
}

const places = ['same', 'other'] as const;
type Place = (typeof places)[number];
const scenes = versions.flatMap((writer) =>
  versions.flatMap((reader) => places.map((place) => ({ writer, reader, place }))),
);
const nameOf = (writer: string, reader: string, place: Place) => `${writer} ${reader} ${place}`;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const written = new Map<string, Written>();
const resumed = new Map<string, Resumed | { failure: unknown }>();
const longResults = new Map<string, EngineResult | { failure: unknown }>();

/** Two CLIs at a time keep two cores busy; those of one path take turns, because a path holds one session. */
beforeAll(async () => {
  for (const version of versions) await installedClaude(version);
  directory = await temporaryDirectory();
  const slots = atMost(2);
  await Promise.all(
    versions.map(async (version) => {
      const session = await slots(() => write(version));
      written.set(version, session);
      const turns = atMost(1);
      await Promise.all([
        ...versions.map(async (reader) => {
          const scene = () => slots(() => resume(session, reader, 'same'));
          resumed.set(nameOf(version, reader, 'same'), await orFailure(turns(scene)));
        }),
        ...versions.map(async (reader) => {
          const scene = slots(() => resume(session, reader, 'other'));
          resumed.set(nameOf(version, reader, 'other'), await orFailure(scene));
        }),
        orFailure(turns(() => slots(() => readLongResult(session)))).then((result) =>
          longResults.set(version, result),
        ),
      ]);
    }),
  );
}, 600_000);

afterAll(() => directory.remove());

describe('a session of one version of the CLI', () => {
  it.each(versions)('is written by %s with what its tools did', (version) => {
    const { result, requests, longResult } = expectWritten(version);
    expect(result).toMatchObject({ stopReason: 'completed', version, summary: marks.answer, denials: [] });
    expect(earlierTurnIn(lastOf(requests).body)).toEqual([marks.prompt, marks.file, marks.command]);
    expect(longResult).toContain('/tool-results/');
  });

  it.each(scenes)('written by $writer goes on in $reader at the $place path', ({ writer, reader, place }) => {
    const { result, manifest, saved, projects, requests } = expectResumed(writer, reader, place);
    expect(manifest).toMatchObject({ engineVersion: writer, generation: 1 });
    expect(result).toMatchObject({
      stopReason: 'completed',
      version: reader,
      summary: 'Still as many.',
      sessionId: manifest.sessionId,
      denials: [],
    });
    const [request] = requests;
    expect(request && earlierTurnIn(request.body)).toEqual(Object.values(marks));
    expect(projects).toEqual(['work']);
    expect(saved).toMatchObject({ outcome: 'saved', generation: 2, notices: [] });
  });

  it('goes up, down and back through the versions, saved and restored each time, and forgets nothing', async () => {
    const [early = '', later = '', pinned = ''] = versions;
    const store = copyOf(expectWritten(early).store);
    await using model = await startedModel();
    for (const [turn, version] of [pinned, later, early].entries()) {
      const runner = await newRunner(join(directory.path, `chain-${turn}`));
      const manifest = await bring(store, runner);
      const before = model.requests.length;
      const command = await installedClaude(version);
      const result = await nextTurn({ runner, command, model, sessionId: manifest.sessionId });
      expect(result).toMatchObject({ stopReason: 'completed', version, denials: [] });
      const [request] = conversationOf(model.requests.slice(before));
      expect(request && earlierTurnIn(request.body)).toEqual(Object.values(marks));
      expect(JSON.stringify(request?.body.messages).split(secondPrompt)).toHaveLength(turn + 2);
      expect(await keep(store, runner, result, manifest)).toMatchObject({
        outcome: 'saved',
        generation: turn + 2,
      });
    }
  }, 120_000);

  it.each(versions)('is read by %s with its own long results, after a restore', (version) => {
    const result = longResults.get(version);
    expect(result).toMatchObject({ stopReason: 'completed', summary: 'Read.', denials: [] });
  });

  it('is swept by an early version when it is old, unless its time is new or our settings are there', async () => {
    const [early = ''] = versions;
    const ours = await installedClaude(early);
    const theirs = await withoutOurSettings(ours, directory.path);
    const slots = atMost(2);
    const left = await Promise.all([
      slots(() => isLeftAfterAnother(early, 'old-theirs', theirs, true)),
      slots(() => isLeftAfterAnother(early, 'old-ours', ours, true)),
      slots(() => isLeftAfterAnother(early, 'new-theirs', theirs, false)),
    ]);
    expect(left).toEqual([false, true, true]);
  }, 120_000);

  it('is all in the prompt cache where neither version nor path changed, and not at all in another version', () => {
    for (const version of versions) {
      expect(expectResumed(version, version, 'same').cached).toBeGreaterThan(0.99);
      for (const other of versions) {
        if (other !== version) expect(expectResumed(version, other, 'same').cached).toBe(0);
      }
    }
  });

  it('is shown in docs/cli-versions.md as it was seen here', async () => {
    const page = join(import.meta.dirname, '../../docs/cli-versions.md');
    const text = await readFile(page, 'utf8');
    const seen = inDocs(text, table(versions, cellOf));
    if (process.env.UPDATE_DOCS === '1') await writeFile(page, seen);
    else expect(text).toBe(seen);
  });
});

async function write(version: string): Promise<Written> {
  const root = join(directory.path, version);
  const runner = await newRunner(root);
  await using model = await startedModel();
  const result = await firstTurn({ runner, command: await installedClaude(version), model });
  const store = memoryStore();
  await keep(store, runner, result);
  const requests = [...model.requests];
  const said = JSON.stringify(lastOf(requests).body.messages);
  const longResult = /saved to: (\/[^"\\]+)/.exec(said)?.[1];
  return { version, root, store, result, requests, longResult };
}

async function resume(session: Written, reader: string, place: Place): Promise<Resumed> {
  const root = place === 'same' ? session.root : otherRoot(session.version, reader);
  const runner = await newRunner(root);
  const store = copyOf(session.store);
  const manifest = await bring(store, runner);
  await using model = await startedModel();
  await replay(session.requests, model);
  const before = model.requests.length;
  const command = await installedClaude(reader);
  const result = await nextTurn({ runner, command, model, sessionId: manifest.sessionId });
  const projects = await readdir(join(runner.config, 'projects'));
  const saved = await keep(store, runner, result, manifest);
  const requests = conversationOf(model.requests.slice(before));
  const cached = (requests[0]?.usage.cache_read_input_tokens ?? 0) / inputOf(lastOf(session.requests));
  return { result, manifest, saved, projects, requests, cached };
}

/** The agent follows the path that its conversation names, which the CLI allows it without a rule. */
async function readLongResult({ version, root, store, longResult }: Written): Promise<EngineResult> {
  const runner = await newRunner(root);
  const { sessionId } = await bring(store, runner);
  const needs = [longResult ?? 'no long result'];
  await using model = await startedModel([
    { match: /Read the long result/, needs, edits: [], run: [], answer: 'Read.' },
  ]);
  const result = await runTurn({
    runner,
    command: await installedClaude(version),
    model,
    sessionId,
    mode: 'resume',
    instruction: 'Read the long result.',
  });
  // The end of the file was never in the conversation before.
  const said = JSON.stringify(lastOf(model.requests).body.messages);
  if (!said.includes('depth 999 ')) throw new Error(`it was not read: ${said.slice(-2_000)}`);
  return result;
}

/** Whether a restored session is still there after a CLI ran beside it, in a session of its own. */
async function isLeftAfterAnother(
  writer: string,
  name: string,
  command: string,
  isOld: boolean,
): Promise<boolean> {
  const runner = await newRunner(join(directory.path, name));
  const { sessionId } = await bring(expectWritten(writer).store, runner);
  if (isOld) await makeOld(runner, sessionId);
  await using model = await startedModel();
  const { stopReason } = await firstTurn({ runner, command, model });
  if (stopReason !== 'completed') throw new Error(`the CLI ended with ${stopReason}`);
  return (await readdir(join(runner.config, 'projects'), { recursive: true })).some((path) =>
    path.endsWith(`${sessionId}.jsonl`),
  );
}

/**
 * Longer than a folder's name may be in some versions, and with letters outside of ASCII. No longer than 250:
 * the early version names the folder after the whole path.
 */
function otherRoot(writer: string, reader: string): string {
  const short = join(directory.path, `${writer}-in-${reader}`, 'größer-🐙');
  return join(short, 'x'.repeat(Math.max(1, 220 - short.length)));
}

function copyOf(store: Store): Store {
  const copy = memoryStore();
  for (const [key, saved] of store.sessions) {
    copy.sessions.set(key, { ...saved, generations: [...saved.generations] });
  }
  return copy;
}

async function startedModel(own = tasks) {
  const model = await startModel({ tasks: own });
  return { ...model, [Symbol.asyncDispose]: () => model.close() };
}

function lastOf(requests: readonly LoggedRequest[]): LoggedRequest {
  const last = conversationOf(requests).at(-1);
  if (last === undefined) throw new Error('the CLI said nothing to the model');
  return last;
}

function inputOf({ usage }: LoggedRequest): number {
  return usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens;
}

async function orFailure<T>(scene: Promise<T>): Promise<T | { failure: unknown }> {
  try {
    return await scene;
  } catch (failure) {
    return { failure };
  }
}

function expectWritten(version: string): Written {
  const session = written.get(version);
  if (session === undefined) throw new Error(`${version} wrote nothing`);
  return session;
}

function expectResumed(writer: string, reader: string, place: Place): Resumed {
  const scene = resumed.get(nameOf(writer, reader, place));
  if (scene === undefined || 'failure' in scene) {
    throw new Error(`${nameOf(writer, reader, place)} failed`, { cause: scene?.failure });
  }
  return scene;
}

function cellOf(writer: string, reader: string): Cell {
  const [same, other] = places.map((place) => resumed.get(nameOf(writer, reader, place)));
  return { same: stateOf(same), other: stateOf(other) };
}

function stateOf(scene: Resumed | { failure: unknown } | undefined): Cell['same'] {
  if (scene === undefined || 'failure' in scene || scene.result.stopReason !== 'completed') return 'lost';
  if (scene.cached > 0.99) return 'all';
  return scene.cached > 0 ? 'part' : 'none';
}
