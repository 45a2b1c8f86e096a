import { describe, expect, it } from 'vitest';
import { measure } from '../../../src/cli/estimate/measure.ts';
import type { MeasuredRun } from '../../../src/ledger/measured-use.ts';

const day = 86_400_000;
const begin = Date.parse('2026-10-01T09:00:00Z');

function runOf(issue: string, startsAt: number, changes: Partial<MeasuredRun> = {}): MeasuredRun {
  return {
    issue,
    startedAt: new Date(startsAt),
    endedAt: new Date(startsAt + 10 * 60_000),
    model: 'claude-sonnet-4-5',
    contextTokens: 90_000,
    archiveBytes: 2_000_000,
    isFresh: true,
    outputTokens: 3000,
    cacheWriteTokens: 0,
    turns: 20,
    costUsd: 1,
    ...changes,
  };
}

/** So many tickets, one a day, each with a follow-up so long after its run. */
function tickets(count: number, gapMs: number): MeasuredRun[] {
  return Array.from({ length: count }, (_, index) => {
    const at = begin + index * day;
    return [
      runOf(`T-${index}`, at),
      runOf(`T-${index}`, at + 10 * 60_000 + gapMs, { isFresh: false, turns: 5, contextTokens: 99_000 }),
    ];
  }).flat();
}

describe('measure', () => {
  it('knows nothing of an empty ledger', () => {
    expect(measure([])).toBeUndefined();
  });

  it('finds tickets a month, follow-ups, gaps, tokens and requests', () => {
    const found = measure(tickets(30, 2 * 3_600_000));
    expect(found?.values).toMatchObject({
      followUps: 1,
      gaps: [{ seconds: 7200, share: 1 }],
      taskTokens: 90_000,
      archiveMb: 2,
      firstRequests: 20,
      requests: 5,
      outputTokens: 3000,
    });
    // 30 in 29 days and two and a half hours.
    expect(found?.values.tickets).toBe(31);
    expect(found?.model).toBe('claude-sonnet-4-5');
    expect(found?.doubts).toEqual([]);
  });

  it('says when there is too little, and what it does not know', () => {
    const found = measure([runOf('T-1', begin, { contextTokens: null, archiveBytes: null, turns: 0 })]);
    expect(found?.basis).toEqual({ tickets: 1, runs: 1, days: 1 });
    expect(found?.values.followUps).toBe(0);
    expect(found?.doubts).toEqual([
      'That is little to go by (1 ticket, 0 follow-ups, 1 day): the figures will move as more runs are kept.',
      'The ledger says nothing of these, so their defaults stand: gaps, context tokens, size of the archive, requests of a follow-up.',
    ]);
  });

  it('takes a run that began before the last one ended for one that followed at once', () => {
    const found = measure([runOf('T-1', begin), runOf('T-1', begin + 60_000)]);
    expect(found?.values.gaps).toEqual([{ seconds: 0, share: 1 }]);
  });

  it('names the model that was asked most', () => {
    const models = ['a', 'b', 'b', null, null, null];
    const runs = models.map((model, index) => runOf(`T-${index}`, begin + index * day, { model }));
    expect(measure(runs)?.model).toBe('b');
  });
});
