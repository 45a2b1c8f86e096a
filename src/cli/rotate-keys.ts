import type { Environment } from '../config.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { SessionRef } from '../core/session.ts';
import { type MasterKeys, sessionKeys } from '../core/session-key.ts';
import { plural } from '../report/figures.ts';
import { save } from '../sessions/save.ts';
import { keyIdOf } from '../sessions/seal.ts';
import { ownKeyPath } from './master-keys-of.ts';
import { openSession } from './open-session.ts';
import { type OpenedStore, type Scope, sessionsIn } from './opened-store.ts';
import { plain } from './plain-text.ts';
import { withPrivateDirectory } from './private-directory.ts';
import { damaged, wrongKey } from './show-session.ts';
import { tellProblem } from './tell-problem.ts';
import type { Terminal } from './terminal.ts';

/** How often a session is taken up again that a run saved meanwhile. */
const tries = 3;

type Rotated =
  | { outcome: 'rotated'; generation: number }
  /** Its newest generation is sealed under the current key. */
  | { outcome: 'current' }
  | { outcome: 'gone' };

/**
 * `dexter key rotate`: saves each session whose newest generation is sealed under a previous key once more,
 * under the current one, as its next generation. Exit code 1 when one is left that needs a previous key.
 * @throws AppError `config-invalid` without the keys that it takes, `input-invalid` for a store that can not.
 */
export async function rotateKeys(
  opened: OpenedStore,
  { keys, ...scope }: Scope & { keys: MasterKeys | undefined },
  terminal: Terminal,
): Promise<number> {
  refuseActionsCache(opened);
  const rotation = { opened, keys: bothKeys(keys, terminal.env) };
  const { sessions, problems } = await sessionsIn(opened, scope);
  const counts = { rotated: 0, current: 0, gone: 0 };
  let stillPrevious = 0;
  let failed = 0;
  for (const { ref } of sessions) {
    try {
      const result = await rotate(rotation, ref);
      counts[result.outcome] += 1;
      if (result.outcome === 'rotated') {
        terminal.print(`Rotated ${plain(ref.issueKey)}: generation ${result.generation} is sealed anew.`);
      }
      stillPrevious += await generationsUnderPrevious(rotation, ref);
    } catch (error) {
      failed += 1;
      tellProblem(asProblem(ref, error), terminal);
    }
  }
  for (const problem of problems) tellProblem(problem, terminal);
  terminal.print(
    `${plural(sessions.length, 'session')}: ${counts.rotated} rotated, ${counts.current} under the current key already, ${counts.gone} removed meanwhile, ${failed} failed.`,
  );
  const isDone = failed === 0 && problems.length === 0;
  for (const line of whatNext(isDone, stillPrevious)) terminal.tell(line);
  return isDone ? 0 : 1;
}

function whatNext(isDone: boolean, stillPrevious: number): string[] {
  if (!isDone) {
    return [
      'Keep DEXTER_SESSION_KEY_PREVIOUS: not every session can be opened without it. Mend what is said above and run this again.',
    ];
  }
  const done = 'Every session opens with DEXTER_SESSION_KEY alone: DEXTER_SESSION_KEY_PREVIOUS can go.';
  if (stillPrevious === 0) return [done];
  return [
    done,
    `Still under a previous key: ${plural(stillPrevious, 'older generation')}, until newer ones are saved. Without that key none of them can step in for a newest one that is damaged.`,
  ];
}

interface Rotation {
  opened: OpenedStore;
  keys: MasterKeys;
}

/** Starts again when a run saves the session at the same time: what the run saved goes on. */
async function rotate(rotation: Rotation, ref: SessionRef): Promise<Rotated> {
  for (let tried = 1; tried <= tries; tried += 1) {
    const result = await rotateOnce(rotation, ref);
    if (result.outcome !== 'conflict') return result;
  }
  throw new AppError('session-conflict', {
    message: `The session of ${ref.issueKey} was saved by others ${tries} times while it was rotated.`,
    hint: 'Run `dexter key rotate` again when its runs have ended.',
  });
}

