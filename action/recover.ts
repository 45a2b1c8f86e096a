import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { messageOf } from '../src/core/errors.ts';
import { isNoUsage, type Report } from '../src/core/report.ts';
import type { SessionManifest } from '../src/core/session.ts';
import { bringProjectFolderHome } from '../src/engines/claude-code/project-folder.ts';
import {
  costOf,
  firstRequestOf,
  newRecord,
  type RunRecord,
  unpricedModels,
  usageOf,
} from '../src/engines/claude-code/run-record.ts';
import { addTranscripts } from '../src/engines/claude-code/transcript-usage.ts';
import { killLeftovers } from '../src/engines/leftovers.ts';
import { overridePrices } from '../src/pricing/price-overrides.ts';
import { graftCopyFile } from '../src/sessions/compacted-copy.ts';
import { hasAnswer } from '../src/sessions/has-answer.ts';
import { restore } from '../src/sessions/restore.ts';
import { type SaveResult, save } from '../src/sessions/save.ts';
import { sessionFigures } from '../src/sessions/session-figures.ts';
import { projectFolder } from '../src/sessions/session-files.ts';
import type { SessionStore } from '../src/stores/session-store.ts';
import { removeTree } from '../src/workspace/remove-tree.ts';
import { replacesForNothing } from './keep-session.ts';
import { knownSecrets } from './known-secrets.ts';
import { priceNotices } from './price-notices.ts';
import { emptyReport, endedProblem } from './report.ts';
import type { RunState } from './run-state.ts';
import { openSessionDirectory, type SessionDirectory } from './session-directory.ts';

export interface RecoverOptions {
  state: RunState;
  /** What the main step left of its report, from the moment on at which its session was saved. */
  keptReport: () => Promise<Report | undefined>;
  openStore: () => Promise<SessionStore>;
  env: Readonly<Record<string, string | undefined>>;
  warn: (message: string) => void;
}

/**
 * What a run that died leaves to do: its processes are ended, its session is saved unless it was already, and the
 * report says what stands. Whatever fails here, there is a report.
 */
export async function recover(options: RecoverOptions): Promise<Report> {
  const { state, keptReport, warn } = options;
  let report: Report | undefined;
  try {
    await using directory = await openSessionDirectory(state.workspace, state.ref, { keep: true });
    await killLeftovers(directory.home);
    report = (await keptReport()) ?? (await lostReport(options, directory));
  } catch (error) {
    // The directory cannot be opened, or what was in it not be removed: a full disk, or the next run has it.
    warn(messageOf(error));
  }
  return report ?? (await keptReport()) ?? (await lostReport(options, undefined));
}

async function lostReport(options: RecoverOptions, directory: SessionDirectory | undefined): Promise<Report> {
  const { state, warn } = options;
  const report: Report = {
    ...emptyReport(),
    durationMs: Math.max(0, Date.now() - state.startedAt),
    problem: endedProblem,
  };
  const { session } = state;
  if (session === undefined) return report;
  report.engine = session.engine;
  const { run, answeredAt } = await recordedRun(options, session, directory);
  const startedAt = Date.now();
  let saved: SaveResult | { outcome: 'failed' } = { outcome: 'failed' };
  try {
    if (directory !== undefined)
      saved = await savedSession(options, withFigures(options, session, run, answeredAt), directory, run);
  } catch (error) {
    warn(messageOf(error));
  }
  if (session.store !== undefined) {
    const durationMs = Math.max(0, Date.now() - startedAt);
    const save = saved.outcome === 'nothing' ? {} : { save: { outcome: saved.outcome, durationMs } };
    report.store = { ...session.store, ...save };
  }
  const { id, mode, model } = session;
  report.session = {
    id,
    mode,
    generation: saved.outcome === 'saved' ? saved.generation : 0,
    ...(saved.outcome === 'saved' && saved.entry !== undefined ? { entry: saved.entry } : {}),
    bytes: saved.outcome === 'saved' ? saved.bytes : 0,
    contextTokens: run.contextTokens || session.resumedTokens,
    engineVersion: 'unknown',
    model,
  };
  report.usage = usageOf(run);
  report.costUsd = costOf(run);
  report.turns = run.usageOf.size;
  report.notices.push(
    ...(isNoUsage(report.usage)
      ? ['The transcript says nothing of the tokens of this run: they are shown as 0.']
      : []),
    ...priceNotices({ unpricedModels: unpricedModels(run) }),
    saved.outcome === 'saved'
      ? 'The session was saved; the changes of the run were not pushed.'
      : 'Neither the session nor the changes of the run were saved.',
  );
  return report;
}

type LostSession = NonNullable<RunState['session']>;

/** What the run used, from what it has added to the transcripts; an answer that was cut off counts as far as it got. */
async function recordedRun(
  { state, warn }: RecoverOptions,
  { id, transcripts }: LostSession,
  directory: SessionDirectory | undefined,
): Promise<{ run: RunRecord; answeredAt?: Date | undefined }> {
  const run = newRecord(overridePrices(state.prices));
  try {
    if (directory === undefined) return { run };
    return { run, answeredAt: await addTranscripts(run, directory.config, id, transcripts) };
  } catch (error) {
    warn(messageOf(error));
    return { run };
  }
}

