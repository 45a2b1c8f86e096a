import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Resumption } from '../../src/core/report.ts';
import { preference, smallTokens } from '../../src/pricing/cheapest-way.ts';
import type { ModelPrices } from '../../src/pricing/model-prices.ts';
import {
  afterRefusal,
  choose,
  clockSkewMs,
  type Earlier,
  type ResumeFacts,
} from '../../src/sessions/choose.ts';

const minute = 60_000;
const hour = 60 * minute;

const prices: ModelPrices = {
  model: 'claude-test',
  input: 3,
  output: 15,
  cacheWrite5m: 3.75,
  cacheWrite1h: 6,
  cacheRead: 0.3,
  minimumCacheableTokens: 1024,
  source: 'test',
  date: '2026-01-01',
};
const earlier: Earlier = {
  fullTokens: 140_000,
  compactedTokens: 20_000,
  ageMs: 2 * minute,
  cacheLife: '5m',
  baseTokens: 5_000,
  requests: 4,
  start: { contextTokens: 140_000, requests: 30 },
  isEstimated: false,
  moved: [],
  ticket: 'same',
  branch: 'kept',
};
const { compactedTokens: _, ...withoutCopy } = earlier;

function chosen(changed: Partial<Earlier>, facts: Partial<ResumeFacts> = {}) {
  const all = { wantsFresh: false, earlier: { ...earlier, ...changed }, model: 'claude-test', prices };
  return choose({ ...all, ...facts });
}

