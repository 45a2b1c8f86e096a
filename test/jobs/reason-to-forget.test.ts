import { expect, it } from 'vitest';
import { earliestDays, type RetentionRules, reasonToForget } from '../../src/jobs/reason-to-forget.ts';

const rules: RetentionRules = { afterCloseDays: 7, maxAgeDays: 30 };

it.each<[unused: number, closed: number | undefined, changes: Partial<RetentionRules>, reason: unknown]>([
  [29.9, undefined, {}, undefined],
  [30, undefined, {}, 'unused'],
  [30, 60, {}, 'unused'],
  [7, 7, {}, 'closed'],
  [6.9, 60, {}, undefined],
  [29, 6.9, {}, undefined],
  [29, -1, {}, undefined],
  [400, undefined, { maxAgeDays: 'never' }, undefined],
  [400, 8, { maxAgeDays: 'never' }, 'closed'],
  [29, 400, { afterCloseDays: 'never' }, undefined],
  [30, 400, { afterCloseDays: 'never' }, 'unused'],
  [4000, 4000, { afterCloseDays: 'never', maxAgeDays: 'never' }, undefined],
  [30, 0, { afterCloseDays: 60 }, 'unused'],
])(
  'a session unused for %d days, its ticket closed for %s, under %j: %s',
  (unusedDays, closedDays, changes, reason) => {
    const age = { unusedDays, ...(closedDays === undefined ? {} : { closedDays }) };
    expect(reasonToForget(age, { ...rules, ...changes })).toBe(reason);
  },
);

it.each<[Partial<RetentionRules>, number | undefined]>([
  [{}, 7],
  [{ afterCloseDays: 40 }, 30],
  [{ afterCloseDays: 'never' }, 30],
  [{ maxAgeDays: 'never' }, 7],
  [{ afterCloseDays: 'never', maxAgeDays: 'never' }, undefined],
])('no session is due earlier than %j says', (changes, days) => {
  expect(earliestDays({ ...rules, ...changes })).toBe(days);
});