/** The session with the figures of this run: its last answer counts for the prompt cache like any other. */
function withFigures(
  { state }: RecoverOptions,
  session: LostSession,
  run: RunRecord,
  answeredAt: Date | undefined,
): LostSession {
  const { mode, figures: before, resumedTokens, costBeforeUsd } = session;
  if (run.requests.size === 0) return session;
  const { contextTokens } = run;
  const figures = sessionFigures({
    mode,
    result: {
      usage: usageOf(run),
      contextTokens,
      ...firstRequestOf(run),
      requests: run.requests.size,
      costUsd: costOf(run),
    },
    // The transcript is the agent's to write: no answer came before the run began or is yet to come.
    lastRequestAt: new Date(Math.max(state.startedAt, Math.min(answeredAt?.getTime() ?? 0, Date.now()))),
    restored: { figures: before, contextTokens: resumedTokens, costUsd: costBeforeUsd },
  });
  return { ...session, figures };
}

/** Saves the session by the same rules as the main step, which may have done it and died before it could say so. */
async function savedSession(
  options: RecoverOptions,
  session: LostSession,
  directory: SessionDirectory,
  run: RunRecord,
): Promise<SaveResult> {
  const { id, nextGeneration } = session;
  await bringProjectFolderHome(directory.config, id, projectFolder);
  const start = session.transcripts[`${id}.jsonl`];
  if (replacesForNothing(session, await hasAnswer(directory.config, id, start)))
    return { outcome: 'nothing' };
  const store = await options.openStore();
  const kept = await keptCopy(session, directory);
  const saved = await saveAs(nextGeneration, options, { ...session, kept }, directory, store, run);
  if (saved.outcome !== 'conflict') return saved;
  const found = await savedBefore(options.state, session, directory, store);
  if (found !== undefined) return found;
  // The store did not answer when the run began: what it has is not what another run said meanwhile.
  return session.isGuessed
    ? await saveAs(saved.newest + 1, options, { ...session, kept }, directory, store, run)
    : saved;
}

/** The newest generation when it is this very session, saved as the one that this run was to save. */
async function savedBefore(
  { ref, sessionKeys: keys }: RunState,
  { id, nextGeneration, parentGeneration }: LostSession,
  { root }: SessionDirectory,
  store: SessionStore,
): Promise<(SaveResult & { outcome: 'saved' }) | undefined> {
  const configDirectory = join(root, `newest-${randomUUID()}`);
  try {
    const found = await restore({ store, keys, ref, configDirectory, temporaryDirectory: root });
    if (found.outcome !== 'restored') return undefined;
    const { generation, manifest, bytes } = found;
    const isOurs =
      generation === nextGeneration &&
      manifest.sessionId === id &&
      manifest.parentGeneration === parentGeneration;
    return isOurs ? { outcome: 'saved', generation, bytes, notices: [] } : undefined;
  } finally {
    await removeTree(configDirectory);
  }
}

type KeptFacts = Pick<SessionManifest, 'compacted' | 'figures'>;

/** The copy with what the run has said until it died; none when that cannot be appended to it. */
async function keptCopy(
  { id, copy, figures }: LostSession,
  { config }: SessionDirectory,
): Promise<KeptFacts> {
  const kept = figures === undefined ? {} : { figures };
  if (copy === undefined) return kept;
  const { bytesBefore, ...compacted } = copy;
  const options = { sessionId: id, copyId: compacted.sessionId, bytesBefore };
  const grafted = await graftCopyFile(config, options);
  if (grafted.outcome === 'unfit') return kept;
  const contextTokens = compacted.contextTokens + grafted.messageTokens;
  return { ...kept, compacted: { ...compacted, contextTokens } };
}

async function saveAs(
  generation: number,
  { state, env }: RecoverOptions,
  session: LostSession & { kept: KeptFacts },
  directory: SessionDirectory,
  store: SessionStore,
  run: RunRecord,
): Promise<SaveResult> {
  const { claim, ref, sessionKeys, workspace } = state;
  return await save({
    store,
    keys: sessionKeys,
    configDirectory: directory.config,
    temporaryDirectory: directory.root,
    secrets: knownSecrets({ given: [claim.runToken], sessionKeys, env, workspace }),
    facts: {
      ref,
      generation,
      parentGeneration: session.parentGeneration,
      sessionId: session.id,
      engine: session.engine,
      engineVersion: 'unknown',
      model: session.model,
      effort: session.effort,
      workingDirectory: session.workingDirectory,
      baseCommit: session.headCommit,
      headCommit: session.headCommit,
      baseBranchCommit: session.baseBranchCommit ?? null,
      ticket: session.ticket,
      contextTokens: run.contextTokens || session.resumedTokens,
      costUsd: session.costBeforeUsd + (costOf(run) ?? 0),
      ...(session.pins === undefined ? {} : { pins: session.pins }),
      ...session.kept,
      createdAt: new Date().toISOString(),
    },
  });
}
