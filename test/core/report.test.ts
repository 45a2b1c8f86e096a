import { expect, it } from 'vitest';
import { addUsage, noUsage } from '../../src/core/report.ts';

const usage = { inputTokens: 1, cacheReadTokens: 20, cacheWriteTokens: 300, outputTokens: 4_000 };
const twice = { inputTokens: 2, cacheReadTokens: 40, cacheWriteTokens: 600, outputTokens: 8_000 };

it('adds tokens kind by kind, those of an hour where there are any', () => {
  expect(addUsage(usage, usage)).toStrictEqual(twice);
  expect(addUsage(noUsage, usage)).toStrictEqual(usage);
  const hour = { ...usage, cacheWriteHourTokens: 200 };
  expect(addUsage(usage, hour)).toStrictEqual({ ...twice, cacheWriteHourTokens: 200 });
  expect(addUsage(hour, hour)).toStrictEqual({ ...twice, cacheWriteHourTokens: 400 });
});
