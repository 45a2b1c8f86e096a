import { expect, it } from 'vitest';
import { countCopy, type KeptCopy } from '../../action/keep-copy.ts';
import { emptyReport } from '../../action/report.ts';
import { noUsage, type Usage } from '../../src/core/report.ts';

const model = 'claude-sonnet-4-5';
const usage: Usage = { inputTokens: 1, cacheReadTokens: 20, cacheWriteTokens: 300, outputTokens: 4_000 };
const asked: KeptCopy = {
  usage,
  usageByModel: { [model]: usage },
  costUsd: 0.05,
  lastRequestAt: new Date(0),
};
const nothing: KeptCopy = { ...asked, usage: noUsage, usageByModel: {}, costUsd: null };

function counted(costUsd: number | null, copy: KeptCopy) {
  const report = { ...emptyReport(), usage, usageByModel: { [model]: usage, other: noUsage }, costUsd };
  countCopy(report, copy);
  return report;
}

it.each<[string, number | null, KeptCopy, number | null]>([
  ['the sum of both', 0.5, asked, 0.55],
  ['unknown when that of the run is', null, asked, null],
  ['unknown when that of the copy is', 0.5, { ...asked, costUsd: null }, null],
  ['that of the run when nothing was asked for a copy', 0.5, nothing, 0.5],
  ['unknown when that of the run is and nothing was asked', null, nothing, null],
])('says of the cost of a run: %s', (_name, costUsd, copy, expected) => {
  expect(counted(costUsd, copy).costUsd).toBe(expected);
});

it('counts the tokens of the copy, of each model too', () => {
  const twice = { inputTokens: 2, cacheReadTokens: 40, cacheWriteTokens: 600, outputTokens: 8_000 };
  expect(counted(0.5, asked)).toMatchObject({
    usage: twice,
    usageByModel: { [model]: twice, other: noUsage },
  });
  expect(counted(0.5, nothing)).toMatchObject({ usage, usageByModel: { [model]: usage } });
});
