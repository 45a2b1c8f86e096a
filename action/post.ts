import { rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import * as core from '@actions/core';
import { messageOf } from '../src/core/errors.ts';
import type { Report } from '../src/core/report.ts';
import type { SessionStore } from '../src/stores/session-store.ts';
import { appClient } from './app-client.ts';
import { type ActionInputs, parseInputs } from './inputs.ts';
import { keptReport } from './kept-report.ts';
import { useProxyOf } from './proxy.ts';
import { readablePrices } from './readable-prices.ts';
import { recover } from './recover.ts';
import { RunState, stateNames, undeliveredReportName } from './run-state.ts';
import { parseRunner, type Runner } from './runner.ts';
import { openStores } from './stores.ts';

/** Beside this file, in the sources as in the bundle. */
const cacheProgram = join(import.meta.dirname, `save-program${extname(import.meta.filename)}`);

const warn = (message: string) => core.warning(message);

/** The post step: nothing when the main step reported; otherwise it does what is left to do for it. */
async function post(env: NodeJS.ProcessEnv): Promise<void> {
  useProxyOf(env);
  const saved = core.getState(stateNames.run);
  if (saved === '' || core.getState(stateNames.reported) === 'true') return;
  const state = RunState.parse(JSON.parse(saved));
  const runner = parseRunner(env);
  const { inputs, tell } = await begun(state, runner);
  const undelivered = join(runner.temporaryDirectory, undeliveredReportName(state.commandId));
  const report = await recover({
    state,
    // Read after its processes are gone: nobody writes to it any more.
    keptReport: () => keptReport(undelivered),
    openStore: () => openStoreOf(state, inputs(), runner, env),
    env,
    warn,
  });
  core.info(await tell(report));
  await rm(undelivered, { force: true });
}

interface Begun {
  inputs(): ActionInputs;
  /** Delivers the report, and says how that went. */
  tell(report: Report): Promise<string>;
}

async function begun(state: RunState, runner: Runner): Promise<Begun> {
  const getInput = await readablePrices((name) => core.getInput(name));
  const done = 'Reported for the main step.';
  if (state.appUrl !== '') {
    const app = appClient({ appUrl: state.appUrl, commandId: state.commandId });
    const tell = async (report: Report) => {
      const answer = await app.report(state.claim, report);
      return answer.outcome === 'ok' ? done : answer.refusal.message;
    };
    return { inputs: () => parseInputs(getInput), tell };
  }
  const { AloneState, standAloneEnd } = await import('./stand-alone.ts');
  const alone = AloneState.parse(JSON.parse(core.getState(stateNames.alone)));
  const { inputs, comment } = standAloneEnd({ getInput, runner }, alone);
  const tell = async (report: Report) => {
    await comment.end(report);
    return done;
  };
  return { inputs: () => inputs, tell };
}

async function openStoreOf(
  state: RunState,
  inputs: ActionInputs,
  runner: Runner,
  env: NodeJS.ProcessEnv,
): Promise<SessionStore> {
  const { workspace } = state;
  return (await openStores({ inputs, runner, workspace, env, cacheProgram, warn })).store;
}

try {
  await post(process.env);
} catch (error) {
  core.setFailed(`The end of the run could not be reported: ${messageOf(error)}`);
}
