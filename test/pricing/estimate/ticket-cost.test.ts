import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decisionRows } from '../../../scripts/resume-policy.ts';
import type { ResumeChoice } from '../../../src/core/session.ts';
import { cheapestWay } from '../../../src/pricing/cheapest-way.ts';
import { defaultParameters } from '../../../src/pricing/estimate/default-parameters.ts';
import type { Gap } from '../../../src/pricing/estimate/gaps.ts';
import {
  lateShareForCopies,
  type PickWay,
  type SessionParameters,
  type Strategy,
  strategies,
  ticketCost,
} from '../../../src/pricing/estimate/ticket-cost.ts';
import { findPrices } from '../../../src/pricing/find-prices.ts';
import { type ModelPrices, modelPrices } from '../../../src/pricing/model-prices.ts';
import { choose, type Earlier } from '../../../src/sessions/choose.ts';

const sonnet = modelPrices.find(({ model }) => model === 'claude-sonnet-4-5') ?? fail();

function fail(): never {
  throw new Error('no prices');
}

const only = (seconds: number): Gap[] => [{ seconds, share: 1 }];

function followUpUsd(strategy: Strategy, parameters: SessionParameters): number {
  const { followUpsUsd, copiesUsd } = ticketCost(strategy, parameters, sonnet);
  return (followUpsUsd + copiesUsd) / parameters.followUps;
}

const gap = fc.integer({ min: 0, max: 1_000_000 });

const gaps = fc
  .uniqueArray(fc.record({ seconds: gap, weight: fc.integer({ min: 1, max: 100 }) }), {
    minLength: 1,
    maxLength: 4,
    selector: ({ seconds }) => seconds,
  })
  .map((all): Gap[] => {
    const total = all.reduce((sum, { weight }) => sum + weight, 0);
    return all.map(({ seconds, weight }) => ({ seconds, share: weight / total }));
  });

const parameters: fc.Arbitrary<SessionParameters> = fc
  .record({
    followUps: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constantFrom(0.5, 1.25, 2.7)),
    gaps,
    cacheLife: fc.constantFrom('5m' as const, '1h' as const),
    baseTokens: fc.integer({ min: 0, max: 20_000 }),
    taskTokens: fc.integer({ min: 1000, max: 400_000 }),
    copyTokens: fc.integer({ min: 0, max: 60_000 }),
    summaryTokens: fc.integer({ min: 0, max: 10_000 }),
    firstRequests: fc.integer({ min: 1, max: 80 }),
    requests: fc.integer({ min: 1, max: 20 }),
    newTokens: fc.integer({ min: 0, max: 30_000 }),
    outputTokens: fc.integer({ min: 0, max: 20_000 }),
  })
  .map(({ copyTokens, ...rest }) => ({ ...rest, compactedTokens: rest.baseTokens + copyTokens }));

const model = fc.constantFrom(...modelPrices);

/** What a run makes of the same facts. */
function asARun(given: SessionParameters, prices: ModelPrices): PickWay {
  const { baseTokens, taskTokens, requests, firstRequests, cacheLife, gaps } = given;
  const fullTokens = baseTokens + taskTokens;
  const [gap] = gaps;
  const earlier: Earlier = {
    fullTokens,
    start: { contextTokens: fullTokens, requests: firstRequests },
    baseTokens,
    requests,
    cacheLife,
    ageMs: (gap?.seconds ?? 0) * 1000,
    isEstimated: false,
    moved: [],
    ticket: 'same',
    branch: 'kept',
  };
  return ({ compacted }) => {
    const copy = compacted === null ? {} : { compactedTokens: Math.min(fullTokens, given.compactedTokens) };
    const facts = { wantsFresh: false, model: prices.model, prices };
    return choose({ ...facts, earlier: { ...earlier, ...copy } }).resumption.choice;
  };
}

