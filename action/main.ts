import { rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import * as core from '@actions/core';
import { messageOf, toProblem } from '../src/core/errors.ts';
import type { Report } from '../src/core/report.ts';
import { findPrices } from '../src/pricing/find-prices.ts';
import { overridePrices } from '../src/pricing/price-overrides.ts';
import { tidyWorkspace } from '../src/workspace/collect-garbage.ts';
import { measureWorkspace } from '../src/workspace/workspace-use.ts';
import { type AppClient, appClient } from './app-client.ts';
import { type ActionInputs, type GetInput, isStandAlone, parseInputs } from './inputs.ts';
import { keepReport } from './kept-report.ts';
import { logLine } from './log.ts';
import { oidcToken } from './oidc-token.ts';
import { useProxyOf } from './proxy.ts';
import { readablePrices } from './readable-prices.ts';
import { type RunEnd, run } from './run.ts';
import { stateNames, undeliveredReportName } from './run-state.ts';
import { defaultWorkspace, parseRunner, type Runner } from './runner.ts';
import type { StandAlone } from './stand-alone.ts';
import { openStores } from './stores.ts';
import { engineTimeLimitMs } from './time-limit.ts';

/** Programs beside this file, in the sources as in the bundle. */
const [cacheProgram, mcpProgram] = ['save-program', 'mcp-program'].map((name) =>
  join(import.meta.dirname, `${name}${extname(import.meta.filename)}`),
) as [string, string];

/** The main step: puts the run together from inputs and environment, and shows how it ended. */
async function main(env: NodeJS.ProcessEnv): Promise<void> {
  useProxyOf(env);
  const runner = parseRunner(env);
  const getInput = await readablePrices((name) => core.getInput(name));
  const begun = isStandAlone(getInput)
    ? await withoutApp(getInput, runner, env)
    : await withApp(getInput, runner, env);
  if (begun.outcome === 'refused') return showRefusal(begun.message);
  const { inputs, app, claimToken } = begun;
  const { access } = inputs;
  const prices = overridePrices(inputs.prices);
  const modelKey = access.provider === 'anthropic' ? access.credential?.value : undefined;
  for (const secret of [modelKey, inputs.githubToken, runner.runToken]) if (secret) core.setSecret(secret);
  const workspace = inputs.workspace ?? defaultWorkspace(runner);
  const warn = (message: string) => core.warning(message);
  const reportPath = join(runner.temporaryDirectory, undeliveredReportName(inputs.job.commandId));
  const log = {
    info: (message: string) => core.info(logLine(message)),
    warn,
    secret: (value: string) => core.setSecret(value),
  };
  // Under this id the log of the app tells of the same command.
  log.info(`Command ${inputs.job.commandId} of ${inputs.job.issueKey}`);

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
    keepState: (state) => bestEffort(() => core.saveState(stateNames.run, state), warn),
    keepReport: async (report) => bestEffort(() => keepReport(reportPath, report), warn),
    now: Date.now,
    pricesOf: (model) => findPrices(model, prices),
    timeLimitMs: engineTimeLimitMs(inputs.timeoutMinutes),
  });
  if (ended.outcome === 'ended' && ended.delivered) await rm(reportPath, { force: true });
  await show(ended, inputs, runner, env);
  const { workspaceLimits: limits } = inputs;
  await tidyWorkspace({ workspace, limits, now: new Date(), info: log.info, warn });
  await measureWorkspace({ workspace, now: new Date(), warn });
}

type Begun =
  | { outcome: 'ready'; inputs: ActionInputs; app: AppClient; claimToken: string }
  | Extract<StandAlone, { outcome: 'refused' }>;

async function withApp(getInput: GetInput, runner: Runner, env: NodeJS.ProcessEnv): Promise<Begun> {
  const inputs = parseInputs(getInput);
  const { appUrl, commandId } = inputs.job;
  const claimToken = runner.runToken ?? (await oidcToken(appUrl, env));
  return { outcome: 'ready', inputs, app: appClient({ appUrl, commandId }), claimToken };
}

/** Loaded only here: a run of the app needs none of it. */
async function withoutApp(getInput: GetInput, runner: Runner, env: NodeJS.ProcessEnv): Promise<Begun> {
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
  // Told twice, the app refuses the second report.
  if (delivered) await bestEffort(() => core.saveState(stateNames.reported, 'true'), core.warning);
  core.setOutput('outcome', report.outcome);
  core.setOutput('pull-request', report.pullRequest?.number ?? '');
  core.setOutput('session-id', report.session?.id ?? '');
  if (env.GITHUB_STEP_SUMMARY) {
    const { renderSummary } = await import('./summary.ts');
    await core.summary.addRaw(renderSummary(job, report, runner.serverUrl)).write();
  }
  for (const notice of report.notices) core.notice(notice);
  if (report.outcome === 'cancelled') core.notice('The run was stopped before it was done.');
  if (report.outcome === 'failed') core.setFailed(failure(report));
}

/** What is only for the case that this process dies: on a full disk the run goes on without it. */
async function bestEffort(leave: () => void | Promise<void>, warn: (message: string) => void): Promise<void> {
  try {
    await leave();
  } catch (error) {
    warn(`The post step was not told how far the run is: ${messageOf(error)}`);
  }
}

function showRefusal(message: string): void {
  core.saveState(stateNames.reported, 'true');
  core.setOutput('outcome', 'refused');
  core.notice(`Nothing to do: ${message}`);
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
