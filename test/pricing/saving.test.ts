import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noUsage, Saving } from '../../src/core/report.ts';
import { ResumeChoice } from '../../src/core/session.ts';
import type { ModelPrices } from '../../src/pricing/model-prices.ts';
import { type SavingFacts, savingOf } from '../../src/pricing/saving.ts';

/** Output is the same for each way to go on, so that the sums by hand leave it out. */
const prices: ModelPrices = {
  model: 'example',
  input: 3,
  output: 0,
  cacheWrite5m: 3.75,
  cacheWrite1h: 6,
  cacheRead: 0.3,
  minimumCacheableTokens: 1024,
  source: 'a test',
  date: '2026-01-01',
};

const figures: NonNullable<SavingFacts['figures']> = {
  lastRequestAt: '2026-01-01T00:00:00.000Z',
  cacheLife: '5m',
  baseTokens: 5_000,
  requests: 20,
  followUps: [],
  start: { contextTokens: 105_000, requests: 20, costUsd: 0.9 },
};

/**
 * Five requests that each bring 105,000 tokens along, all of them from the cache: 5 * 105,000 * $0.30 = $0.1575 for a
 * million. What is new are 10,000 tokens.
 */
const warm: SavingFacts = {
  choice: 'warm',
  isFinished: true,
  usage: { inputTokens: 10, cacheReadTokens: 520_000, cacheWriteTokens: 9_990, outputTokens: 2_000 },
  costUsd: 0.3,
  requests: 5,
  contextTokens: 115_000,
  restoredTokens: 105_000,
  fullTokens: 105_000,
  figures,
  prices,
};

/**
 * What a new start gathers: 70 % of the 100,000 tokens beside tools and system prompt, in 14 requests. Written once
 * ($0.28125), on the way to it half of it is sent 14 times ($0.168).
 */
const gatheredOnce = 0.28125 + 0.168;
/** The 75,000 tokens that it has by then go along with each request after the first. */
const sentAgain = 0.0225;

const near = (usd: number) => expect.closeTo(usd, 10);