describe('ticketCost', () => {
  it('goes on as a run would that knows the same', () => {
    const same = (given: SessionParameters, prices: ModelPrices) => {
      const cost = ticketCost('dexter', given, prices);
      expect(cost).toEqual(ticketCost('dexter', given, prices, asARun(given, prices)));
    };
    // Costs a third more than a new start, which is no reason to give up the conversation.
    const large = { ...defaultParameters, followUps: 1, firstRequests: 3, compactedTokens: 130_000 };
    same({ ...large, gaps: only(86_400) }, sonnet);
    const far = fc.constantFrom(0, 120, 3000, 86_400);
    fc.assert(
      fc.property(parameters, far, model, (given, seconds, prices) =>
        same({ ...given, followUps: 1, gaps: only(seconds) }, prices),
      ),
      { numRuns: 300 },
    );
  });

  it('is never negative, and the sum of its parts', () => {
    fc.assert(
      fc.property(fc.constantFrom(...strategies), parameters, model, (strategy, given, prices) => {
        const cost = ticketCost(strategy, given, prices);
        for (const usd of Object.values(cost)) expect(usd).toBeGreaterThanOrEqual(0);
        expect(cost.firstUsd + cost.followUpsUsd + cost.copiesUsd).toBeCloseTo(cost.totalUsd, 9);
        if (strategy !== 'dexter') expect(cost.copiesUsd).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('does not fall when follow-ups come later, for new starts and full resume', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('cold' as const, 'full' as const),
        parameters,
        gap,
        gap,
        (strategy, given, a, b) => {
          const at = (seconds: number) =>
            ticketCost(strategy, { ...given, gaps: only(seconds) }, sonnet).totalUsd;
          expect(at(Math.max(a, b))).toBeGreaterThanOrEqual(at(Math.min(a, b)) - 1e-9);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('of Dexter is never above that of full resume, its copies included', () => {
    fc.assert(
      fc.property(parameters, model, (given, prices) => {
        const [full, dexter] = [ticketCost('full', given, prices), ticketCost('dexter', given, prices)];
        expect(dexter.totalUsd).toBeLessThanOrEqual(full.totalUsd + 1e-9);
      }),
      { numRuns: 300 },
    );
  });

  it('agrees with what the benchmark measured with the real CLI', () => {
    const ofDexter: SessionParameters = {
      ...defaultParameters,
      followUps: 3,
      baseTokens: 7760,
      taskTokens: 116_700,
      compactedTokens: 11_000,
      summaryTokens: 2600,
      outputTokens: 500,
    };
    // Tools and system prompt as the CLI offers them by itself.
    const ofCli = { ...ofDexter, baseTokens: 15_100, taskTokens: 124_600 };
    const measured = [
      ['cold', ofCli, 120, 0.82],
      ['cold', ofCli, 3600, 0.88],
      ['cold', ofDexter, 120, 0.71],
      ['cold', ofDexter, 86_400, 0.74],
      ['full', ofCli, 120, 0.21],
      ['full', ofCli, 86_400, 0.71],
      ['dexter', ofDexter, 120, 0.12],
      ['dexter', ofDexter, 3600, 0.19],
      ['dexter', ofDexter, 86_400, 0.19],
    ] as const;
    for (const [strategy, given, seconds, usd] of measured) {
      const reckoned = followUpUsd(strategy, { ...given, gaps: only(seconds) });
      expect(Math.abs(reckoned / usd - 1), `${strategy} after ${seconds} s`).toBeLessThan(0.15);
    }
  });

  it('takes the way at two minutes that docs/resume-policy.md shows for such a session', () => {
    const [row] = decisionRows().filter(
      ([session, age, also]) => session === 'large, with a copy' && age === '2 min' && also === '',
    );
    const ways: ResumeChoice[] = [];
    const noting: PickWay = (costs, prices) => {
      const way = cheapestWay(costs, prices);
      if (costs.compacted !== null) ways.push(way);
      return way;
    };
    ticketCost('dexter', { ...defaultParameters, followUps: 1, gaps: only(120) }, sonnet, noting);
    expect(ways.map((way) => `\`${way}\``)).toEqual([row?.[6]]);
  });

  it('makes a copy where follow-ups come late, and none where they come in time', () => {
    const copies = (seconds: number) =>
      ticketCost('dexter', { ...defaultParameters, compactedTokens: 60_000, gaps: only(seconds) }, sonnet)
        .copiesUsd;
    expect(copies(120)).toBe(0);
    expect(copies(86_400)).toBeGreaterThan(0.05);
    expect(ticketCost('dexter', { ...defaultParameters, followUps: 0 }, sonnet).copiesUsd).toBe(0);
  });

  it('makes copies above the share of late follow-ups from which they pay, and none below', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(parameters, share, model, (given, late, prices) => {
        const least = lateShareForCopies(given, prices);
        const gaps = [
          { seconds: 60, share: 1 - late },
          { seconds: 86_400, share: late },
        ];
        const { copiesUsd } = ticketCost('dexter', { ...given, gaps }, prices);
        if (least === null || late < least - 1e-3) expect(copiesUsd).toBe(0);
        else if (late > least + 1e-3) expect(copiesUsd).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  });

  it('counts the life of the cache from the end of the run, to the second', () => {
    const at = (seconds: number, cacheLife: '5m' | '1h') =>
      followUpUsd('full', { ...defaultParameters, cacheLife, gaps: only(seconds) });
    expect(at(299, '5m')).toBeLessThan(at(300, '5m'));
    expect(at(299, '5m')).toBe(at(0, '5m'));
    expect(at(3599, '1h')).toBeLessThan(at(3600, '1h'));
  });

  it('of a mean number of follow-ups lies between those of the whole numbers', () => {
    const of = (followUps: number) =>
      ticketCost('full', { ...defaultParameters, followUps }, sonnet).totalUsd;
    expect(of(1.25)).toBeCloseTo(0.75 * of(1) + 0.25 * of(2), 9);
  });

  it('takes the way that the choice names', () => {
    const late = { ...defaultParameters, gaps: only(86_400) };
    const stubborn = ticketCost('dexter', late, sonnet, () => 'warm');
    expect(stubborn.followUpsUsd).toBeCloseTo(ticketCost('full', late, sonnet).followUpsUsd, 9);
    expect(stubborn.copiesUsd).toBe(0);
  });

  it('of many follow-ups is reckoned at once, and no conversation outgrows the window of the model', () => {
    const many = { ...defaultParameters, followUps: 100, gaps: [...defaultParameters.gaps] };
    const prices = findPrices('claude-opus-4-5') ?? fail();
    const late = ticketCost('full', { ...many, gaps: only(86_400) }, prices);
    const most =
      (200_000 * (prices.cacheWrite5m + 3 * prices.cacheRead) +
        7000 * prices.cacheWrite5m +
        2000 * prices.output) /
      1e6;
    expect(late.followUpsUsd).toBeLessThanOrEqual(100 * most);
    expect(ticketCost('dexter', many, prices).totalUsd).toBeGreaterThan(0);
  });
});
