import { lstat, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDiskProblem } from '../src/core/disk-problem.ts';
import { removeTree, takeAway } from '../src/workspace/remove-tree.ts';
import { type Git, GitError } from './git.ts';
import { isDirectory } from './is-directory.ts';
import { borrowFrom, ownDirectory } from './take-back.ts';

/** Commits that could not be pushed are kept under this, by command id. */
export const unpushedRefs = 'refs/dexter/unpushed';
const originRefs = 'refs/remotes/origin';

interface Ref {
  commit: string;
  name: string;
}

const refPattern = /^([0-9a-f]{40}) (refs\/[^\s~^:?*[\\]{1,300})$/;
const longestRefFile = 10_000_000;
const mostRefs = 10_000;
const deepestRef = 12;
const walkLimitMs = 5 * 60_000;

/**
 * A new repository that borrows its history from a mirror, in which `fetched` already are. Of the old one only
 * commits that could not be pushed outlive this, without what the mirror has of them.
 */
export async function renewBorrowing(
  directory: string,
  git: Git,
  mirror: string,
  fetched: ReadonlyMap<string, string>,
): Promise<void> {
  const { aside, refs } = await beginAnew(directory, git);
  const own = join(directory, '.git', 'objects');
  const before = join(aside, 'objects');
  const unpushed = refs.filter(isUnpushed);
  if (unpushed.length > 0) {
    await borrowFrom(own, [mirror, before]);
    const found = await commitsOf(unpushed, git);
    if (await areWhole(found, git, [...fetched.values()])) {
      await packWithout(found, [...fetched.values()], join(own, 'pack', 'pack'), git);
    } else {
      // Something of them is missing: nothing that is left of them is thrown away.
      await removeTree(own);
      await rename(before, own);
    }
    await borrowFrom(own, [mirror]);
    for (const { commit, name } of found) await git(['update-ref', name, commit]);
  } else {
    await borrowFrom(own, [mirror]);
  }
  await takeAway(aside);
}

/**
 * A new repository with a history of its own, around the objects of the old one when `keepObjects`; otherwise
 * only commits that could not be pushed are taken over, as far as they are whole. `fetch` brings what is
 * missing, and is told which commits are there with all that they need.
 */
export async function renewWhole(
  directory: string,
  git: Git,
  keepObjects: boolean,
  fetch: (known: string[]) => Promise<Map<string, string>>,
): Promise<Map<string, string>> {
  const { aside, refs } = await beginAnew(directory, git);
  const own = join(directory, '.git', 'objects');
  const before = join(aside, 'objects');
  const unpushed = refs.filter(isUnpushed);
  let fetched: Map<string, string>;
  if (keepObjects) {
    await removeTree(own);
    await rename(before, own);
    await borrowFrom(own, []);
    fetched = await fetch(await wholeOf(refs, git));
  } else {
    fetched = await fetch([]);
    await takeOver(unpushed, [...fetched.values()], { own, before }, git);
  }
  for (const { commit, name } of await commitsOf(unpushed, git)) await git(['update-ref', name, commit]);
  await takeAway(aside);
  return fetched;
}

/**
 * Takes commits into `own` from objects that are damaged, without what `others` have of them; each in a pack of
 * its own, so that one that cannot be read does not take another along.
 */
async function takeOver(
  refs: Ref[],
  others: string[],
  { own, before }: Record<'own' | 'before', string>,
  git: Git,
): Promise<void> {
  await borrowFrom(own, [before]);
  for (const ref of await commitsOf(refs, git)) {
    if (!(await areWhole([ref], git, others))) continue;
    await packWithout([ref], others, join(own, 'pack', 'pack'), git).catch(unlessGit);
  }
  await borrowFrom(own, []);
}

/**
 * Puts aside what may outlive the old `.git`, and makes a new one. It may end at any moment and begin again:
 * the refs are written down before the old repository goes, and stay until the new one has them.
 */
async function beginAnew(directory: string, git: Git): Promise<{ aside: string; refs: Ref[] }> {
  const aside = `${directory}.kept`;
  const old = join(directory, '.git');
  if (!(await isDirectory(aside))) await writeDown(aside, await readRefs(old));
  const refs = parseRefs(await readRegular(join(aside, 'refs')));
  const objects = join(aside, 'objects');
  if (!(await isDirectory(objects))) {
    await removeTree(objects);
    if (await isDirectory(join(old, 'objects'))) await rename(join(old, 'objects'), objects);
    else await mkdir(objects, { mode: 0o700 });
  }
  await removeTree(join(objects, 'info'));
  await ownDirectory(join(objects, 'pack'));
  await removeTree(old);
  await git(['init', '--quiet', '--template=', '.']);
  return { aside, refs };
}

async function writeDown(aside: string, refs: Ref[]): Promise<void> {
  const writing = `${aside}.writing`;
  await removeTree(writing);
  await removeTree(aside);
  await mkdir(writing, { recursive: true, mode: 0o700 });
  const lines = refs.map(({ commit, name }) => `${commit} ${name}\n`).join('');
  await writeFile(join(writing, 'refs'), lines, { mode: 0o600 });
  await rename(writing, aside);
}

/** Read without git, which would believe the configuration that the agent left beside them. */
async function readRefs(repository: string): Promise<Ref[]> {
  if (!(await isDirectory(repository))) return [];
  const packed = parseRefs(await readRegular(join(repository, 'packed-refs')));
  const loose: Ref[] = [];
  if (await isDirectory(join(repository, 'refs')))
    for (const folder of ['refs/dexter', 'refs/remotes'])
      await addLoose(repository, folder, loose, deepestRef);
  const refs = new Map([...packed, ...loose].map((ref) => [ref.name, ref]));
  return [...refs.values()].filter((ref) => isUnpushed(ref) || ref.name.startsWith(`${originRefs}/`));
}

async function addLoose(repository: string, folder: string, found: Ref[], depth: number): Promise<void> {
  const path = join(repository, folder);
  if (depth === 0 || !(await isDirectory(path))) return;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (found.length >= mostRefs) return;
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) await addLoose(repository, name, found, depth - 1);
    else found.push(...parseRefs(`${(await readRegular(join(repository, name))).trim()} ${name}`));
  }
}

