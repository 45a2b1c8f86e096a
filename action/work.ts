import type { Report } from '../src/core/report.ts';
import type { ClaimResponse } from '../src/core/runner.ts';
import type { SessionRef } from '../src/core/session.ts';
import type { ModelPrices } from '../src/pricing/model-prices.ts';
import type { AppClient } from './app-client.ts';
import { type Heartbeat, type HeartbeatOptions, startHeartbeat } from './heartbeat.ts';
import type { ActionInputs } from './inputs.ts';
import { knownSecrets } from './known-secrets.ts';
import type { RunLog } from './log.ts';
import { type ProgressBoard, progressBoard } from './progress.ts';
import { emptyReport, finishedReport, reportSoFar } from './report.ts';
import type { RunState } from './run-state.ts';
import type { Runner } from './runner.ts';
import { type StopSwitch, stopSwitch } from './stop-switch.ts';
import type { Stores } from './stores.ts';

/** What a run is given by the composition root. */
export interface RunOptions {
  inputs: ActionInputs;
  runner: Runner;
  /** Says to the app which run this is. */
  claimToken: string;
  env: Readonly<Record<string, string | undefined>>;
  app: AppClient;
  /** Opens what the inputs describe; what is wrong with them is the run's to report. */
  openStores: () => Promise<Stores>;
  /** Absolute path of mcp-program.ts, or of what it was bundled to. */
  mcpProgram: string;
  /** Absolute path of the directory that outlives the run. */
  workspace: string;
  /** Aborts when the runner is told to end the job. */
  signal: AbortSignal;
  log: RunLog;
  /** Leaves word for the post step, should this process die. */
  keepState: (state: RunState) => void;
  /** Leaves the report for the post step, in place of the one before, until it is delivered. Never rejects. */
  keepReport: (report: Report) => Promise<void>;
  /** Milliseconds since 1970: how old a session is, and when it was saved. */
  now: () => number;
  /** What the tokens of a model cost; undefined for one that is not known. */
  pricesOf: (model: string) => ModelPrices | undefined;
  /** How long the engine may work. */
  timeLimitMs: number;
  /** Pace of the heartbeats; the contract's unless a test is in a hurry. */
  heartbeatPace?: Pick<HeartbeatOptions, 'intervalMs' | 'throttleMs' | 'leaseMs' | 'waits'>;
}

/** What the steps of a run share once it is claimed. */
export interface Work extends Omit<RunOptions, 'keepState' | 'openStores'>, Stores {
  ref: SessionRef;
  claim: ClaimResponse;
  stop: StopSwitch;
  board: ProgressBoard;
  heartbeat: Heartbeat;
  /** Filled in step by step, so that a failure keeps what came before it. */
  report: Report;
  startedAt: number;
  /** Values that must not appear in anything that leaves the runner. */
  secrets: readonly string[];
  /** Adds one that came about later. */
  keepSecret: (value: string) => void;
  /** Leaves word for the post step that the engine begins. */
  engineBegins: (session: NonNullable<RunState['session']>) => void;
  /** Leaves word for the post step of what has been done, which it must not do once more. */
  reached: (step: 'saved' | 'pushed') => Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts the clock, the heartbeat and the report of a claimed run. */
export function startWork(
  options: RunOptions,
  claim: ClaimResponse,
  startedAt: number,
): Omit<Work, keyof Stores> {
  const { app, inputs, log, runner } = options;
  const { installationId, repositoryId } = inputs.job.session;
  const { access, githubToken } = inputs;
  const modelKey = access.provider === 'anthropic' ? access.credential?.value : undefined;
  const secrets = knownSecrets({
    given: [claim.githubToken, claim.runToken, modelKey, githubToken, runner.runToken],
    sessionKeys: claim.sessionKeys,
    env: options.env,
    workspace: options.workspace,
  });
  const report = emptyReport();
  const stop = stopSwitch(options.timeLimitMs, options.signal);
  const board = progressBoard({
    secrets,
    onChange(step) {
      log.info(step);
      heartbeat.changed();
    },
  });
  const heartbeat = startHeartbeat({
    app,
    claim,
    current: board.current,
    onStop: () => stop.stop('stop'),
    onLost: () => stop.stop('lost'),
    warn: log.warn,
    ...options.heartbeatPace,
  });
  const ref = { installationId, repositoryId, issueKey: inputs.job.issueKey };
  const { commandId, appUrl } = inputs.job;
  const { workspace, keepState, openStores: _, ...given } = options;
  const { fence, runToken, sessionKeys } = claim;
  const state: RunState = {
    commandId,
    appUrl,
    claim: { fence, runToken },
    sessionKeys,
    startedAt,
    workspace,
    ref,
    prices: inputs.prices,
  };
  keepState(state);
  return {
    ...given,
    workspace,
    ref,
    claim,
    stop,
    board,
    heartbeat,
    report,
    startedAt,
    secrets,
    keepSecret(value) {
      log.secret(value);
      secrets.push(value);
    },
    engineBegins(session) {
      report.costUsd = null;
      board.engineBegins();
      heartbeat.changed();
      keepState({ ...state, session });
    },
    async reached(step) {
      const soFar = reportSoFar(report, step === 'pushed');
      await options.keepReport(finishedReport(soFar, options.now() - startedAt, secrets));
    },
    async [Symbol.asyncDispose]() {
      stop[Symbol.dispose]();
      await heartbeat[Symbol.asyncDispose]();
    },
  };
}
