import { describe, expect, it, vi } from 'vitest';
import type { Answer } from '../../src/core/answer.ts';
import { type Look, lookOf, type PartState, watchHealth, worstOf } from '../../src/health/part-health.ts';
import { logLines } from '../fakes/log-lines.ts';

const never = () => new Promise<never>(() => undefined);

function watch(look: () => Promise<Look>, withinMs = 30_000) {
  const clock = { time: Date.UTC(2026, 2, 1, 12) };
  const { log, lines } = logLines();
  const asked = vi.fn(look);
  const health = watchHealth({
    parts: [{ part: 'jira', name: 'acme', look: asked }],
    log,
    now: () => clock.time,
    everyMs: 30_000,
    withinMs,
  });
  const state = () => health.parts()[0]?.state;
  return { clock, lines, asked, health, state };
}

describe('how a part is', () => {
  it('is unknown until somebody has asked, and asked for by nobody before that', async () => {
    const { asked, state } = watch(async () => ({ state: 'ok' }));
    expect(asked).not.toHaveBeenCalled();
    expect(state()).toBe('unknown');
    await expect.poll(state).toBe('ok');
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('is looked at once for many who ask, and again when it is time', async () => {
    const { asked, state, clock } = watch(async () => ({ state: 'ok' }));
    for (let times = 0; times < 100; times += 1) state();
    await expect.poll(state).toBe('ok');
    clock.time += 29_999;
    state();
    expect(asked).toHaveBeenCalledTimes(1);
    clock.time += 1;
    state();
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it('is no answer when the look takes too long, and one that hangs is not begun again', async () => {
    const { asked, state, clock, health } = watch(never, 1);
    await expect.poll(state).toBe('no answer');
    expect(health.parts()).toMatchObject([{ part: 'jira', name: 'acme', said: 'it takes too long' }]);
    clock.time += 60_000;
    state();
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('is told to the log once for each change, with the reason', async () => {
    let now: Look = { state: 'ok' };
    const { state, clock, lines, health } = watch(async () => now);
    const seen = async (next: Look) => {
      now = next;
      clock.time += 30_000;
      const at = new Date(clock.time);
      await expect.poll(() => health.parts()[0]?.seenAt).toEqual(at);
    };
    await expect.poll(state).toBe('ok');
    await seen({ state: 'no answer', said: 'ECONNREFUSED 10.0.0.7' });
    const since = new Date(clock.time);
    await seen({ state: 'no answer', said: 'ETIMEDOUT' });
    expect(health.parts()).toMatchObject([{ state: 'no answer', said: 'ETIMEDOUT', since }]);
    await seen({ state: 'ok' });
    expect(health.parts()[0]).not.toHaveProperty('said');
    expect(lines).toEqual([
      expect.objectContaining({
        event: 'health_changed',
        part: 'jira',
        name: 'acme',
        state: 'no answer',
        was: 'ok',
        said: 'ECONNREFUSED 10.0.0.7',
      }),
      expect.objectContaining({
        event: 'health_changed',
        state: 'ok',
        was: 'no answer',
        msg: 'jira acme: ok again',
      }),
    ]);
  });

  it('is no answer when the look fails', async () => {
    const { state, lines } = watch(async () => {
      throw new Error('broken');
    });
    await expect.poll(state).toBe('no answer');
    expect(lines).toMatchObject([{ said: 'broken' }]);
  });
});

it.each<[PartState[], PartState]>([
  [[], 'off'],
  [['ok', 'ok'], 'ok'],
  [['ok', 'unknown'], 'unknown'],
  [['ok', 'no answer', 'unknown'], 'no answer'],
  [['no answer', 'refused', 'ok'], 'refused'],
])('tells everybody of sites that are %j: %s', (sites, worst) => {
  const parts = sites.map((state, index) => ({
    part: 'jira' as const,
    name: `site-${index}`,
    state,
    said: 'secret',
  }));
  expect(worstOf([{ part: 'github', state: 'ok' }, ...parts])).toEqual({
    github: 'ok',
    jira: worst,
    redis: 'off',
    store: 'off',
  });
});

it.each<[Answer<unknown>, Look]>([
  [{ outcome: 'answered', value: 1 }, { state: 'ok' }],
  [{ outcome: 'strange' }, { state: 'no answer', said: 'something else answers there' }],
  [
    { outcome: 'unreachable', code: 'ECONNREFUSED', said: 'connect' },
    { state: 'no answer', said: 'ECONNREFUSED: connect' },
  ],
  [
    { outcome: 'refused', status: 401, said: 'Bad credentials' },
    { state: 'refused', said: 'HTTP 401: Bad credentials' },
  ],
  [
    { outcome: 'refused', status: 0, said: 'NOAUTH' },
    { state: 'refused', said: 'NOAUTH' },
  ],
  [
    { outcome: 'refused', status: 503, said: '' },
    { state: 'no answer', said: 'HTTP 503' },
  ],
  [
    { outcome: 'refused', status: 429, said: '' },
    { state: 'no answer', said: 'HTTP 429' },
  ],
])('takes %j for %j', (answer, look) => {
  expect(lookOf(answer)).toEqual(look);
});
