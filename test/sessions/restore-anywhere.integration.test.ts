import { execFileSync } from 'node:child_process';
import { access, chmod, lchown, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Model, startModel } from '../../demo/model/server.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { realClaude } from '../fakes/real-claude.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
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
  type Runner,
  tasks,
  transcriptOf,
  withoutOurSettings,
} from '../matrix/conversation.ts';

const nobody = 65534;
const isRoot = process.getuid?.() === 0;
const elsewhere = 'runner-of-another-fleet';
const canRename = isRoot && succeeds('unshare', ['--uts', 'hostname', elsewhere]);
const canBeNobody = isRoot && succeeds('setpriv', [...asNobody(), 'true']);

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let model: Model;
beforeEach(async () => {
  directory = await temporaryDirectory();
  model = await startModel({ tasks });
});
afterEach(async () => {
  await model.close();
  await directory.remove();
});

describe('a session that was written on one runner', () => {
  it('goes on in another directory, for another user with another HOME', async () => {
    const { store, result } = await writtenIn(join(directory.path, 'one'));
    const there = await newRunner(join(directory.path, 'two/größer'));
    const { sessionId } = await bring(store, there);
    await expectToGoOn(there, sessionId, realClaude, { USER: 'somebody', LOGNAME: 'somebody' });
    expect(sessionId).toBe(result.sessionId);
  });

  it.skipIf(!canRename)('goes on on a host of another name', async () => {
    const { store } = await writtenIn(join(directory.path, 'one'));
    const there = await newRunner(join(directory.path, 'two'));
    const { sessionId } = await bring(store, there);
    const seen = join(there.temporary, 'host');
    const command = await script(
      `exec unshare --uts sh -c 'hostname ${elsewhere}; hostname >"${seen}"; exec "$0" "$@"' "${realClaude}" "$@"`,
    );
    await expectToGoOn(there, sessionId, command);
    expect((await readFile(seen, 'utf8')).trim()).toBe(elsewhere);
    expect(hostname()).not.toBe(elsewhere);
  });

  it.skipIf(!canBeNobody)('goes on for another user id, and is saved by it', async () => {
    const { store } = await writtenIn(join(directory.path, 'one'));
    const there = await newRunner(join(directory.path, 'two'));
    const manifest = await bring(store, there);
    await chmod(directory.path, 0o755);
    await give(join(directory.path, 'two'), nobody);
    const command = await script(`exec setpriv ${asNobody().join(' ')} "${realClaude}" "$@"`);
    const next = await expectToGoOn(there, manifest.sessionId, command);
    const { uid } = await stat(transcriptOf(there, manifest.sessionId));
    expect(uid).toBe(nobody);
    expect(await keep(store, there, next, manifest)).toMatchObject({ outcome: 'saved', generation: 2 });
  });

  it('is taken for new by the sweep of the CLI', async () => {
    const { store } = await writtenIn(join(directory.path, 'one'));
    const lastMonth = Date.now() - 30 * 24 * 60 * 60 * 1000;
    const there = await newRunner(join(directory.path, 'two'));
    const { sessionId } = await bring(store, there);
    for (const path of await readdir(there.config, { recursive: true })) {
      expect((await stat(join(there.config, path))).mtimeMs).toBeGreaterThan(lastMonth);
    }
    await makeOld(there, sessionId);
    await expectToGoOn(there, sessionId, realClaude);
  });

  it('is spared by the sweep with the settings of a run, and by no other means', async () => {
    const { store } = await writtenIn(join(directory.path, 'one'));
    const spared = await sweepIn(store, 'ours', realClaude);
    const swept = await sweepIn(store, 'theirs', await withoutOurSettings(realClaude, directory.path));
    try {
      await vi.waitFor(async () => expect(await swept.left()).toEqual([]), patience);
      // Its sweep is older than the one that is over now.
      expect(await spared.left()).toHaveLength(1);
    } finally {
      await Promise.all([spared.end(), swept.end()]);
    }
  }, 120_000);
});

const patience = { timeout: 40_000, interval: 200 };

/**
 * Restores a session, makes it old, and keeps a CLI waiting in another one for as long as it takes it to sweep,
 * which it notes in a file.
 */
async function sweepIn(store: SessionStore, name: string, command: string) {
  const runner = await newRunner(join(directory.path, name));
  const { sessionId } = await bring(store, runner);
  await makeOld(runner, sessionId);
  const silent = await startModel({ tasks, faults: Array.from({ length: 20 }, () => ({ kind: 'silent' })) });
  const stop = new AbortController();
  const running = firstTurn({ runner, command, model: silent, signal: stop.signal });
  const end = async () => {
    stop.abort();
    await running;
    await silent.close();
  };
  try {
    await vi.waitFor(() => access(join(runner.config, '.last-cleanup')), patience);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    end,
    left: async () => {
      const names = await readdir(join(runner.config, 'projects/work'));
      return names.filter((found) => found === `${sessionId}.jsonl`);
    },
  };
}

async function writtenIn(root: string) {
  const runner = await newRunner(root);
  const result = await firstTurn({ runner, command: realClaude, model });
  expect(result).toMatchObject({ stopReason: 'completed', summary: marks.answer });
  const store = memoryStore();
  expect(await keep(store, runner, result)).toMatchObject({ outcome: 'saved', generation: 1 });
  return { store, result };
}

async function expectToGoOn(
  runner: Runner,
  sessionId: string,
  command: string,
  env: Record<string, string> = {},
) {
  const before = model.requests.length;
  const next = await nextTurn({ runner, command, model, sessionId, env });
  expect(next).toMatchObject({ stopReason: 'completed', summary: 'Still as many.', sessionId, denials: [] });
  const [request] = conversationOf(model.requests.slice(before));
  expect(request && earlierTurnIn(request.body)).toEqual(Object.values(marks));
  return next;
}

/** An executable beside the runners, for the CLI to be started through. */
async function script(line: string): Promise<string> {
  const path = join(directory.path, 'claude');
  await writeFile(path, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  return path;
}

function asNobody(): string[] {
  return [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
}

async function give(root: string, uid: number): Promise<void> {
  await lchown(root, uid, uid);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    await lchown(join(entry.parentPath, entry.name), uid, uid);
  }
}

function succeeds(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { cwd: tmpdir(), stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
