import { messageOf } from '../src/core/errors.ts';
import type { Report } from '../src/core/report.ts';
import { killLeftovers } from '../src/engines/claude-code/leftovers.ts';
import { bringProjectFolderHome } from '../src/engines/claude-code/project-folder.ts';
import { hasAnswer } from '../src/sessions/has-answer.ts';
import { type SaveResult, save } from '../src/sessions/save.ts';
import { projectFolder } from '../src/sessions/session-files.ts';
import type { SessionStore } from '../src/stores/session-store.ts';
import { knownSecrets } from './known-secrets.ts';
import { emptyReport } from './report.ts';
import type { RunState } from './run-state.ts';
import { openSessionDirectory, type SessionDirectory } from './session-directory.ts';

/** What a run that died leaves to do: its processes are ended, its session is saved, and the report says so. */
export async function recover(
  state: RunState,
  store: SessionStore,
  env: Readonly<Record<string, string | undefined>>,
  warn: (message: string) => void,
): Promise<Report> {
  const report: Report = {
    ...emptyReport(),
    durationMs: Math.max(0, Date.now() - state.startedAt),
    problem: {
      code: 'runner-lost',
      message: 'The run was ended on the runner before it could finish.',
      hint: 'Use `retry`; look at the log of the run when it happens again.',
    },
  };
  await using directory = await openSessionDirectory(state.workspace, state.ref, { keep: true });
  await killLeftovers(directory.home);
  if (!state.session) return report;
  const { id, mode, model } = state.session;
  const { claim, sessionKeys, workspace } = state;
  const secrets = knownSecrets({ given: [claim.runToken], sessionKeys, env, workspace });
  await bringProjectFolderHome(directory.config, id, projectFolder);
  // A new session that the model never answered in is worth less than an earlier one, whatever that is.
  const isWorthIt =
    mode === 'resume' || state.session.nextGeneration === 1 || (await hasAnswer(directory.config, id));
  const saved = isWorthIt
    ? await saveOrWarn(state, state.session, { store, directory, secrets }, warn)
    : undefined;
  report.session = {
    id,
    mode,
    generation: saved?.outcome === 'saved' ? saved.generation : 0,
    ...(saved?.outcome === 'saved' && saved.entry !== undefined ? { entry: saved.entry } : {}),
    bytes: saved?.outcome === 'saved' ? saved.bytes : 0,
    contextTokens: 0,
    engineVersion: 'unknown',
    model,
  };
  report.notices.push(
    report.session.generation > 0
      ? 'The session was saved; the changes of the run were not pushed.'
      : 'Neither the session nor the changes of the run were saved.',
  );
  return report;
}

async function saveOrWarn(
  { ref, sessionKeys }: RunState,
  session: NonNullable<RunState['session']>,
  { store, directory, secrets }: { store: SessionStore; directory: SessionDirectory; secrets: string[] },
  warn: (message: string) => void,
): Promise<SaveResult | undefined> {
  try {
    return await save({
      store,
      keys: sessionKeys,
      configDirectory: directory.config,
      temporaryDirectory: directory.root,
      secrets,
      facts: {
        ref,
        generation: session.nextGeneration,
        parentGeneration: session.parentGeneration,
        sessionId: session.id,
        engine: 'claude-code',
        engineVersion: 'unknown',
        model: session.model,
        effort: session.effort,
        workingDirectory: session.workingDirectory,
        baseCommit: session.headCommit,
        headCommit: session.headCommit,
        baseBranchCommit: session.baseBranchCommit ?? null,
        ticket: session.ticket,
        contextTokens: 0,
        costUsd: session.costBeforeUsd,
        createdAt: new Date().toISOString(),
      },
    });
  } catch (error) {
    warn(messageOf(error));
    return undefined;
  }
}
