import { rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import * as core from '@actions/core';
import { messageOf } from '../src/core/errors.ts';
import type { SessionStore } from '../src/stores/session-store.ts';
import { appClient } from './app-client.ts';
import { parseInputs } from './inputs.ts';
import { keptReport } from './kept-report.ts';
import { useProxyOf } from './proxy.ts';
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
  const app = appClient({ appUrl: state.appUrl, commandId: state.commandId });
  const undelivered = join(runner.temporaryDirectory, undeliveredReportName(state.commandId));
  const report = await recover({
    state,
    // Read after its processes are gone: nobody writes to it any more.
    keptReport: () => keptReport(undelivered),
    openStore: () => openStoreOf(state, runner, env),
    env,
    warn,
  });
  const answer = await app.report(state.claim, report);
  await rm(undelivered, { force: true });
  core.info(answer.outcome === 'ok' ? 'Reported for the main step.' : answer.refusal.message);
}

async function openStoreOf(state: RunState, runner: Runner, env: NodeJS.ProcessEnv): Promise<SessionStore> {
  const inputs = parseInputs((name) => core.getInput(name));
  const { workspace } = state;
  return (await openStores({ inputs, runner, workspace, env, cacheProgram, warn })).store;
}

try {
  await post(process.env);
} catch (error) {
  core.setFailed(`The end of the run could not be reported: ${messageOf(error)}`);
}
