import { setTimeout as wait } from 'node:timers/promises';
import type { Patience } from './options.ts';

/** No answer in time. */
export class Silence extends Error {
  constructor(ms: number) {
    super(`no answer for ${Math.round(ms / 1000)} s`);
    this.name = 'Silence';
  }
}

/** An answer that ended before it was complete. */
export class Truncated extends Error {
  override name = 'Truncated';
}

export interface Retrying {
  patience: Patience;
  random: () => number;
  /** Ends a pause, and with it the attempts. */
  signal?: AbortSignal | undefined;
  sleep?: ((ms: number) => Promise<void>) | undefined;
}

/** Runs `attempt` until it succeeds, fails for good, or was tried often enough. */
export async function withRetries<T>(attempt: () => Promise<T>, retrying: Retrying): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassing(error) || failures >= retrying.patience.tries) throw error;
      await pause(failures, error, retrying);
    }
  }
}

/**
 * Waits before the next try: exponential with full jitter, so that runners which failed together do not come
 * back together, and never shorter than the server asked for (up to `maximumMs`).
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export async function pause(failures: number, error: unknown, retrying: Retrying): Promise<void> {
  const { patience, random, signal, sleep } = retrying;
  const { baseMs, maximumMs } = patience;
  const jitter = random() * Math.min(maximumMs, baseMs * 2 ** (failures - 1));
  const ms = Math.max(jitter, Math.min(maximumMs, retryAfterMs(error)));
  if (sleep) return sleep(ms);
  await wait(ms, undefined, signal ? { signal } : {});
}

/** Runs a request that is broken off when it takes longer than `ms`. */
export async function withTimeLimit<T>(
  ms: number,
  request: (signal: AbortSignal) => Promise<T>,
  cancelled?: AbortSignal,
): Promise<T> {
  cancelled?.throwIfAborted();
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), ms);
  try {
    return await request(cancelled ? AbortSignal.any([limit.signal, cancelled]) : limit.signal);
  } catch (error) {
    throw limit.signal.aborted && cancelled?.aborted !== true ? new Silence(ms) : error;
  } finally {
    // The content of an answer has limits of its own.
    clearTimeout(timer);
  }
}

const passingNames = new Set([
  'BadDigest',
  'IncompleteBody',
  'InternalError',
  'OperationAborted',
  'RequestTimeout',
  // The SDK corrects its clock by the answer.
  'RequestTimeTooSkewed',
  'ServiceUnavailable',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
  'XAmzContentChecksumMismatch',
]);

const passingCodes = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
]);

/** Whether the same request may succeed in a moment. */
export function isPassing(error: unknown): boolean {
  if (error instanceof Silence || error instanceof Truncated) return true;
  if (!(error instanceof Error)) return false;
  const status = statusOf(error) ?? 0;
  return (
    passingNames.has(error.name) ||
    passingCodes.has(codeOf(error) ?? '') ||
    status === 408 ||
    status === 429 ||
    // 501 is what a server says of a feature that it does not have.
    (status >= 500 && status !== 501)
  );
}

/** Status of the answer that an error of the SDK stands for; undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  const status = propertyOf(propertyOf(error, '$metadata'), 'httpStatusCode');
  return typeof status === 'number' ? status : undefined;
}

/** Code of an error of the network, such as ECONNRESET. */
export function codeOf(error: unknown): string | undefined {
  const code = propertyOf(error, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** What `Retry-After` asks for, in seconds or as a date; 0 without one. */
function retryAfterMs(error: unknown): number {
  const value = propertyOf(propertyOf(propertyOf(error, '$response'), 'headers'), 'retry-after');
  if (typeof value !== 'string') return 0;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
