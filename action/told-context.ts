import { ContextDelta } from '../src/core/context.ts';
import { AppError, messageOf } from '../src/core/errors.ts';
import type { Job } from '../src/core/job.ts';
import { unpackText } from '../src/core/packed-text.ts';
import type { ClaimResponse } from '../src/core/runner.ts';
import type { SessionManifest, SessionMode, TicketSeen } from '../src/core/session.ts';
import type { Work } from './work.ts';

/** What the engine is told of the ticket and the pull request. */
export interface ToldContext {
  /** All of it, or what is new for the conversation. */
  kind: 'all' | 'news';
  /** Markdown written by whoever may comment there: data. */
  markdown: string;
  /** Nothing was shortened or left out. */
  isWhole: boolean;
  /** The conversation knows the ticket as largely another text. */
  isRewritten?: true;
}

/**
 * The context for a conversation: what is new when it is the one that heard the rest, else all of it.
 * @throws AppError `input-invalid` when an input is not what the app makes.
 */
export function toldContext(
  job: Pick<Job, 'context' | 'delta'>,
  claimed: ClaimResponse['context'],
  restored: Pick<SessionManifest, 'ticket'> | undefined,
): ToldContext {
  const delta = claimed.delta ?? (claimed.seen ? undefined : deltaIn(job));
  if (delta !== undefined && restored?.ticket?.hash === delta.from) {
    const { markdown, isWhole, isRewritten } = delta;
    return { kind: 'news', markdown, isWhole, ...(isRewritten ? { isRewritten } : {}) };
  }
  const markdown = claimed.text ?? unpacked('context', job.context) ?? '';
  const isWhole = claimed.full === undefined || claimed.full === markdown;
  return { kind: 'all', markdown, isWhole };
}

function deltaIn({ delta = '' }: Pick<Job, 'delta'>): ContextDelta | undefined {
  const json = unpacked('delta', delta);
  if (!json) return undefined;
  try {
    return ContextDelta.parse(JSON.parse(json));
  } catch (cause) {
    throw unusable('delta', cause);
  }
}

function unpacked(input: string, value: string): string | undefined {
  try {
    return unpackText(value);
  } catch (cause) {
    throw unusable(input, cause);
  }
}

function unusable(input: string, cause: unknown): AppError {
  return new AppError('input-invalid', {
    message: `The input \`${input}\` is not what the app sends: ${messageOf(cause)}.`,
    hint: 'Pass it on as the app fills it in, or leave it empty.',
    cause,
  });
}

/** How much of the ticket a conversation knows that was told the context, to be kept with it. */
export function ticketTold(
  { claim, inputs }: Pick<Work, 'claim' | 'inputs'>,
  mode: SessionMode,
): TicketSeen | null {
  const { ticket, ticketAlone } = claim.context.seen ?? inputs.job.session;
  return (mode === 'fresh' ? ticketAlone : undefined) ?? ticket ?? null;
}
