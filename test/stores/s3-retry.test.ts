import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Patience } from '../../src/stores/s3/options.ts';
import { isPassing, Silence, Truncated, withRetries, withTimeLimit } from '../../src/stores/s3/retry.ts';

const patience: Patience = {
  tries: 5,
  baseMs: 200,
  maximumMs: 1000,
  silenceMs: 1,
  stallMs: 1,
  progressBytes: 1,
  partMs: 1,
};

/** An error as the SDK makes them. */
function answer(status: number, name: string, headers: Record<string, string> = {}): Error {
  return Object.assign(new Error(name), {
    name,
    $metadata: { httpStatusCode: status },
    $response: { headers },
  });
}

describe('a request that is tried again', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date('2026-01-01T00:00:00Z') });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Milliseconds after the first try at which the others happened. */
  async function times(error: Error, random: () => number): Promise<number[]> {
    const started = Date.now();
    const at: number[] = [];
    const attempt = async () => {
      at.push(Date.now() - started);
      throw error;
    };
    const result = expect(withRetries(attempt, { patience, random, sleep })).rejects.toBe(error);
    await vi.runAllTimersAsync();
    await result;
    return at;
  }
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

  it('waits up to twice as long each time, up to a limit', async () => {
    expect(await times(answer(500, 'InternalError'), () => 1)).toEqual([0, 200, 600, 1400, 2400]);
  });

  it('waits for any part of that, so that runners do not come back together', async () => {
    expect(await times(answer(500, 'InternalError'), () => 0.5)).toEqual([0, 100, 300, 700, 1200]);
    expect(await times(answer(500, 'InternalError'), () => 0)).toEqual([0, 0, 0, 0, 0]);
  });

  it.each([
    ['1', 1000],
    ['3600', 1000],
    ['Thu, 01 Jan 2026 00:00:01 GMT', 1000],
    ['soon', 0],
  ])('waits as long as Retry-After: %s asks for, up to the limit', async (value, ms) => {
    const [, second] = await times(answer(503, 'SlowDown', { 'retry-after': value }), () => 0);
    expect(second).toBe(ms);
  });

  it('is tried once when it failed for good', async () => {
    expect(await times(answer(403, 'AccessDenied'), () => 1)).toEqual([0]);
  });
});

it.each([
  [answer(500, 'InternalError'), true],
  [answer(503, 'SlowDown'), true],
  [answer(429, 'TooManyRequests'), true],
  [answer(408, 'RequestTimeout'), true],
  [answer(403, 'RequestTimeTooSkewed'), true],
  [answer(400, 'BadDigest'), true],
  [Object.assign(new Error(), { code: 'ECONNRESET' }), true],
  [new Silence(1000), true],
  [new Truncated(), true],
  [answer(501, 'NotImplemented'), false],
  [answer(403, 'AccessDenied'), false],
  [answer(404, 'NoSuchBucket'), false],
  [answer(400, 'ExpiredToken'), false],
  [answer(412, 'PreconditionFailed'), false],
  [Object.assign(new Error(), { code: 'ENOTFOUND' }), false],
  ['text', false],
])('knows whether %o passes: %s', (error, expected) => {
  expect(isPassing(error)).toBe(expected);
});

describe('a time limit', () => {
  const never = (signal: AbortSignal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  it('breaks a request off', async () => {
    await expect(withTimeLimit(5, never)).rejects.toBeInstanceOf(Silence);
  });

  it('is told from somebody who cancels', async () => {
    const cancelled = AbortSignal.abort(new Error('enough'));
    await expect(withTimeLimit(60_000, never, cancelled)).rejects.toThrow('enough');
  });
});
