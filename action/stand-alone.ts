import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { Octokit } from 'octokit';
import { z } from 'zod';
import type { RepositoryRef } from '../src/core/command.ts';
import { AppError } from '../src/core/errors.ts';
import { Job } from '../src/core/job.ts';
import { type MasterKeys, sessionKeys } from '../src/core/session-key.ts';
import { repositoryNamed, tokenClient } from '../src/github/token-client.ts';
import { ownMasterKeys } from '../src/sessions/master-keys.ts';
import { sayAlone } from './alone-permissions.ts';
import type { AppClient } from './app-client.ts';
import {
  type ActionInputs,
  type AloneRequest,
  type GetInput,
  parseAloneInputs,
  type Settings,
} from './inputs.ts';
import { planAlone, RunEvent } from './plan-alone.ts';
import { defaultWorkspace, type Runner } from './runner.ts';
import { standAloneClient } from './stand-alone-client.ts';
import { CommentState, type StatusComment, statusComment } from './status-comment.ts';

/** What the post step of a run without the app needs beside the run's own state. */
export const AloneState = z.object({ job: Job, comment: CommentState });
export type AloneState = z.infer<typeof AloneState>;

export interface StandAloneWorld {
  getInput: GetInput;
  runner: Runner;
  env: Readonly<Record<string, string | undefined>>;
  /** Keeps a value out of the log from now on. */
  secret: (value: string) => void;
  warn: (message: string) => void;
  keepState: (state: AloneState) => void;
}

export type StandAlone =
  | { outcome: 'ready'; inputs: ActionInputs; app: AppClient }
  /** Nothing is to be done, and nothing has to be mended. */
  | { outcome: 'refused'; message: string };

/** GitHub's own account for the token of a job. */
const actionsBot = {
  name: 'github-actions[bot]',
  email: '41898282+github-actions[bot]@users.noreply.github.com',
};

/**
 * Prepares a run that no app knows of: everything that the app would fill in and answer comes from the inputs, from
 * GitHub and from the store.
 * @throws AppError for what is wrong with the workflow.
 */
export async function standAlone(world: StandAloneWorld): Promise<StandAlone> {
  const { getInput, runner, warn } = world;
  const { request, settings } = parseAloneInputs(getInput);
  const githubToken = tokenOf(settings);
  const master = await masterKeysOf(request, settings, runner);
  for (const key of [master.current, ...master.previous]) world.secret(key);

  const octokit = tokenClient(githubToken, runner.apiUrl);
  const repository = await repositoryOf(world, octokit);
  const plan = await planAlone({ request, event: RunEvent.parse(world.env), repository, octokit });
  if (plan.outcome === 'refused') {
    const { problem, isTold } = plan;
    const comment = commentOf(world, octokit, {
      commandId: randomUUID(),
      repository,
      number: request.number,
      instruction: firstLine(request.instruction),
    });
    if (isTold) await comment.show({ status: 'refused', problem });
    return { outcome: 'refused', message: `${problem.message} ${problem.hint}`.trim() };
  }
  const { asked, job, context } = plan;
  const state = {
    commandId: job.commandId,
    repository,
    number: request.number,
    instruction: firstLine(asked),
  };
  const comment = commentOf(world, octokit, state, (kept) => world.keepState({ job, comment: kept }));
  world.keepState({ job, comment: state });
  const grant = {
    fence: 1,
    runToken: randomUUID(),
    githubToken,
    sessionKeys: sessionKeys(master, { ...job.session, issueKey: job.issueKey }),
    context,
    committer: request.committer ?? actionsBot,
  };
  const app = standAloneClient({ comment, grant, warn, now: Date.now });
  return { outcome: 'ready', inputs: { ...settings, job }, app };
}

/** The end of a run without the app, for the post step. */
export function standAloneEnd(
  world: Pick<StandAloneWorld, 'getInput' | 'runner'>,
  { job, comment: state }: AloneState,
): { inputs: ActionInputs; comment: StatusComment } {
  const { settings } = parseAloneInputs(world.getInput);
  const octokit = tokenClient(tokenOf(settings), world.runner.apiUrl);
  return { inputs: { ...settings, job }, comment: commentOf(world, octokit, state) };
}

function commentOf(
  { runner }: Pick<StandAloneWorld, 'runner'>,
  octokit: Octokit,
  state: CommentState,
  keepState: (state: CommentState) => void = () => undefined,
): StatusComment {
  const { runUrl, serverUrl } = runner;
  return statusComment({ github: async () => octokit, state, runUrl, serverUrl, keepState });
}

function firstLine(instruction: string): string {
  return instruction.split('\n')[0] ?? '';
}

/** Runners say the id; what stands in for one may not. */
async function repositoryOf({ env, runner }: StandAloneWorld, octokit: Octokit): Promise<RepositoryRef> {
  const { owner, repository: name } = runner;
  const id = Number(env.GITHUB_REPOSITORY_ID);
  if (Number.isSafeInteger(id) && id > 0) return { id, owner, name };
  return await sayAlone('reading the repository', ['contents: read'], () =>
    repositoryNamed(octokit, owner, name),
  );
}

/** Sessions on the disk of the runner are sealed with a key that lies there too; elsewhere they need one of the caller's. */
async function masterKeysOf(
  { sessionKey: current, previousSessionKeys: previous }: AloneRequest,
  { store, workspace }: Settings,
  runner: Runner,
): Promise<MasterKeys> {
  if (current !== undefined) return { current, previous: previous.filter((key) => key !== current) };
  if (previous.length > 0) {
    throw new AppError('input-invalid', {
      message: '`session-key-previous` is set and `session-key` is not.',
      hint: 'Set `session-key` to the key that sessions are sealed under from now on.',
    });
  }
  if (store !== 'workspace') {
    throw new AppError('input-invalid', {
      message: `The store \`${store}\` keeps sessions outside of this runner, and there is no \`session-key\` to seal them with.`,
      hint: 'Make a key with `dexter key new`, keep it as a secret of the repository or the organisation, and pass it as `session-key`.',
    });
  }
  const directory = workspace ?? defaultWorkspace(runner);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return await ownMasterKeys(directory);
}

function tokenOf({ githubToken }: Settings): string {
  if (githubToken !== undefined) return githubToken;
  throw new AppError('input-invalid', {
    message:
      '`github-token` is empty, and without the app it is what the run clones, pushes and comments with.',
    hint: 'Leave the input out, so that it is the token of the job, or pass another one.',
  });
}
