import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AlertFigure,
  type AlertRule,
  changesOf,
  evaluate,
  forgottenAfterMs,
  looksToChange,
} from '../../src/alerts/evaluate.ts';
import { AlertSettings, rulesOf } from '../../src/alerts/settings.ts';
import { type AlertLevel, type AlertState, rankOf } from '../../src/core/alert.ts';

const rules = rulesOf(AlertSettings.parse({}));
const start = new Date('2026-05-04T03:00:00Z');
const lookMs = 30_000;

/** The states after each of several looks. */
function looks(seen: readonly (readonly AlertFigure[])[], by: readonly AlertRule[] = rules): AlertState[][] {
  let states: AlertState[] = [];
  return seen.map((figures, index) => {
    states = evaluate(by, figures, states, new Date(start.getTime() + index * lookMs));
    return states;
  });
}

const redis = (megabytes: number): AlertFigure[] => [
  { name: 'redisMemory', label: '', value: megabytes * 1e6 },
];

const levelsOf = (states: AlertState[][]): AlertLevel[] => states.map(([state]) => state?.level ?? 'ok');

describe('evaluate', () => {
  it('comes to a level after two looks, and says since when and against what', () => {
    const [first, second] = looks([redis(600), redis(601)]);
    expect(first).toMatchObject([{ level: 'ok', pendingLevel: 'warning', pendingLooks: 1 }]);
    expect(second).toEqual([
      {
        name: 'redisMemory',
        label: '',
        repositoryId: null,
        level: 'warning',
        value: 601e6,
        threshold: 500e6,
        since: new Date(start.getTime() + lookMs),
        seenAt: new Date(start.getTime() + lookMs),
        failingSince: null,
        pendingLevel: null,
        pendingLooks: 0,
      },
    ]);
  });

  it.each<[name: string, megabytes: number[], levels: AlertLevel[]]>([
    ['one look that is out of line changes nothing', [600, 400, 600, 400], ['ok', 'ok', 'ok', 'ok']],
    [
      'a value that sways around the threshold makes one change',
      [501, 501, 499, 499, 501, 451, 451, 505],
      ['ok', 'warning', 'warning', 'warning', 'warning', 'warning', 'warning', 'warning'],
    ],
    ['it is over once the value is clearly below', [600, 600, 450, 450], ['ok', 'warning', 'warning', 'ok']],
    ['it goes from well to critical in one step', [2_000, 2_000], ['ok', 'critical']],
    [
      'of two looks that differ in how far it goes the lesser counts, both ways',
      [2_000, 600, 2_000, 2_000, 600, 10, 10, 10],
      ['ok', 'warning', 'warning', 'critical', 'critical', 'warning', 'warning', 'ok'],
    ],
    ['what is at the threshold is not above it', [500, 500, 1_000, 1_000], ['ok', 'ok', 'ok', 'warning']],
  ])('%s', (_name, megabytes, levels) => {
    expect(levelsOf(looks(megabytes.map(redis)))).toEqual(levels);
  });

  it.each<[name: AlertFigure['name'], value: number, level: AlertLevel]>([
    ['contextHitRate', 0.5, 'ok'],
    ['contextHitRate', 0.49, 'warning'],
    ['contextHitRate', 0.25, 'warning'],
    ['contextHitRate', 0.24, 'critical'],
    ['sessionHitRate', 0.24, 'critical'],
    ['redisMemory', 500e6, 'ok'],
    ['redisMemory', 501e6, 'warning'],
    ['redisMemory', 1_001e6, 'critical'],
    ['workspace', 501e9, 'warning'],
    ['workspace', 1_001e9, 'critical'],
    ['contextReadLatency', 100, 'ok'],
    ['contextReadLatency', 101, 'warning'],
    ['contextReadLatency', 501, 'critical'],
    ['repositoryBudget', 0.79, 'ok'],
    ['repositoryBudget', 0.8, 'warning'],
    ['personBudget', 1, 'critical'],
    ['waitingForDexter', 300, 'warning'],
    ['deadLetters', 1, 'warning'],
  ])('without settings %s of %d is %s', (name, value, level) => {
    const figure: AlertFigure = { name, label: 'x', value, sample: 20 };
    expect(levelsOf(looks([[figure], [figure]])).at(-1)).toBe(level);
  });

  it('says nothing of too few readings, and stays as it was', () => {
    const rate = (value: number, sample: number): AlertFigure[] => [
      { name: 'contextHitRate', label: '', value, sample },
    ];
    expect(looks([rate(0, 19), rate(0, 19), rate(0, 19)]).flat()).toEqual([]);
    const levels = levelsOf(
      looks([rate(0, 20), rate(0, 20), rate(1, 19), rate(1, 19), rate(1, 20), rate(1, 20)]),
    );
    expect(levels).toEqual(['ok', 'critical', 'critical', 'critical', 'critical', 'ok']);
  });

  it('keeps a level of which nothing is heard for a day, and takes it for over then', () => {
    const [, raised = []] = looks([redis(600), redis(600)]);
    const later = (ms: number) =>
      evaluate(rules, [], raised, new Date(start.getTime() + lookMs + forgottenAfterMs + ms));
    expect(later(0)).toMatchObject([{ level: 'warning', value: 600e6 }]);
    expect(later(1)).toMatchObject([{ level: 'ok', value: null }]);
    expect(changesOf(raised, later(1))).toMatchObject([{ from: 'warning', to: { level: 'ok' } }]);
  });

  it('takes a level for over as well when too few readings came for a day', () => {
    const rate = (value: number, sample: number): AlertFigure[] => [
      { name: 'contextHitRate', label: '', value, sample },
    ];
    let [, states = []] = looks([rate(0.1, 100), rate(0.1, 100)]);
    expect(states).toMatchObject([{ level: 'critical' }]);
    const hourMs = 3_600_000;
    for (let hour = 1; hour <= 25; hour++)
      states = evaluate(rules, rate(0.95, 19), states, new Date(start.getTime() + hour * hourMs));
    expect(states).toMatchObject([{ level: 'ok', value: null }]);
  });

  it('takes silence for well where everything that is not well would be heard of', () => {
    const spent: AlertFigure[] = [
      { name: 'repositoryBudget', label: 'acme/shop', repositoryId: 7, value: 0.9 },
    ];
    const states = looks([spent, spent, [], []]);
    expect(levelsOf(states)).toEqual(['ok', 'warning', 'warning', 'ok']);
    expect(states[3]).toMatchObject([{ repositoryId: 7, value: 0, threshold: 0.8 }]);
  });

  it('counts for how long a part has failed', () => {
    const part = (isFailing: boolean): AlertFigure[] => [{ name: 'parts', label: 'redis', isFailing }];
    const failing = Array.from({ length: 12 }, () => part(true));
    const levels = levelsOf(looks([...failing, part(false), part(true), part(false), part(false)]));
    // A minute of failing and a second look; five minutes and a second look.
    expect(levels.indexOf('warning')).toBe(3);
    expect(levels.indexOf('critical')).toBe(11);
    expect(levels.slice(12)).toEqual(['critical', 'ok', 'ok', 'ok']);
  });

  it('ends what no rule is about any more', () => {
    const [, raised = []] = looks([redis(600), redis(600)]);
    const without = rulesOf(AlertSettings.parse({ redisMemory: 'off' }));
    const [state] = evaluate(without, redis(600), raised, start);
    expect(state).toMatchObject({ level: 'ok', pendingLevel: null });
  });

  it('keeps apart what has another label', () => {
    const figures: AlertFigure[] = [
      { name: 'workspace', label: 'acme/one', value: 2e12 },
      { name: 'workspace', label: 'acme/two', value: 1 },
    ];
    expect(looks([figures, figures])[1]).toMatchObject([{ label: 'acme/one', level: 'critical' }]);
  });
});