describe('savingOf', () => {
  it('puts what a new start gathers in place of what going on in the warm cache cost', () => {
    const baselineCostUsd = 0.3 - 0.1575 + gatheredOnce + 4 * sentAgain;
    expect(baselineCostUsd).toBeCloseTo(0.68175, 10);
    // Of 530,000 tokens, 525,000 were the conversation; gathering takes 75,000 + 14 * 40,000 + 4 * 75,000.
    expect(savingOf(warm)).toEqual({
      baseline: 'cold-start',
      baselineCostUsd: near(0.68175),
      baselineTokens: 940_000,
      goingOnCostUsd: near(0.1575),
      estimatedTokensSaved: 410_000,
      estimatedCostSaved: near(0.38175),
      method:
        'A cold start is estimated as this run without what going on with the session cost it (105,000 tokens brought back, and sent with each request), but with what a new session would have spent to gather 70 % of what the first run had gathered.',
    });
  });

  it('counts what had to be written to the cache once more as a cost of going on', () => {
    const usage = { ...warm.usage, cacheReadTokens: 420_000, cacheWriteTokens: 114_990 };
    const goingOn = 105_000 * 3.75e-6 + 4 * 105_000 * 0.3e-6;
    const cold = savingOf({ ...warm, usage, costUsd: 0.66 });
    expect(cold).toMatchObject({
      goingOnCostUsd: near(goingOn),
      estimatedCostSaved: near(gatheredOnce + 4 * sentAgain - goingOn),
    });
    expect(cold.method).toContain(
      '105,000 tokens brought back, up to 105,000 of them not from the prompt cache',
    );
    // Half of it missed costs half of the difference more.
    const half = { ...warm.usage, cacheReadTokens: 467_500, cacheWriteTokens: 62_490 };
    expect(savingOf({ ...warm, usage: half, costUsd: 0.48 }).goingOnCostUsd).toBeCloseTo(
      (0.1575 + goingOn) / 2,
      10,
    );
  });

  it('takes the price of what was written for an hour for as much of it as was', () => {
    const usage = { ...warm.usage, cacheWriteTokens: 114_990, cacheWriteHourTokens: 114_990 };
    expect(savingOf({ ...warm, usage, costUsd: 1 }).goingOnCostUsd).toBeCloseTo(105_000 * 6e-6 + 0.126, 10);
    const both = { ...usage, cacheWriteHourTokens: 57_495 };
    expect(savingOf({ ...warm, usage: both, costUsd: 1 }).goingOnCostUsd).toBeCloseTo(
      105_000 * 4.875e-6 + 0.126,
      10,
    );
  });

  it('counts the copy, and what its summary left out, as a cost of going on with a compacted copy', () => {
    // 15,000 tokens and 12,000 that are read again are written; two of the six requests only read again.
    const goingOn = 27_000 * 3.75e-6 + 5 * 21_000 * 0.3e-6;
    expect(goingOn).toBeCloseTo(0.13275, 10);
    const facts = {
      ...warm,
      choice: 'compacted' as const,
      restoredTokens: 15_000,
      requests: 6,
      costUsd: 0.25,
    };
    expect(savingOf(facts)).toMatchObject({
      goingOnCostUsd: near(goingOn),
      baselineCostUsd: near(0.25 - goingOn + gatheredOnce + 3 * sentAgain),
      estimatedCostSaved: near(0.384),
    });
  });

  it('says that going on cost more where it did', () => {
    const start = { contextTokens: 25_000, requests: 2, costUsd: 0.15 };
    const usage = { ...warm.usage, cacheReadTokens: 420_000, cacheWriteTokens: 114_990 };
    const { estimatedCostSaved, estimatedTokensSaved } = savingOf({
      ...warm,
      usage,
      costUsd: 0.66,
      figures: { ...figures, start },
    });
    expect(estimatedCostSaved).toBeLessThan(-0.3);
    expect(estimatedTokensSaved).toBeLessThan(-300_000);
  });

  it('counts the compacted copy that the run made as a cost of the session', () => {
    const compaction = { outcome: 'compacted' as const, contextTokens: 15_000, costUsd: 0.05, durationMs: 1 };
    const saving = savingOf({ ...warm, compaction, costUsd: 0.35 });
    expect(saving).toMatchObject({ baselineCostUsd: near(0.68175), estimatedCostSaved: near(0.33175) });
    expect(saving.method).toContain('request) and the compacted copy, but with');
    const appended = { ...compaction, outcome: 'appended' as const, costUsd: 0 };
    expect(savingOf({ ...warm, compaction: appended })).toEqual(savingOf(warm));
    expect(savingOf({ ...warm, compaction: { ...compaction, costUsd: null } }).estimatedCostSaved).toBeNull();
  });

  it('puts the gathering no higher than all of the run that began the session', () => {
    const start = { ...figures.start, costUsd: 0.2 };
    expect(savingOf({ ...warm, figures: { ...figures, start } }).estimatedCostSaved).toBeCloseTo(
      0.2 + 4 * sentAgain - 0.1575,
      10,
    );
  });

  it('saves nothing in a new session, and less than nothing where that made a copy for the next run', () => {
    const fresh: SavingFacts = {
      ...warm,
      choice: 'fresh',
      restoredTokens: 0,
      fullTokens: 0,
      figures: undefined,
    };
    expect(savingOf(fresh)).toEqual({
      baseline: 'cold-start',
      baselineCostUsd: 0.3,
      baselineTokens: 530_000,
      goingOnCostUsd: null,
      estimatedTokensSaved: 0,
      estimatedCostSaved: 0,
      method: 'This run was a cold start.',
    });
    expect(savingOf({ ...fresh, prices: undefined, isFinished: false }).estimatedCostSaved).toBe(0);
    const compaction = { outcome: 'failed' as const, contextTokens: 0, costUsd: 0.04, durationMs: 1 };
    expect(savingOf({ ...fresh, compaction })).toMatchObject({
      baselineCostUsd: near(0.26),
      estimatedCostSaved: near(-0.04),
      estimatedTokensSaved: -115_000,
    });
    expect(savingOf({ ...fresh, costUsd: null }).estimatedCostSaved).toBeNull();
  });

  it.each<[string, Partial<SavingFacts>, RegExp]>([
    ['of a session of an earlier version', { figures: undefined }, /first run came to is not known/],
    ['without the size of the conversation', { restoredTokens: 0 }, /first run came to is not known/],
    [
      'without the size of the first run',
      { figures: { ...figures, start: { ...figures.start, contextTokens: 0 } } },
      /first run came to is not known/,
    ],
    ['of a run that was stopped', { isFinished: false }, /did not come to its own end/],
  ])('reckons nothing %s, and says why', (_, change, why) => {
    const { method, ...saving } = savingOf({ ...warm, ...change });
    expect(method).toMatch(/^Not compared with a cold start: /);
    expect(method).toMatch(why);
    expect(saving).toEqual({
      baseline: 'cold-start',
      baselineCostUsd: null,
      baselineTokens: null,
      goingOnCostUsd: null,
      estimatedTokensSaved: null,
      estimatedCostSaved: null,
    });
  });

  it.each([{ prices: undefined }, { costUsd: null }])('compares tokens without money (%o)', (change) => {
    expect(savingOf({ ...warm, ...change })).toMatchObject({
      baselineCostUsd: null,
      estimatedCostSaved: null,
      baselineTokens: 940_000,
      estimatedTokensSaved: 410_000,
      method: expect.stringContaining('prices of the model are not known'),
    });
  });

  it('stays within the contract whatever a run came to', () => {
    const tokens = fc.integer({ min: 0, max: 20_000_000 });
    const usd = fc.double({ min: 0, max: 1000, noNaN: true });
    const facts: fc.Arbitrary<SavingFacts> = fc.record({
      choice: fc.constantFrom(...ResumeChoice.options),
      isFinished: fc.boolean(),
      usage: fc.record({
        inputTokens: tokens,
        cacheReadTokens: tokens,
        cacheWriteTokens: tokens,
        cacheWriteHourTokens: fc.option(tokens, { nil: undefined }),
        outputTokens: tokens,
      }),
      costUsd: fc.option(usd),
      compaction: fc.option(
        fc.record({
          outcome: fc.constantFrom('compacted', 'appended', 'failed'),
          contextTokens: tokens,
          costUsd: fc.option(usd),
          durationMs: fc.nat(),
        }),
        { nil: undefined },
      ),
      requests: fc.nat(500),
      contextTokens: tokens,
      restoredTokens: tokens,
      fullTokens: tokens,
      figures: fc.option(
        fc.record({
          lastRequestAt: fc.constant(figures.lastRequestAt),
          cacheLife: fc.constantFrom('5m', '1h'),
          baseTokens: tokens,
          requests: fc.nat(500),
          followUps: fc.constant([]),
          start: fc.record({ contextTokens: tokens, requests: fc.nat(500), costUsd: fc.option(usd) }),
        }),
        { nil: undefined },
      ),
      prices: fc.constantFrom(undefined, prices),
    });
    fc.assert(
      fc.property(facts, (given) => {
        const saving = Saving.parse(savingOf(given));
        const { baselineCostUsd, estimatedCostSaved } = saving;
        if (baselineCostUsd === null || given.costUsd === null) expect(estimatedCostSaved).toBeNull();
        else expect(estimatedCostSaved).toBeCloseTo(baselineCostUsd - given.costUsd, 6);
        expect(saving.estimatedTokensSaved === null).toBe(saving.baselineTokens === null);
      }),
    );
  });

  it('has nothing to compare when a run asked the model for nothing', () => {
    const nothing = { ...warm, usage: noUsage, costUsd: 0, requests: 0, contextTokens: 0, isFinished: false };
    expect(savingOf(nothing).estimatedCostSaved).toBeNull();
  });
});
