import { randomUUID } from 'node:crypto';
import { AppError, messageOf } from '../src/core/errors.ts';
import type { Resumption, StoreUse } from '../src/core/report.ts';
import type { ResumeChoice, SessionManifest, SessionMode } from '../src/core/session.ts';
import { newestGeneration, type RestoreResult, restore } from '../src/sessions/restore.ts';
import type { SessionDirectory } from './session-directory.ts';
import type { Work } from './work.ts';

/** How a run comes by its conversation. */
export interface Conversation {
  mode: SessionMode;
  sessionId: string;
  /** Generation that this run saves. */
  nextGeneration: number;
  /** The store did not say which one is its newest, so the next one is guessed from what the app remembers. */
  isGuessed: boolean;
  /** Generation that was restored, 0 for none. */
  parentGeneration: number;
  /** What was restored; absent for a fresh session. */
  restored?: SessionManifest;
  /** How old it is, since its last request; absent where nobody knows. */
  ageSeconds?: number;
  /** For the person who asked. */
  notices: string[];
  choice: ResumeChoice;
  /** Why this is how the run goes on. */
  resumption: Resumption;
  /** What is continued when the engine refuses this one; without it a new conversation is begun. */
  instead?: Conversation;
}

/** Tokens of what is gone on with; 0 for a new conversation, and where it was not noted. */
export function resumedTokens({ choice, restored }: Pick<Conversation, 'choice' | 'restored'>): number {
  return (choice === 'compacted' ? restored?.compacted : restored)?.contextTokens ?? 0;
}

/** What was found of a session, before it is chosen how to go on with it. */
export interface Opened extends Omit<Conversation, 'choice' | 'resumption' | 'instead'> {
  /** Why there is nothing to go on with, where something was expected. */
  lost?: string;
}

/** Restores the session that the job asks for, or says why a new one is started. */
export async function openConversation(work: Work, directory: SessionDirectory): Promise<Opened> {
  const { generation: expected, mode } = work.inputs.job.session;
  const { inputs, report, now } = work;
  report.store = { name: inputs.store };
  // The store alone counts: it takes the generation after its newest, whatever the app remembers of one it lost.
  if (mode === 'fresh') return await freshAfter(work);
  const startedAt = now();
  const found = await restoreOrSay(work, directory);
  const restored = restoreUse(found, expected);
  if (restored !== undefined)
    report.store.restore = { ...restored, durationMs: Math.max(0, Math.round(now() - startedAt)) };
  switch (found.outcome) {
    case 'restored':
      return {
        mode: 'resume',
        sessionId: found.manifest.sessionId,
        nextGeneration: found.newest + 1,
        isGuessed: false,
        parentGeneration: found.generation,
        restored: found.manifest,
        notices: [
          ...(found.newest < expected ? [olderNotice(found.newest, expected)] : []),
          ...found.notices,
        ],
      };
    case 'none':
      return expected > 0 ? lost(0, 'it is not in the store of this runner') : fresh(0, []);
    case 'unusable':
      return lost(found.newest, found.reason);
    case 'failed':
      return lost(expected, found.reason, true);
  }
}

/** What the store did, for the report; undefined where nobody knew of anything to restore and there was nothing. */
function restoreUse(
  found: Found,
  expected: number,
): Pick<NonNullable<StoreUse['restore']>, 'outcome' | 'bytes'> | undefined {
  switch (found.outcome) {
    case 'restored':
      return { outcome: 'hit', bytes: found.bytes };
    case 'none':
      return expected > 0 ? { outcome: 'miss' } : undefined;
    case 'unusable':
    case 'failed':
      return { outcome: 'failed' };
  }
}

/** Somebody asked for a new one, perhaps because the store does not give the earlier one out any more. */
async function freshAfter({ inputs, ref, store }: Work): Promise<Opened> {
  try {
    return fresh(await newestGeneration(store, ref), []);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return fresh(inputs.job.session.generation, [error.message], true);
  }
}

type Found = RestoreResult | { outcome: 'failed'; reason: string };

/** A store that fails costs the conversation, not the run. */
async function restoreOrSay(
  { claim, store, ref, inputs }: Work,
  directory: SessionDirectory,
): Promise<Found> {
  const { entry } = inputs.job.session;
  try {
    return await restore({
      store,
      keys: claim.sessionKeys,
      ref,
      entry,
      configDirectory: directory.config,
      temporaryDirectory: directory.root,
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { outcome: 'failed', reason: messageOf(error) };
  }
}

function lost(newest: number, reason: string, isGuessed = false): Opened {
  return {
    ...fresh(newest, [lostNotice(reason)], isGuessed),
    lost: `the earlier conversation could not be continued (${reason.replace(/\.$/, '')})`,
  };
}

/** A new conversation, saved as the generation after the newest. */
export function fresh(newest: number, notices: string[], isGuessed = false): Opened {
  return {
    mode: 'fresh',
    sessionId: randomUUID(),
    nextGeneration: newest + 1,
    isGuessed,
    parentGeneration: 0,
    notices,
  };
}

export function lostNotice(reason: string): string {
  return `The earlier session could not be continued (${reason.replace(/\.$/, '')}), so a new one was started.`;
}

function olderNotice(found: number, expected: number): string {
  return `The newest session that is left is generation ${found}, not ${expected}: what came after it is not in the conversation.`;
}
