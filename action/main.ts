import { writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import * as core from '@actions/core';
import { AppError, toProblem } from '../src/core/errors.ts';
import type { Report } from '../src/core/report.ts';
import { tidyWorkspace } from '../src/workspace/collect-garbage.ts';
import { type AppClient, appClient } from './app-client.ts';
import { type ActionInputs, isStandAlone, parseInputs } from './inputs.ts';
import { logLine } from './log.ts';
import { useProxyOf } from './proxy.ts';
import { type RunEnd, run } from './run.ts';
import { stateNames, undeliveredReportName } from './run-state.ts';
import { defaultWorkspace, parseRunner, type Runner } from './runner.ts';
import type { StandAlone } from './stand-alone.ts';
import { openStores } from './stores.ts';
import { renderSummary } from './summary.ts';
import { engineTimeLimitMs } from './time-limit.ts';

/** Programs beside this file, in the sources as in the bundle. */
const [cacheProgram, mcpProgram] = ['save-program', 'mcp-program'].map((name) =>
  join(import.meta.dirname, `${name}${extname(import.meta.filename)}`),
) as [string, string];

/** The main step: puts the run together from inputs and environment, and shows how it ended. */
async function main(env: NodeJS.ProcessEnv): Promise<void> {
  useProxyOf(env);
  const runner = parseRunner(env);
  const begun = isStandAlone(getInput) ? await withoutApp(runner, env) : await withApp(runner);
  if (begun.outcome === 'refused') return showRefusal(begun.message);
  const { inputs, app, claimToken } = begun;
  for (const secret of [inputs.anthropicApiKey, inputs.githubToken, runner.runToken])
    if (secret) core.setSecret(secret);
  const workspace = inputs.workspace ?? defaultWorkspace(runner);
  const warn = (message: string) => core.warning(message);
  const log = {
    info: (message: string) => core.info(logLine(message)),
    warn,
    secret: (value: string) => core.setSecret(value),
  };

  const ended = await run({
    inputs,
    runner,
    env,
    workspace,
    mcpProgram,
    app,
    claimToken,
    openStores: () => openStores({ inputs, runner, workspace, env, cacheProgram, warn }),
    signal: cancelledBySignal(),
    log,
    keepState: (state) => core.saveState(stateNames.run, state),
    timeLimitMs: engineTimeLimitMs(inputs.timeoutMinutes),
  });
  await show(ended, inputs, runner, env);
  const { workspaceLimits: limits } = inputs;
  await tidyWorkspace({ workspace, limits, now: new Date(), info: log.info, warn });
}

function getInput(name: string): string {
  return core.getInput(name);
}

type Begun =
  | { outcome: 'ready'; inputs: ActionInputs; app: AppClient; claimToken: string }
  | Extract<StandAlone, { outcome: 'refused' }>;

async function withApp(runner: Runner): Promise<Begun> {
  const inputs = parseInputs(getInput);
  const { appUrl, commandId } = inputs.job;
  const claimToken = runner.runToken ?? (await oidcToken(appUrl));
  return { outcome: 'ready', inputs, app: appClient({ appUrl, commandId }), claimToken };
}

/** Loaded only here: a run of the app needs none of it. */
async function withoutApp(runner: Runner, env: NodeJS.ProcessEnv): Promise<Begun> {
  const { standAlone } = await import('./stand-alone.ts');
  const begun = await standAlone({
    getInput,
    runner,
    env,
    secret: (value) => core.setSecret(value),
    warn: (message) => core.warning(message),
    keepState: (state) => core.saveState(stateNames.alone, state),
  });
  return begun.outcome === 'ready' ? { ...begun, claimToken: '' } : begun;
}

/** GitHub's own word on which run this is, made for the app alone: runner and app share no secret. */
async function oidcToken(audience: string): Promise<string> {
  try {
    return await core.getIDToken(audience);
  } catch (cause) {
    throw new AppError('claim-refused', {
      message: 'GitHub gave the run no OIDC token, by which it identifies itself to the app.',
      hint: 'Give the job `permissions: id-token: write`.',
      cause,
    });
  }
}

/** The runner sends SIGINT when a job is cancelled, SIGTERM after 7.5 seconds, and kills 2.5 seconds later. */
function cancelledBySignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort());
  return controller.signal;
}

async function show(
  ended: RunEnd,
  { job }: ActionInputs,
  runner: Runner,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  if (ended.outcome === 'refused') return showRefusal(ended.message);
  const { report, delivered } = ended;
  if (delivered) core.saveState(stateNames.reported, 'true');
  else await keepForPost(report, runner, job.commandId);
  core.setOutput('outcome', report.outcome);
  core.setOutput('pull-request', report.pullRequest?.number ?? '');
  core.setOutput('session-id', report.session?.id ?? '');
  if (env.GITHUB_STEP_SUMMARY)
    await core.summary.addRaw(renderSummary(job, report, runner.serverUrl)).write();
  for (const notice of report.notices) core.notice(notice);
  if (report.outcome === 'cancelled') core.notice('The run was stopped before it was done.');
  if (report.outcome === 'failed') core.setFailed(failure(report));
}

function showRefusal(message: string): void {
  core.saveState(stateNames.reported, 'true');
  core.setOutput('outcome', 'refused');
  core.notice(`Nothing to do: ${message}`);
}

async function keepForPost(report: Report, runner: Runner, commandId: string): Promise<void> {
  const path = join(runner.temporaryDirectory, undeliveredReportName(commandId));
  await writeFile(path, JSON.stringify(report), { mode: 0o600 });
}

function failure({ problem }: Report): string {
  return problem ? `${problem.message} ${problem.hint}` : 'The run failed.';
}

try {
  await main(process.env);
} catch (error) {
  const { message, hint } = toProblem(error);
  core.debug(error instanceof Error ? (error.stack ?? '') : String(error));
  core.setFailed(`${message} ${hint}`);
}
