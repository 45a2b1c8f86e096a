import { expect, it } from 'vitest';
import { addUsage, isNoUsage, noUsage, Report } from '../../src/core/report.ts';

const usage = { inputTokens: 1, cacheReadTokens: 20, cacheWriteTokens: 300, outputTokens: 4_000 };
const twice = { inputTokens: 2, cacheReadTokens: 40, cacheWriteTokens: 600, outputTokens: 8_000 };

it('adds tokens kind by kind, those of an hour where there are any', () => {
  expect(addUsage(usage, usage)).toStrictEqual(twice);
  expect(addUsage(noUsage, usage)).toStrictEqual(usage);
  const hour = { ...usage, cacheWriteHourTokens: 200 };
  expect(addUsage(usage, hour)).toStrictEqual({ ...twice, cacheWriteHourTokens: 200 });
  expect(addUsage(hour, hour)).toStrictEqual({ ...twice, cacheWriteHourTokens: 400 });
});

it('is nothing only where no kind was counted', () => {
  expect(isNoUsage(noUsage)).toBe(true);
  for (const kind of ['inputTokens', 'cacheReadTokens', 'cacheWriteTokens', 'outputTokens'])
    expect(isNoUsage({ ...noUsage, [kind]: 1 })).toBe(false);
});

it('takes the reports of earlier actions, which said the tokens once more by model', () => {
  const report = {
    outcome: 'done',
    summary: '',
    usage,
    costUsd: 0.5,
    turns: 1,
    durationMs: 1,
    commits: [],
    denials: [],
    notices: [],
  };
  expect(Report.parse({ ...report, usageByModel: { 'claude-sonnet-4-5': usage } })).toEqual(report);
});
