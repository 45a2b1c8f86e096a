import { createHash, randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../src/core/errors.ts';
import { lockOfMirror, makingPrefix } from '../src/workspace/layout.ts';
import { acquireLock } from '../src/workspace/lock.ts';
import { removeTree } from '../src/workspace/remove-tree.ts';
import { type Git, GitError, gitIn } from './git.ts';
import { checkPacks, identityOf } from './pack-check.ts';
import type { Remote } from './remote.ts';
import { ownDirectory } from './take-back.ts';

export interface MirrorOptions {
  /** Absolute path of the bare repository; made when it is missing. */
  directory: string;
  /** Ends the waiting for another run that fetches into it. */
  signal: AbortSignal;
  warn(message: string): void;
}

export interface MirrorRequest {
  remote: Remote;
  /** Branches that are needed, with their commits as the server named them. */
  wanted: ReadonlyMap<string, string>;
  /** Makes it anew, whatever it looks like. */
  anew: boolean;
  env: Readonly<Record<string, string | undefined>>;
}

/** As long as somebody else's fetch of a large repository may take. */
const waitMs = 20 * 60_000;
const mostPacks = 24;
const mostKnown = 256;
const joinLimitMs = 10 * 60_000;
const verifyLimitMs = 10 * 60_000;

const tipPattern = /^[0-9a-f]{32}$/;
const keptInPack = /^pack-[0-9a-f]{40}\.(?:pack|idx|rev)$/;
/** All that there is in a mirror. `packs` says which packs it had when it was left. */
const kept = new Set(['HEAD', 'config', 'objects', 'packs', 'refs']);
const plainConfig = '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n';

/**
 * Brings branches into the mirror of a repository and answers with their commits; nothing is asked of the
 * server when they are there already, for instance because another run has just fetched them.
 *
 * Why no `git worktree`: worktrees share refs, configuration and hooks, so the agent of one issue could move
 * the branch that another issue pushes, or leave a program there that its git runs. Here each issue has a
 * small `.git` of its own, which borrows the mirror's objects (`objects/info/alternates`) and costs no history
 * either. Only the action writes into the mirror, one run at a time, and nothing is ever pruned from it: what
 * the server has dropped may still be needed by a commit that an issue could not push. What else is found in
 * it is thrown out before git reads it. A process that goes into the mirror's files on purpose is not stopped
 * by this, because it is the same user: agents that trust each other that little need runners of their own.
 */
export async function fetchIntoMirror(
  { directory, signal, warn }: MirrorOptions,
  { remote, wanted, anew, env }: MirrorRequest,
): Promise<Map<string, string>> {
  await using _ = await acquireLock(lockOfMirror(directory), 'the mirror of the repository', {
    waitMs,
    signal,
  });
  await reset(directory);
  const git = mirrorGit(directory, env);
  const branches = [...wanted.keys()];
  const damage = anew ? undefined : await findDamage(directory, git);
  let fetched: Map<string, string>;
  if (anew || damage !== undefined) {
    if (damage !== undefined)
      warn(`The mirror ${basename(directory)} is damaged and is made anew: ${damage}.`);
    fetched = await makeAnew(directory, git, remote, branches);
  } else {
    fetched = await fetchNew(directory, git, remote, wanted);
  }
  for (const [branch, commit] of fetched) await git(['update-ref', tipOf(branch), commit]);
  await joinPacks(directory, git, warn);
  await leave(directory);
  return fetched;
}

export const objectsOf = (mirror: string) => join(mirror, 'objects');

function mirrorGit(directory: string, env: MirrorRequest['env']): Git {
  const git = gitIn(directory, env, [['repack.writeBitmaps', 'false']]);
  return (args, options) => git(args, { ...options, env: { GIT_DIR: directory } });
}

/** Named for the branch alone, so that `a` and `a/b` never stand in each other's way. */
function tipOf(branch: string): string {
  return `refs/tips/${createHash('sha256').update(branch).digest('hex').slice(0, 32)}`;
}

/** Leaves of what is there only what the action itself has put there. */
async function reset(directory: string): Promise<void> {
  await ownDirectory(directory);
  await removeOthers(directory, (name) => kept.has(name));
  for (const name of ['objects', 'objects/pack', 'refs', 'refs/tips'])
    await ownDirectory(join(directory, name));
  await removeOthers(join(directory, 'objects'), (name) => name === 'pack');
  await removeOthers(join(directory, 'objects/pack'), (name) => keptInPack.test(name));
  await removeOthers(join(directory, 'refs'), (name) => name === 'tips');
  await removeOthers(join(directory, 'refs/tips'), (name) => tipPattern.test(name));
  const packs = await lstat(join(directory, 'packs')).catch(() => undefined);
  if (packs !== undefined && !packs.isFile()) await removeTree(join(directory, 'packs'));
  for (const [name, text] of [
    ['config', plainConfig],
    ['HEAD', 'ref: refs/heads/main\n'],
  ] as const) {
    await rm(join(directory, name), { recursive: true, force: true });
    await writeFile(join(directory, name), text, { mode: 0o600, flag: 'wx' });
  }
}

async function removeOthers(directory: string, isKept: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(directory)) if (!isKept(name)) await removeTree(join(directory, name));
}