function parseRefs(text: string): Ref[] {
  return text.split('\n').flatMap((line) => {
    const [, commit, name] = refPattern.exec(line) ?? [];
    return commit === undefined || name === undefined ? [] : [{ commit, name }];
  });
}

function isUnpushed({ name }: Ref): boolean {
  return name.startsWith(`${unpushedRefs}/`);
}

/** Empty for what is no file, such as a pipe that would never end. */
async function readRegular(path: string): Promise<string> {
  const stats = await lstat(path).catch(() => undefined);
  if (!stats?.isFile() || stats.size > longestRefFile) return '';
  return await readFile(path, 'utf8');
}

async function commitsOf(refs: Ref[], git: Git): Promise<Ref[]> {
  const found: Ref[] = [];
  for (const ref of refs) {
    if (await succeeds(git(['check-ref-format', ref.name]))) {
      const type = await git(['cat-file', '-t', ref.commit]).catch(unlessGit);
      if (type === 'commit') found.push(ref);
    }
  }
  return found;
}

async function wholeOf(refs: Ref[], git: Git): Promise<string[]> {
  const whole: string[] = [];
  for (const ref of await commitsOf(refs, git)) {
    // One that takes too long to look through is fetched again: nothing is lost by that.
    if (await areWhole([ref], git, []).catch(() => false)) whole.push(ref.commit);
  }
  return [...new Set(whole)];
}

/** Whether the commits are there with all that they need beyond `others`, which are whole. Throws when it cannot be told. */
async function areWhole(refs: Ref[], git: Git, others: string[]): Promise<boolean> {
  const commits = [...refs.map(({ commit }) => commit), ...others.map((commit) => `^${commit}`)];
  const walk = ['rev-list', '--objects', '--quiet', ...commits, '--'];
  return await succeeds(git(walk, { timeLimitMs: walkLimitMs }));
}

/** One pack with what the commits need beyond those that others have. */
async function packWithout(refs: Ref[], others: string[], path: string, git: Git): Promise<void> {
  if (refs.length === 0) return;
  const lines = [...refs.map(({ commit }) => commit), ...others.map((commit) => `^${commit}`)];
  await git(['pack-objects', '--revs', '--quiet', '--non-empty', '--delta-base-offset', path], {
    input: `${lines.join('\n')}\n`,
    timeLimitMs: walkLimitMs,
  });
}

async function succeeds(command: Promise<string>): Promise<boolean> {
  return (await command.catch(unlessGit)) !== undefined;
}

/** Git says so of what is missing or damaged; it does not when it was ended, or the disk failed. */
function unlessGit(error: unknown): undefined {
  if (error instanceof GitError && error.exitCode !== undefined && !isDiskProblem(error)) return undefined;
  throw error;
}
