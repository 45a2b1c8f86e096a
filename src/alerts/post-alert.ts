import type { AlertMessage } from './message-of.ts';

/** Longest that the webhook may take. */
const withinMs = 10_000;

/** What a webhook asks for that is to be left alone is believed up to this. */
const longestPauseMs = 60 * 60 * 1000;

export type Posted =
  | { outcome: 'posted' }
  /** Without the address, which is a secret. */
  | { outcome: 'failed'; why: string; pauseMs?: number };

/** Where changes are posted. */
export type PostAlert = (message: AlertMessage) => Promise<Posted>;

/**
 * Posts to a webhook. Never rejects, and never names the address: whoever knows it may post there. Redirects are not
 * followed: the address that was set is the one that is meant.
 */
export function webhookAt(url: string): PostAlert {
  return async (message) => {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(message),
        redirect: 'manual',
        signal: AbortSignal.timeout(withinMs),
      });
      await response.body?.cancel();
      if (response.ok) return { outcome: 'posted' };
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
      return {
        outcome: 'failed',
        why: `it answered ${response.status}`,
        ...(seconds > 0 ? { pauseMs: Math.min(seconds * 1_000, longestPauseMs) } : {}),
      };
    } catch (error) {
      return { outcome: 'failed', why: reasonOf(error) };
    }
  };
}

/** Of an error of fetch the name and the code alone: its message may hold the address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it could not be asked';
  if (error.name === 'TimeoutError') return `it did not answer within ${withinMs / 1_000} s`;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : error.name;
  return `it could not be asked (${code})`;
}

const firstPauseMs = 30_000;

/** After how long it is tried again when it has failed so many times in a row: half a minute at first, an hour at last. */
export function pauseAfter(failures: number, asked?: number): number {
  const grown = Math.min(firstPauseMs * 2 ** Math.min(failures - 1, 10), longestPauseMs);
  return Math.max(grown, asked ?? 0);
}
