import { redact } from '../../core/redact.ts';
import type { EngineTask, StopReason } from '../engine.ts';
import type { CliExit } from './cli-process.ts';
import type { RunRecord } from './run-record.ts';

export interface Ending {
  stopReason: StopReason;
  detail?: string;
}

/** The CLI retries a refused key for minutes; as many refusals in a row as this are an answer. */
export const refusalsThatCount = 2;

const loggedOut = /not logged in|please run \/login|invalid api key|authentication_(?:failed|error)/i;
/** What the API says about a transcript that it does not take; other requests are refused with 400 as well. */
export const badTranscript = /thinking|signature|tool_use|tool_result|messages\.\d|prompt is too long/i;
const unknownSession = /no conversation found|session .{0,60}not found/i;

/** Why a run ended, from what it said and how its process went. `aborted`: it was asked to end. */
export function classify(
  run: RunRecord,
  exit: CliExit,
  mode: EngineTask['mode'],
  aborted: boolean,
  secrets: readonly string[],
): Ending {
  const { result } = run;
  const said = [run.apiError, ...(result?.errors ?? []), result?.is_error ? result.result : '', exit.stderr]
    .filter(Boolean)
    .join('\n');
  const detail = redact(lastLines(said), secrets);

  if (aborted) return { stopReason: 'cancelled' };
  if (run.refusedKeys >= refusalsThatCount || refusedByStatus(result?.api_error_status)) {
    return { stopReason: 'logged-out', detail: detail || "The model's API refused the key." };
  }
  if (result?.is_error !== false && loggedOut.test(said)) return { stopReason: 'logged-out', detail };
  if (mode === 'resume' && run.answers === 0 && sessionWasRefused(run, said)) {
    return { stopReason: 'session-lost', detail };
  }
  if (result === undefined) {
    return { stopReason: 'failed', detail: [howItEnded(exit), detail].filter(Boolean).join(' ') };
  }
  if (result.subtype === 'error_max_turns') return { stopReason: 'turns' };
  if (/budget/.test(result.subtype)) return { stopReason: 'budget' };
  if (!result.is_error) return { stopReason: 'completed' };
  return { stopReason: 'failed', detail: detail || `Claude Code ended with ${result.subtype}.` };
}

function refusedByStatus(status: number | null | undefined): boolean {
  return status === 401 || status === 403;
}

/** The CLI does not know the session, or the API refused what the transcript made of the request. */
function sessionWasRefused({ result }: RunRecord, said: string): boolean {
  return unknownSession.test(said) || (result?.api_error_status === 400 && badTranscript.test(said));
}

function howItEnded({ code, signal }: CliExit): string {
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
  return `Claude Code ended ${how} before it gave a result.`;
}

/** The CLI says some things twice, on stderr and in its result; one time is enough. */
function lastLines(text: string): string {
  const lines = new Set(text.split('\n').filter((line) => line.trim() !== ''));
  return [...lines].slice(-6).join('\n').slice(-1_000);
}
