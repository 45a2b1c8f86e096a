import {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError,
} from '@anthropic-ai/sdk';
import { messageOf } from '../../core/errors.ts';
import { redact } from '../../core/redact.ts';
import { badTranscript } from '../claude-code/classify.ts';
import type { EngineTask, StopReason } from '../engine.ts';

/** How a conversation with the model came to its end. */
export type Outcome =
  /** `reason` is the provider's word for why the last answer ended. */
  | { kind: 'answered'; reason: string | null }
  | { kind: 'budget' | 'turns' | 'cancelled' | 'unknown-session' }
  | { kind: 'failed'; error: unknown };

export interface Ending {
  stopReason: StopReason;
  detail?: string;
}

export interface EndedRun {
  mode: EngineTask['mode'];
  /** How many requests the model has answered in this run. */
  answers: number;
  /** Whether it has said anything. */
  hasWords: boolean;
  sessionId: string;
  secrets: readonly string[];
}

const longestDetail = 1_000;

/** Why a run ended, in the port's words. */
export function endingOf(outcome: Outcome, run: EndedRun): Ending {
  switch (outcome.kind) {
    case 'cancelled':
    case 'budget':
    case 'turns':
      return { stopReason: outcome.kind };
    case 'unknown-session':
      return { stopReason: 'session-lost', detail: `There is no conversation with the id ${run.sessionId}.` };
    case 'answered': {
      const problem =
        problemOf(outcome.reason) ?? (run.hasWords ? undefined : 'The model answered with nothing.');
      return problem === undefined ? { stopReason: 'completed' } : { stopReason: 'failed', detail: problem };
    }
    case 'failed': {
      const detail = redact(wordsOf(outcome.error), run.secrets).slice(0, longestDetail);
      return { stopReason: reasonOf(outcome.error, run), detail };
    }
  }
}

/** Undefined for an answer that is whole. https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons */
function problemOf(reason: string | null): string | undefined {
  switch (reason) {
    case 'end_turn':
    case 'stop_sequence':
      return undefined;
    case 'max_tokens':
      return 'The answer was longer than the model may write at once, and was cut off.';
    case 'model_context_window_exceeded':
      return 'The conversation has grown longer than the model can read.';
    case 'refusal':
      return 'The model refused to answer.';
    default:
      return `The model ended its answer with \`${reason ?? 'no reason'}\`.`;
  }
}

function reasonOf(error: unknown, { mode, answers }: EndedRun): StopReason {
  const status = error instanceof APIError ? error.status : undefined;
  if (status === 401 || status === 403) return 'logged-out';
  const isRefused = status === 413 || (status === 400 && badTranscript.test(wordsOf(error)));
  if (mode === 'resume' && answers === 0 && isRefused) return 'session-lost';
  return 'failed';
}

/** What is said about an error; the model's API may quote a request in it. */
function wordsOf(error: unknown): string {
  if (error instanceof APIUserAbortError) return 'The request was given up.';
  if (error instanceof APIConnectionTimeoutError) return "The model's API did not answer in time.";
  if (error instanceof APIConnectionError) {
    return `The model's API could not be reached: ${innermost(error)}`;
  }
  if (error instanceof APIError) {
    const said = error.apiMessage ?? error.message;
    return error.status === undefined
      ? `The model's API broke its answer off: ${said}`
      : `The model's API answered ${error.status}: ${said}`;
  }
  return messageOf(error);
}

function innermost(error: Error): string {
  let last: Error = error;
  while (last.cause instanceof Error) last = last.cause;
  return last.message;
}
