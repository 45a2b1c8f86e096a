import { describe, expect, it } from 'vitest';
import { type CacheFacts, cacheCanary, livedStill } from '../../src/sessions/canary.ts';

const at = (time: string) => Date.parse(`2026-01-05T${time}Z`);
const before = { contextTokens: 50_000, createdAt: '2026-01-05T09:00:30.000Z' };
const figures = (cacheLife: '5m' | '1h') => ({
  lastRequestAt: '2026-01-05T09:00:00.000Z',
  cacheLife,
  baseTokens: 5_000,
  requests: 3,
  followUps: [],
  start: { contextTokens: 40_000, requests: 9, costUsd: 1 },
});

describe('livedStill', () => {
  it.each<[string, string, Parameters<typeof livedStill>[0], boolean]>([
    ['within the life of the cache', '09:02:00', before, true],
    ['after its end', '10:00:00', before, false],
    ['within an hour, for entries of an hour', '09:50:00', { ...before, figures: figures('1h') }, true],
    ['from the last request on, not from the save', '09:05:20', { ...before, figures: figures('5m') }, false],
  ])('is right %s', (_name, now, session, lives) => {
    expect(livedStill(session, at(now))).toBe(lives);
  });
});

describe('cacheCanary', () => {
  const read = (cacheReadTokens: number) => ({
    inputTokens: 10,
    cacheReadTokens,
    cacheWriteTokens: 50_000 - cacheReadTokens,
    outputTokens: 100,
  });
  const facts = (change: Partial<CacheFacts>): CacheFacts => ({
    expected: 50_000,
    first: read(6_000),
    moved: [],
    before,
    startedAt: at('09:02:00'),
    ...change,
  });
  const version = { pin: 'engineVersion', words: 'Claude Code changed from 2.1.329 to 2.1.330' } as const;
  const directory = { pin: 'workingDirectory', words: 'the directory of the checkout changed' } as const;

  it.each<[string, Partial<CacheFacts>]>([
    ['nothing was expected', { expected: 0 }],
    ['the model answered nothing', { first: undefined }],
    ['four fifths were read', { first: read(40_000) }],
    ['all was read though something changed', { first: read(50_000), moved: [version] }],
  ])('is silent when %s', (_name, change) => {
    expect(cacheCanary(facts(change))).toBeUndefined();
  });

  it('says in one sentence what was read, what was expected and why', () => {
    expect(cacheCanary(facts({ moved: [version] }))).toEqual({
      canary: { expectedCacheRead: 50_000, cacheRead: 6_000, cause: 'engineVersion' },
      notice:
        'The run read 12 % of the earlier conversation from the prompt cache where 100 % was expected; Claude Code changed from 2.1.329 to 2.1.330, which reprocesses everything.',
    });
  });

  it.each<[string, Partial<CacheFacts>, string, string]>([
    [
      'a pin before the time',
      { moved: [version], startedAt: at('09:05:00') },
      'engineVersion',
      'Claude Code',
    ],
    ['the time', { startedAt: at('09:05:00') }, 'time', '5 minutes'],
    [
      'the time of an hour',
      { before: { ...before, figures: figures('1h') }, startedAt: at('10:00:00') },
      'time',
      'an hour',
    ],
    ['the directory', { moved: [directory] }, 'workingDirectory', 'older CLI'],
    ['nothing that is known', {}, 'unknown', 'nothing that a session keeps has changed'],
  ])('names %s', (_name, change, cause, words) => {
    const warned = cacheCanary(facts(change));
    expect(warned?.canary.cause).toBe(cause);
    expect(warned?.notice).toContain(words);
  });
});