const ruleOfAnything = fc
  .record({
    worse: fc.constantFrom<AlertRule['worse'][]>('above', 'at least', 'below'),
    thresholds: fc.tuple(
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
    ),
    hasMost: fc.boolean(),
  })
  .map(({ worse, thresholds, hasMost }): AlertRule => {
    const [low, high] = thresholds.toSorted((one, other) => one - other) as [number, number];
    const [warning, critical] = worse === 'below' ? [high, low] : [low, high];
    return {
      name: 'canary',
      worse,
      warning,
      critical,
      minimumSample: 20,
      margin: 0.1,
      most: hasMost ? 1 : undefined,
      silence: 'unknown',
    };
  });
const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 });

describe('for all rules and values', () => {
  const figure = (value: number, sample = 20): AlertFigure => ({ name: 'canary', label: '', value, sample });

  it('a change is never to the level that was told last', () => {
    fc.assert(
      fc.property(ruleOfAnything, values, (rule, seen) => {
        let states: AlertState[] = [];
        let told: AlertLevel = 'ok';
        for (const [index, value] of seen.entries()) {
          const next = evaluate([rule], [figure(value)], states, new Date(index));
          for (const { from, to } of changesOf(states, next)) {
            expect(from).toBe(told);
            expect(to.level).not.toBe(told);
            told = to.level;
          }
          states = next;
        }
      }),
    );
  });

  it('a worse value never leads to a better level', () => {
    fc.assert(
      fc.property(ruleOfAnything, values, values, (rule, before, steps) => {
        const worse = (value: number, by: number) =>
          rule.worse === 'below' ? value * by : value / Math.max(by, 0.01);
        const lastOf = (seen: number[]) =>
          levelsOf(
            looks(
              seen.map((value) => [figure(value)]),
              [rule],
            ),
          ).at(-1) ?? 'ok';
        const worsened = before.map((value, index) => worse(value, steps[index % steps.length] ?? 1));
        expect(rankOf(lastOf(worsened))).toBeGreaterThanOrEqual(rankOf(lastOf(before)));
      }),
    );
  });

  it('a value that stays comes to one level and stays there, which is the one that it reaches', () => {
    fc.assert(
      fc.property(ruleOfAnything, fc.double({ min: 0, max: 1, noNaN: true }), (rule, value) => {
        const levels = levelsOf(
          looks(
            Array.from({ length: 8 }, () => [figure(value)]),
            [rule],
          ),
        );
        const reached = (threshold: number) =>
          rule.worse === 'below'
            ? value < threshold
            : rule.worse === 'above'
              ? value > threshold
              : value >= threshold;
        const level = reached(rule.critical) ? 'critical' : reached(rule.warning) ? 'warning' : 'ok';
        expect(levels.slice(0, looksToChange - 1)).toEqual(['ok']);
        expect(new Set(levels.slice(looksToChange - 1))).toEqual(new Set([level]));
      }),
    );
  });

  it('within the band around a threshold there is at most one change, in whatever order values come', () => {
    fc.assert(
      fc.property(
        ruleOfAnything,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 }),
        (rule, places) => {
          const [low, high] = rule.worse === 'below' ? [1, 1.09] : [0.91, 1];
          const band = places.map((place) => rule.critical * (low + (high - low) * place) * (1 + 1e-9));
          fc.pre(rule.most === undefined || rule.critical < 0.8);
          // Apart from what the warning makes of the same values.
          const levels = levelsOf(
            looks(
              band.map((value) => [figure(value)]),
              [rule],
            ),
          ).map((level) => level === 'critical');
          expect(
            levels.filter((is, index) => is !== (levels[index - 1] ?? false)).length,
          ).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it('every level can be left again', () => {
    fc.assert(
      fc.property(ruleOfAnything, values, (rule, before) => {
        const best = rule.worse === 'below' ? (rule.most ?? 1e9) : 0;
        // Two looks to the level between, where the one before them had begun to leave for it, and two from there.
        const seen = [...before, best, best, best, best].map((value) => [figure(value)]);
        expect(levelsOf(looks(seen, [rule])).at(-1)).toBe('ok');
      }),
    );
  });

  it('without enough readings nothing ever changes', () => {
    fc.assert(
      fc.property(ruleOfAnything, values, values, (rule, before, few) => {
        const states = looks(
          [...before.map((value) => [figure(value)]), ...few.map((value) => [figure(value, 19)])],
          [rule],
        );
        const levels = levelsOf(states);
        expect(new Set(levels.slice(before.length - 1))).toHaveLength(1);
      }),
    );
  });
});
