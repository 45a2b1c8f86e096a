import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { machinePath } from '../../demo/machine-path.ts';
import { type Model, startModel } from '../../demo/model/server.ts';
import type { Workload } from './workload.ts';

/** What one cell has for itself: a provider with an empty prompt cache, a repository, and a clock. */
export interface Ground {
  /** Removed at the end. */
  directory: string;
  model: Model;
  clock: Clock;
  workload: Workload;
  /** Ends what runs. */
  signal: AbortSignal;
  /** Absolute path of the bare repository, in which `branch` is there. */
  repository: string;
  /** What a file of the branch holds. */
  show(path: string): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Milliseconds that go by as on the wall, and faster where somebody waits. */
export interface Clock {
  now(): number;
  skip(ms: number): void;
}

export const branch = 'dexter/SHOP-1-totals';
/** Such as an agent mostly reads at once; the figures that the goals were set by have as many. */
const readsPerTurn = 2;

export async function prepareGround({
  root,
  workload,
  signal,
}: Pick<Ground, 'workload' | 'signal'> & { root: string }): Promise<Ground> {
  const directory = await mkdtemp(join(root, 'cell-'));
  const repository = join(directory, 'shop.git');
  await makeRepository(repository, join(directory, 'first'), workload);
  const clock = steppingClock();
  const tasks = workload.steps.map(({ task }) => task);
  const model = await startModel({ tasks, readsPerTurn, now: clock.now });
  return {
    directory,
    model,
    clock,
    workload,
    signal,
    repository,
    show: async (path) => (await git(repository, 'show', `${branch}:${path}`)).stdout,
    async [Symbol.asyncDispose]() {
      await model.close();
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function steppingClock(): Clock {
  let skipped = 0;
  return {
    now: () => Date.now() + skipped,
    skip(ms) {
      skipped += ms;
    },
  };
}

async function makeRepository(repository: string, work: string, { files }: Workload): Promise<void> {
  for (const [path, content] of files) {
    await mkdir(dirname(join(work, path)), { recursive: true });
    await writeFile(join(work, path), content);
  }
  await git(work, 'init', '--quiet', '--initial-branch=main');
  await commitAll(work, 'The shop as it is');
  await git(work, 'branch', branch);
  await git(work, 'clone', '--quiet', '--bare', '--', work, repository);
  await rm(work, { recursive: true });
}

/** A checkout of the branch. */
export async function checkOut({ repository }: Ground, directory: string): Promise<void> {
  await git(repository, 'clone', '--quiet', '--branch', branch, '--', repository, directory);
}

export async function commitAndPush(directory: string, message: string): Promise<void> {
  await commitAll(directory, message);
  await git(directory, 'push', '--quiet', 'origin', branch);
}

async function commitAll(directory: string, message: string): Promise<void> {
  await git(directory, 'add', '--all');
  await git(directory, 'commit', '--quiet', '--allow-empty', '-m', message);
}

function git(directory: string, ...args: string[]) {
  const env = {
    PATH: machinePath,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Ann',
    GIT_AUTHOR_EMAIL: 'ann@example.com',
    GIT_COMMITTER_NAME: 'Ann',
    GIT_COMMITTER_EMAIL: 'ann@example.com',
  };
  return execa('git', args, { cwd: directory, env, extendEnv: false, stripFinalNewline: false });
}