describe('choose', () => {
  it.each([
    [2 * minute, '(2 min old)'],
    [3 * hour, /^3 h old/],
    [-5_000, '(0 s old)'],
  ])('tells the age that it has chosen by, also where it is %d ms', (ageMs, inWords) => {
    const { ageSeconds, resumption } = chosen({ ageMs });
    expect(ageSeconds).toBe(Math.max(0, ageMs) / 1000);
    expect(resumption.reason).toMatch(inWords);
  });

  it.each([undefined, Number.NaN, -3 * hour])('tells no age where nobody knows it (%s)', (ageMs) => {
    expect(chosen({ ageMs }).ageSeconds).toBeUndefined();
  });

  it('compares amounts of the same number of digits', () => {
    const small = {
      fullTokens: 6_000,
      compactedTokens: undefined,
      start: { contextTokens: 6_000, requests: 1 },
    };
    const { reason } = chosen({ ...small, ageMs: 3 * hour }).resumption;
    const digits = [...reason.matchAll(/\$\d+\.(\d+)/g)].map((found) => found[1]?.length);
    expect(new Set(digits).size, reason).toBe(1);
    expect(digits).toHaveLength(2);
  });

  it.each<[string, Partial<Earlier>, string, string]>([
    [
      'continues the whole conversation while the cache holds it',
      {},
      'warm',
      'the prompt cache still holds the conversation (2 min old)',
    ],
    [
      'continues it for an hour where the cache is kept for one',
      { ageMs: 40 * minute, cacheLife: '1h' },
      'warm',
      'the prompt cache still holds the conversation (40 min old)',
    ],
    [
      'takes the copy once the cache has expired',
      { ageMs: 3 * hour },
      'compacted',
      '3 h old: the prompt cache has expired, and the compacted copy is expected to cost $0.16 instead of $0.65',
    ],
    [
      'counts the cache as expired when it will be before the engine has started',
      { ageMs: 4.9 * minute },
      'compacted',
      '5 min old: the prompt cache has expired, and the compacted copy is expected to cost $0.16 instead of $0.65',
    ],
    [
      'takes the copy of a conversation that is so long that even reading it from the cache costs more',
      { fullTokens: 600_000 },
      'compacted',
      'the prompt cache still holds the conversation (2 min old), but the compacted copy is expected to cost $0.15 instead of $0.72',
    ],
    [
      'continues the whole of a small conversation, although the copy costs less',
      { fullTokens: 32_000, compactedTokens: 12_000, ageMs: 3 * hour },
      'warm',
      '3 h old: the prompt cache has expired, and the whole conversation is expected to cost $0.15 and remembers more than the compacted copy ($0.12)',
    ],
    [
      'takes the copy when the model is another one, however young the conversation is',
      { moved: ['the model is b now and was a'] },
      'compacted',
      'the model is b now and was a, so the prompt cache does not hold the conversation, and the compacted copy is expected to cost $0.16 instead of $0.65',
    ],
    [
      'gives its age as the reason when the cache would have expired without the change as well',
      { ageMs: 3 * hour, moved: ['Claude Code changed from a to b'] },
      'compacted',
      '3 h old: the prompt cache has expired, and the compacted copy is expected to cost $0.16 instead of $0.65',
    ],
    [
      'begins anew when the ticket was rewritten, however warm the conversation is',
      { ticket: 'rewritten' },
      'fresh',
      'the ticket was rewritten: the earlier conversation is about another text',
    ],
    [
      'begins anew when what the conversation did is not on the branch any more',
      { branch: 'gone' },
      'fresh',
      'the branch does not hold any more what the earlier conversation did',
    ],
    [
      'continues when it cannot be told whether the branch holds it',
      { branch: 'unknown' },
      'warm',
      'the prompt cache still holds the conversation (2 min old)',
    ],
    [
      'takes no notice of clocks that are a few seconds apart',
      { ageMs: -5_000 },
      'warm',
      'the prompt cache still holds the conversation (0 s old)',
    ],
    [
      'counts the cache as expired when the clock has jumped back',
      { ageMs: -3 * hour },
      'compacted',
      'the clock of this runner is 3 h behind the end of the conversation, so the prompt cache counts as expired, and the compacted copy is expected to cost $0.16 instead of $0.65',
    ],
    [
      'counts the cache as expired when the age is not known',
      { ageMs: undefined },
      'compacted',
      'it is not known when the conversation ended, so the prompt cache counts as expired, and the compacted copy is expected to cost $0.16 instead of $0.65',
    ],
    [
      'says that it estimates',
      { ageMs: 3 * hour, isEstimated: true },
      'compacted',
      '3 h old: the prompt cache has expired, and the compacted copy is expected to cost $0.16 instead of $0.65 (sizes are estimated)',
    ],
    [
      'takes the copy when the whole transcript cannot be used',
      { fullTokens: undefined },
      'compacted',
      'the prompt cache still holds the conversation (2 min old), but the compacted copy is expected to cost $0.15 instead of $0.82 for a new start',
    ],
    [
      'begins anew when neither can be used',
      { fullTokens: undefined, compactedTokens: undefined },
      'fresh',
      'nothing of the earlier conversation can be used',
    ],
    [
      'continues a conversation of unknown size while it is warm',
      { fullTokens: 0 },
      'warm',
      'the prompt cache still holds the conversation (2 min old), and how long the conversation is was not noted',
    ],
    [
      'takes the copy of a conversation of unknown size when it is cold',
      { fullTokens: Number.NaN, ageMs: 3 * hour },
      'compacted',
      '3 h old: the prompt cache has expired, and how long the conversation is was not noted',
    ],
  ])('%s', (_name, changed, choice, reason) => {
    expect(chosen(changed).resumption).toMatchObject({ choice, reason });
  });

  it.each<[string, Partial<Earlier>, string, RegExp]>([
    ['continues the whole conversation where there is no copy', { ageMs: 3 * hour }, 'warm', /\$0\.65 inst/],
    [
      'begins anew when the conversation has grown far beyond what its start took',
      { ageMs: 3 * hour, start: { contextTokens: 30_000, requests: 8 } },
      'fresh',
      /^3 h old: .*, and a new start is expected to cost \$0\.1\d instead of \$0\.65$/,
    ],
    [
      'keeps what was said when a new start is a little cheaper',
      { ageMs: 3 * hour, fullTokens: 30_000, start: { contextTokens: 25_000, requests: 5 } },
      'warm',
      /the whole conversation is expected to cost \$0\.14 and remembers more than a new start \(\$0\.11\)/,
    ],
  ])('%s', (_name, changed, choice, reason) => {
    const { resumption } = choose({
      wantsFresh: false,
      earlier: { ...withoutCopy, ...changed },
      model: null,
      prices,
    });
    expect(resumption).toMatchObject({ choice, reason: expect.stringMatching(reason) });
  });

  it('does what the person asked for, and says what the other ways would have cost', () => {
    expect(chosen({}, { wantsFresh: true }).resumption).toMatchObject({
      choice: 'fresh',
      reason: 'a new conversation was asked for',
      expectedUsd: { warm: expect.closeTo(0.168), compacted: expect.any(Number), fresh: expect.any(Number) },
    });
    expect(choose({ wantsFresh: true, model: null, lost: 'x' }).resumption.reason).toBe(
      'a new conversation was asked for',
    );
  });

  it('begins where there is nothing, or nothing that can be used', () => {
    const nothing = { warm: null, compacted: null, fresh: null };
    expect(choose({ wantsFresh: false, model: null, prices }).resumption).toEqual({
      choice: 'fresh',
      reason: 'there is no earlier conversation',
      expectedUsd: nothing,
      expectedCacheRead: 0,
    });
    const lost = 'x'.repeat(600);
    const { reason } = choose({ wantsFresh: false, model: null, lost }).resumption;
    expect(reason).toHaveLength(500);
    expect(reason.endsWith('x…')).toBe(true);
  });

  it('expects to read from the cache what the conversation is sure to have in common with the next request', () => {
    expect(chosen({}).resumption.expectedCacheRead).toBe(140_000);
    expect(chosen({ ageMs: hour }).resumption.expectedCacheRead).toBe(0);
    expect(chosen({ moved: ['x'] })).toMatchObject({ isWarm: false, resumption: { expectedCacheRead: 0 } });
  });

  it('expects nothing for a copy, as nobody measured what it has in common with the conversation', () => {
    expect(chosen({ fullTokens: 600_000, baseTokens: 11_700 })).toMatchObject({
      isWarm: true,
      resumption: { choice: 'compacted', expectedCacheRead: 0 },
    });
  });

  it('expects nothing of what is too short for the prompt cache of the model', () => {
    const short = { ...prices, minimumCacheableTokens: 4_096 };
    const readOf = (fullTokens: number) =>
      chosen({ fullTokens, baseTokens: 3_900 }, { prices: short }).resumption;
    expect(readOf(4_000)).toMatchObject({ choice: 'warm', expectedCacheRead: 0 });
    expect(readOf(4_096)).toMatchObject({ choice: 'warm', expectedCacheRead: 4_096 });
  });

  it.each([
    ['no prices', undefined],
    ['a negative price', { ...prices, cacheRead: -1 }],
    ['a price that is none', { ...prices, input: Number.NaN }],
    ['an absurd price', { ...prices, output: 1e300 }],
  ])('decides by tokens with %s, and says so', (_name, given) => {
    expect(chosen({ ageMs: 3 * hour }, { prices: given, model: 'gpt-x' }).resumption).toEqual({
      choice: 'compacted',
      reason:
        '3 h old: the prompt cache has expired, and the compacted copy is expected to come to 54,500 input tokens instead of 217,000 input tokens (no prices are known for gpt-x)',
      expectedUsd: { warm: null, compacted: null, fresh: null },
      expectedCacheRead: 0,
    });
  });

  it('decides the same whatever the unit of the prices is', () => {
    const free = { ...prices, input: 0, output: 0, cacheWrite5m: 0, cacheWrite1h: 0, cacheRead: 0 };
    expect(chosen({ ageMs: hour }, { prices: free }).resumption.choice, 'a tie').toBe('warm');
  });
});

