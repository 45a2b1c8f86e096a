import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { AppError, messageOf } from '../src/core/errors.ts';
import { restore } from '../src/sessions/restore.ts';
import { type SaveOptions, type SaveResult, save } from '../src/sessions/save.ts';
import { sessionFigures } from '../src/sessions/session-figures.ts';
import type { Checkout } from './checkout.ts';
import { effortOf, type Talk } from './converse.ts';
import { resumedTokens } from './open-conversation.ts';
import type { SessionDirectory } from './session-directory.ts';
import { ticketTold } from './told-context.ts';
import type { Work } from './work.ts';

/** Saves the session and puts it into the report. A session that is not saved is a notice: the work is not lost. */
export async function keepSession(
  work: Work,
  directory: SessionDirectory,
  checkout: Checkout,
  { conversation, copy, pins, result, task }: Talk,
  headCommit: string,
): Promise<void> {
  work.board.step('Saving the session');
  // Without an answer nobody has measured it anew, and it is at least as large as it was.
  const contextTokens = result.contextTokens || resumedTokens(conversation);
  const facts: SaveOptions['facts'] = {
    ref: work.ref,
    generation: conversation.nextGeneration,
    parentGeneration: conversation.parentGeneration,
    sessionId: conversation.sessionId,
    engine: pins.engine ?? 'claude-code',
    engineVersion: result.version,
    model: result.model,
    effort: effortOf(work, conversation),
    workingDirectory: directory.checkout,
    baseCommit: checkout.start,
    headCommit,
    baseBranchCommit: checkout.baseCommit ?? null,
    ticket: ticketTold(work, conversation.mode),
    contextTokens,
    costUsd: (conversation.restored?.costUsd ?? 0) + (result.costUsd ?? 0) + (copy.costUsd ?? 0),
    pins,
    figures: sessionFigures({
      ...conversation,
      result,
      prompt: task.prompt,
      lastRequestAt: copy.lastRequestAt,
    }),
    // Under `choice: compacted` the copy is the conversation, and what it was made of is not saved again.
    ...(copy.compacted === undefined ? {} : { compacted: copy.compacted }),
    createdAt: new Date(work.now()).toISOString(),
  };
  const isAnswered = result.contextTokens > 0 || result.stopReason === 'completed';
  const startedAt = work.now();
  const saved = replacesForNothing(conversation, isAnswered)
    ? keptEarlier(work, conversation)
    : await saveOrSay(work, directory, facts, conversation);
  if (saved.outcome !== 'nothing' && work.report.store !== undefined) {
    const durationMs = Math.max(0, Math.round(work.now() - startedAt));
    work.report.store.save = { outcome: saved.outcome, durationMs };
  }
  work.report.session = {
    id: conversation.sessionId,
    mode: conversation.mode,
    generation: saved.outcome === 'saved' ? saved.generation : 0,
    ...(saved.outcome === 'saved' && saved.entry !== undefined ? { entry: saved.entry } : {}),
    ...(conversation.ageSeconds === undefined ? {} : { ageSeconds: conversation.ageSeconds }),
    bytes: saved.outcome === 'saved' ? saved.bytes : 0,
    contextTokens,
    engineVersion: result.version,
    model: result.model,
    ...(copy.report === undefined
      ? {}
      : { compaction: { ...copy.report, outputTokens: copy.usage.outputTokens } }),
    resumption: conversation.resumption,
  };
}

/**
 * A new session that the model never answered in is worth less than the earlier one, whatever that is. So is a copy: it
 * would be saved without the whole conversation.
 */
export function replacesForNothing(
  {
    choice,
    nextGeneration,
    isGuessed,
  }: Pick<Talk['conversation'], 'choice' | 'nextGeneration' | 'isGuessed'>,
  isAnswered: boolean,
): boolean {
  const mayReplace = nextGeneration > 1 || isGuessed;
  return choice !== 'warm' && mayReplace && !isAnswered;
}

function keptEarlier({ report }: Work, { choice }: Talk['conversation']): SaveResult {
  const what = choice === 'compacted' ? 'compacted copy of the' : 'new';
  report.notices.push(`The ${what} session got no answer from the model, so the earlier one was kept.`);
  return { outcome: 'nothing' };
}

async function saveOrSay(
  work: Work,
  directory: SessionDirectory,
  facts: SaveOptions['facts'],
  conversation: Talk['conversation'],
): Promise<SaveResult | { outcome: 'failed' }> {
  const { claim, store, report, log, secrets } = work;
  const saveAs = (asFacts: SaveOptions['facts']) =>
    save({
      store,
      keys: claim.sessionKeys,
      configDirectory: directory.config,
      temporaryDirectory: directory.root,
      facts: asFacts,
      secrets,
      before: conversation.restored,
    });
  try {
    let saved = await saveAs(facts);
    if (saved.outcome === 'conflict' && (await isOurs(work, directory, conversation))) {
      saved = await saveAs({ ...facts, generation: saved.newest + 1 });
    }
    if (saved.outcome === 'saved') report.notices.push(...saved.notices);
    if (saved.outcome === 'conflict') {
      report.notices.push(
        'Another run saved this session first; what was said in this run is not part of the conversation.',
      );
    }
    return saved;
  } catch (error) {
    // Whatever it is, a full disk for example: the commits are there, and still have to be pushed.
    log.warn(messageOf(error));
    const what = error instanceof AppError ? error.message : 'The session could not be saved.';
    report.notices.push(`${what} The next command starts from what was saved before.`);
    return { outcome: 'failed' };
  }
}

/**
 * Whether the newest generation, which was not expected, is nothing that another run has said: the store did not
 * answer when the run began, or an administrator has sealed the same conversation anew (`dexter key rotate`).
 */
async function isOurs(
  { claim, store, ref }: Work,
  { root }: SessionDirectory,
  { isGuessed, restored }: Talk['conversation'],
): Promise<boolean> {
  if (isGuessed) return true;
  if (restored === undefined) return false;
  const configDirectory = join(root, `newest-${randomUUID()}`);
  try {
    const options = { store, keys: claim.sessionKeys, ref, configDirectory, temporaryDirectory: root };
    const found = await restore(options);
    return (
      found.outcome === 'restored' &&
      found.generation === found.newest &&
      found.manifest.sessionId === restored.sessionId &&
      isDeepStrictEqual(found.manifest.files, restored.files)
    );
  } finally {
    await rm(configDirectory, { recursive: true, force: true });
  }
}