/** Why the mirror cannot be relied on, as far as that shows without reading all of it. */
async function findDamage(directory: string, git: Git): Promise<string | undefined> {
  const objects = objectsOf(directory);
  const left = await packsLeft(directory);
  const { broken, whole } = await checkPacks(objects);
  for (const [name, problem] of broken) {
    if (left.has(name)) return `${name}: ${problem}`;
    // A run that was killed while it fetched this one.
    await removePack(objects, name);
  }
  for (const name of left.keys()) if (!whole.includes(name)) return `${name} is missing`;
  for (const name of whole) {
    const isSame = left.get(name) === (await identityOf(objects, name));
    if (!isSame && !(await isSound(objects, name, git))) {
      if (left.has(name)) return `${name}: its content is not what it was`;
      await removePack(objects, name);
    }
  }
  for (const commit of await tips(git)) if (!(await isThere(commit, git))) return `${commit} is missing`;
  return undefined;
}

/** Packs as they were when a run had last finished with the mirror, by name. */
async function packsLeft(directory: string): Promise<Map<string, string>> {
  const path = join(directory, 'packs');
  const text = await readFile(path, 'utf8').catch(() => '');
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, name, identity] = /^(pack-[0-9a-f]{40}) (.+)$/.exec(line) ?? [];
      return name === undefined || identity === undefined ? [] : [[name, identity] as const];
    }),
  );
}

/** Reads all of a pack. */
async function isSound(objects: string, name: string, git: Git): Promise<boolean> {
  return await succeeds(
    git(['verify-pack', join(objects, 'pack', `${name}.idx`)], { timeLimitMs: verifyLimitMs }),
  );
}

async function isThere(commit: string, git: Git): Promise<boolean> {
  return await succeeds(git(['cat-file', '-e', `${commit}^{tree}`]));
}

async function succeeds(command: Promise<string>): Promise<boolean> {
  try {
    await command;
    return true;
  } catch (error) {
    if (error instanceof GitError) return false;
    throw error;
  }
}

/** Commits that are in the mirror with all that they need, the newest first. */
async function tips(git: Git): Promise<string[]> {
  try {
    const format = ['--sort=-committerdate', '--format=%(objectname)', `--count=${mostKnown}`];
    const listed = await git(['for-each-ref', ...format, 'refs/tips']);
    return [...new Set(listed.split('\n').filter((line) => line !== ''))];
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    // A ref whose commit is gone: without the date, which git reads from the commit.
    const listed = await git(['for-each-ref', '--format=%(objectname)', 'refs/tips']).catch(() => '');
    return listed.split('\n').filter((line) => line !== '');
  }
}

async function fetchNew(
  directory: string,
  git: Git,
  remote: Remote,
  wanted: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  const known = await tips(git);
  const missing = [...wanted].filter(([, commit]) => !known.includes(commit)).map(([branch]) => branch);
  if (missing.length === 0) return new Map(wanted);
  return new Map([...wanted, ...(await remote.fetch(missing, known, objectsOf(directory)))]);
}

/**
 * Fetches everything, beside it, and then moves that into place: who borrows from the mirror meanwhile finds
 * at each moment either the old packs or the new ones. Old packs that are sound stay, for commits that the
 * server does not have any more.
 */
async function makeAnew(
  directory: string,
  git: Git,
  remote: Remote,
  branches: string[],
): Promise<Map<string, string>> {
  const making = join(dirname(directory), `${makingPrefix}${randomUUID()}`);
  const objects = objectsOf(directory);
  try {
    const made = join(making, 'objects');
    await mkdir(join(made, 'pack'), { recursive: true, mode: 0o700 });
    const fetched = await remote.fetch(branches, [], made);
    const { whole: fresh } = await checkPacks(made);
    for (const name of fresh)
      for (const suffix of ['pack', 'idx'])
        await rename(join(made, 'pack', `${name}.${suffix}`), join(objects, 'pack', `${name}.${suffix}`));
    await dropBroken(objects, fresh, git);
    await removeTree(join(directory, 'refs/tips'));
    await ownDirectory(join(directory, 'refs/tips'));
    return fetched;
  } finally {
    await removeTree(making);
  }
}

async function dropBroken(objects: string, fresh: string[], git: Git): Promise<void> {
  const { broken, whole } = await checkPacks(objects);
  for (const name of broken.keys()) await removePack(objects, name);
  for (const name of whole)
    if (!fresh.includes(name) && !(await isSound(objects, name, git))) await removePack(objects, name);
}

/** The index last, as git does: a pack without one is not looked at. */
async function removePack(objects: string, name: string): Promise<void> {
  for (const suffix of ['rev', 'idx', 'pack'])
    await rm(join(objects, 'pack', `${name}.${suffix}`), { force: true });
}

/** Every fetch adds a pack, and git looks into each of them. Joined without leaving out any object. */
async function joinPacks(directory: string, git: Git, warn: MirrorOptions['warn']): Promise<void> {
  const { whole } = await checkPacks(objectsOf(directory));
  if (whole.length <= mostPacks) return;
  try {
    await git(['repack', '--quiet', '-d', '-n', '--geometric=2'], { timeLimitMs: joinLimitMs });
  } catch (error) {
    warn(`The packs of the mirror ${basename(directory)} could not be joined: ${messageOf(error)}`);
  }
}

/** Notes which packs there are, for the next run to compare, and when the mirror was used. */
async function leave(directory: string): Promise<void> {
  const objects = objectsOf(directory);
  const lines: string[] = [];
  for (const name of (await checkPacks(objects)).whole) {
    const identity = await identityOf(objects, name);
    if (identity !== undefined) lines.push(`${name} ${identity}\n`);
  }
  const path = join(directory, 'packs');
  const temporary = `${path}.new`;
  await writeFile(temporary, lines.join(''), { mode: 0o600 });
  await rename(temporary, path);
  const now = new Date();
  await utimes(path, now, now);
}