describe('afterRefusal', () => {
  it('says what was refused and what is done instead', () => {
    const before = chosen({ ageMs: 3 * hour }).resumption;
    const whole = afterRefusal(before, 'warm', { why: 'No conversation found.', expectedCacheRead: 7 });
    expect(whole).toEqual({
      ...before,
      choice: 'warm',
      reason:
        'the compacted copy could not be continued (No conversation found), so the whole conversation is',
      expectedCacheRead: 7,
    });
    expect(afterRefusal(whole, 'fresh', { why: 'x'.repeat(900), expectedCacheRead: 0 })).toMatchObject({
      choice: 'fresh',
      reason: expect.stringMatching(/^the earlier conversation could not be continued \(x{400}/),
    });
  });
});

describe('any choice', () => {
  const tokens = fc.integer({ min: 0, max: 2_000_000 });
  const absurd = fc.oneof(
    tokens,
    fc.constantFrom(-1, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER, 1e300),
  );
  const price = fc.double({ min: 0.001, max: 100, noNaN: true });
  const anyPrices = fc.record({
    input: price,
    output: price,
    cacheWrite5m: price,
    cacheWrite1h: price,
    cacheRead: price,
  });
  const size = (of: fc.Arbitrary<number>) =>
    fc.record({
      fullTokens: fc.option(of, { nil: undefined }),
      compactedTokens: fc.option(of, { nil: undefined }),
      baseTokens: of,
      requests: fc.integer({ min: 1, max: 60 }),
      start: fc.record({ contextTokens: of, requests: fc.integer({ min: 0, max: 200 }) }),
      cacheLife: fc.constantFrom('5m' as const, '1h' as const),
      ageMs: fc.option(fc.integer({ min: -1e12, max: 1e12 }), { nil: undefined }),
      isEstimated: fc.boolean(),
      moved: fc.constantFrom([], ['the model is b now and was a']),
      ticket: fc.constantFrom('same' as const, 'rewritten' as const),
      branch: fc.constantFrom('kept' as const, 'gone' as const, 'unknown' as const),
    });

  it('is one that can be used, and a report can hold it', () => {
    fc.assert(
      fc.property(
        size(absurd),
        fc.boolean(),
        fc.option(anyPrices, { nil: undefined }),
        (sizes, wantsFresh, rates) => {
          const given = rates && { ...prices, ...rates };
          const { resumption } = choose({ wantsFresh, earlier: sizes, model: 'm', prices: given });
          Resumption.parse(resumption);
          if (resumption.choice === 'warm') expect(sizes.fullTokens).toBeDefined();
          if (resumption.choice === 'compacted') expect(sizes.compactedTokens).toBeDefined();
          if (wantsFresh) expect(resumption.choice).toBe('fresh');
        },
      ),
    );
  });

  it('costs no more than the cheapest and the preference for what remembers more', () => {
    fc.assert(
      fc.property(size(tokens), anyPrices, (sizes, rates) => {
        const continued = { ...sizes, ticket: 'same' as const, branch: 'kept' as const };
        fc.pre(sizes.fullTokens !== 0);
        fc.pre(sizes.fullTokens !== undefined || sizes.compactedTokens !== undefined);
        const given = { ...prices, ...rates };
        const { choice, expectedUsd } = choose({
          wantsFresh: false,
          earlier: continued,
          model: 'm',
          prices: given,
        }).resumption;
        const cost = expectedUsd[choice] ?? Number.NaN;
        const small = smallTokens * given.input * 1e-6;
        for (const other of Object.values(expectedUsd)) {
          if (other === null) continue;
          const limit = Math.max(other * (1 + preference), other + small);
          expect(cost).toBeLessThanOrEqual(limit * (1 + 1e-9));
        }
      }),
    );
  });

  it('does not go back to the whole conversation, nor to a lower cost, when the cache has expired', () => {
    fc.assert(
      fc.property(
        size(fc.integer({ min: 20_000, max: 2_000_000 })),
        fc.integer({ min: 0, max: 1e12 }),
        (sizes, laterMs) => {
          const at = (ageMs: number) =>
            choose({
              wantsFresh: false,
              earlier: { ...sizes, ageMs, baseTokens: 10_000, ticket: 'same', branch: 'kept' },
              model: 'm',
              prices,
            }).resumption;
          const ages = [0, laterMs, 2 * laterMs].map(at);
          for (const [index, after] of ages.slice(1).entries()) {
            const before = ages[index];
            if (before?.choice !== 'warm' && sizes.fullTokens !== undefined)
              expect(after.choice).not.toBe('warm');
            for (const way of ['warm', 'compacted', 'fresh'] as const)
              expect(after.expectedUsd[way] ?? 0).toBeGreaterThanOrEqual(before?.expectedUsd[way] ?? 0);
          }
        },
      ),
    );
  });

  it('trusts no clock that is further behind than two runners are', () => {
    fc.assert(
      fc.property(fc.integer({ min: clockSkewMs + 1, max: 1e13 }), (behind) => {
        expect(chosen({ ageMs: -behind }).isWarm).toBe(false);
      }),
    );
  });
});