async function rotateOnce(
  { opened: { store }, keys }: Rotation,
  ref: SessionRef,
): Promise<Rotated | { outcome: 'conflict' }> {
  const newest = await store.read(ref);
  if (newest.outcome === 'miss') return { outcome: 'gone' };
  const own = sessionKeys(keys, ref);
  if ((await keyIdOf(newest.archive)) === own.current.id) return { outcome: 'current' };

  return await withPrivateDirectory(async (directory) => {
    const session = await openSession(store, keys, ref, directory);
    if (session.outcome === 'gone') return { outcome: 'gone' };
    if (session.outcome === 'wrong-key') throw wrongKey(ref, session.keyId);
    if (session.outcome === 'damaged') throw damaged(ref, session);
    const { manifest, configDirectory } = session;
    const { format, files, scrubRules, ...facts } = manifest;
    const generation = manifest.generation + 1;
    const saved = await save({
      store,
      keys: own,
      configDirectory,
      temporaryDirectory: directory,
      // Its time stays: nobody has said anything since.
      facts: { ...facts, generation, parentGeneration: manifest.generation },
      secrets: [],
      before: manifest,
    });
    if (saved.outcome === 'conflict') return { outcome: 'conflict' };
    if (saved.outcome === 'nothing') throw new Error('the session that was unpacked has no transcript');
    return { outcome: 'rotated', generation: await verify(store, keys, ref, generation, directory) };
  });
}

/** Reads back what was saved, with the current key alone, as it will be read from now on. */
async function verify(
  store: OpenedStore['store'],
  { current }: MasterKeys,
  ref: SessionRef,
  generation: number,
  directory: string,
): Promise<number> {
  const session = await openSession(store, { current, previous: [] }, ref, directory);
  // Newer already: a run has gone on from it, and seals under the current key.
  if (session.outcome === 'opened' && session.manifest.generation >= generation) return generation;
  throw new AppError('session-unreadable', {
    message: `Generation ${generation} of the session of ${ref.issueKey} was saved under the current key, but it does not open with it.`,
    hint: 'Keep DEXTER_SESSION_KEY_PREVIOUS, check the store, and run `dexter key rotate` again.',
  });
}

/** How many of the generations that a store keeps are still sealed under a previous key. */
async function generationsUnderPrevious(
  { opened: { store }, keys }: Rotation,
  ref: SessionRef,
): Promise<number> {
  const previous = new Set(sessionKeys(keys, ref).previous.map(({ id }) => id));
  let count = 0;
  let found = await store.read(ref);
  while (found.outcome === 'hit') {
    const keyId = await keyIdOf(found.archive);
    if (keyId !== undefined && previous.has(keyId)) count += 1;
    found = await store.read(ref, { below: found.generation });
  }
  return count;
}

function asProblem({ issueKey }: SessionRef, error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError('session-unreadable', {
    message: `The session of ${issueKey} could not be rotated: ${messageOf(error)}.`,
    hint: 'Check that the disk has space left, and run `dexter key rotate` again.',
    cause: error,
  });
}

function refuseActionsCache({ name }: OpenedStore): void {
  if (name !== 'actions-cache') return;
  throw new AppError('input-invalid', {
    message: 'Sessions in the Actions cache cannot be rotated from here: only a job can write to the cache.',
    hint: 'Leave the old key in DEXTER_SESSION_KEY_PREVIOUS. Each session is sealed under the new key by its next run, and GitHub evicts what was not used for a week.',
  });
}

/** The steps are told to whoever comes here before they have been taken. */
function bothKeys(keys: MasterKeys | undefined, env: Environment): MasterKeys {
  if (keys !== undefined && keys.previous.length > 0) return keys;
  const where = env.DEXTER_SESSION_KEY ? 'the value of DEXTER_SESSION_KEY' : `what is in ${ownKeyPath(env)}`;
  throw new AppError('config-invalid', {
    message: 'There is no earlier key to rotate from: DEXTER_SESSION_KEY_PREVIOUS does not hold one.',
    hint: [
      'A key is replaced in three steps:',
      '1. Make a new one: dexter key new',
      `2. Move the old one (${where}) to DEXTER_SESSION_KEY_PREVIOUS, set DEXTER_SESSION_KEY to the new one, and restart the app with both.`,
      '3. With the same two variables: dexter key rotate. When it says so, take DEXTER_SESSION_KEY_PREVIOUS away.',
    ].join('\n'),
  });
}
