import { describe, expect, it } from 'vitest';
import { type FiguresOptions, sessionFigures } from '../../src/sessions/session-figures.ts';

const usage = { inputTokens: 4, cacheReadTokens: 500_000, cacheWriteTokens: 60_000, outputTokens: 900 };
const result = {
  usage,
  contextTokens: 61_000,
  firstRequest: { inputTokens: 3, cacheReadTokens: 1_397, cacheWriteTokens: 4_000, outputTokens: 70 },
  requests: 12,
  costUsd: 0.4,
};
const lastRequestAt = new Date('2026-11-22T10:00:00.000Z');
const first: FiguresOptions = { mode: 'fresh', result, prompt: 'x'.repeat(1_600), lastRequestAt };
const figures = sessionFigures(first);

describe('sessionFigures', () => {
  it('takes what every request begins with from the first one of the conversation', () => {
    expect(figures).toEqual({
      lastRequestAt: '2026-11-22T10:00:00.000Z',
      cacheLife: '5m',
      baseTokens: 5_000,
      requests: 12,
      followUps: [],
      start: { contextTokens: 61_000, requests: 12, costUsd: 0.4 },
    });
  });

  it('carries along how the conversation began, and adds each follow-up', () => {
    const restored = { figures, contextTokens: 61_000, costUsd: 0.4 };
    const later = new Date('2026-11-22T12:00:00.000Z');
    const next = {
      ...result,
      requests: 3,
      contextTokens: 70_000,
      firstRequest: { ...usage, cacheReadTokens: 61_500 },
    };
    expect(
      sessionFigures({ mode: 'resume', result: next, prompt: 'y', lastRequestAt: later, restored }),
    ).toEqual({
      ...figures,
      lastRequestAt: '2026-11-22T12:00:00.000Z',
      requests: 3,
      followUps: [3],
    });
  });

  it('remembers the newest ten follow-ups', () => {
    const many = { ...figures, followUps: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] };
    const restored = { figures: many, contextTokens: 1, costUsd: 1 };
    expect(sessionFigures({ ...first, mode: 'resume', restored }).followUps).toEqual([
      2, 3, 4, 5, 6, 7, 8, 9, 10, 12,
    ]);
  });

  it('counts the life of the cache from the last request that was answered', () => {
    const restored = { figures, contextTokens: 61_000, costUsd: 0.4 };
    const unanswered = { ...result, requests: 0 };
    const now = new Date('2026-11-23T10:00:00.000Z');
    const after = sessionFigures({
      mode: 'resume',
      result: unanswered,
      prompt: '',
      lastRequestAt: now,
      restored,
    });
    expect(after).toMatchObject({ lastRequestAt: figures.lastRequestAt, followUps: [] });
  });

  it('tells by what was written how long the cache keeps it', () => {
    const hour = { ...usage, cacheWriteHourTokens: 60_000 };
    expect(sessionFigures({ ...first, result: { ...result, usage: hour } }).cacheLife).toBe('1h');
    const nothing = { ...usage, cacheWriteTokens: 0 };
    const restored = { figures: { ...figures, cacheLife: '1h' as const }, contextTokens: 1, costUsd: 1 };
    const read = { ...first, mode: 'resume' as const, result: { ...result, usage: nothing }, restored };
    expect(sessionFigures(read).cacheLife).toBe('1h');
  });

  it('knows as much of a session of an earlier version as its archive says', () => {
    const restored = { contextTokens: 40_000, costUsd: 0.3 };
    expect(sessionFigures({ ...first, mode: 'resume', restored })).toMatchObject({
      baseTokens: 0,
      followUps: [12],
      start: { contextTokens: 40_000, requests: 0, costUsd: null },
    });
  });

  it('has no base where the prompt is all that was sent, or nothing was', () => {
    const zero = { ...result, firstRequest: undefined, requests: 0, contextTokens: 0 };
    expect(sessionFigures({ ...first, result: zero }).baseTokens).toBe(0);
  });
});
