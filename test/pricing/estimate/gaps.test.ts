import { describe, expect, it } from 'vitest';
import { formatGap, gapsSeen, parseGaps } from '../../../src/pricing/estimate/gaps.ts';

describe('parseGaps', () => {
  it('reads times that come equally often, shortest first', () => {
    expect(parseGaps('1d, 2m')).toEqual([
      { seconds: 120, share: 0.5 },
      { seconds: 86_400, share: 0.5 },
    ]);
  });

  it('reads weights, which need not add up to 100', () => {
    expect(parseGaps('2m:1,1.5h:2,2w:1')).toEqual([
      { seconds: 120, share: 0.25 },
      { seconds: 5400, share: 0.5 },
      { seconds: 1_209_600, share: 0.25 },
    ]);
    expect(parseGaps('2m:30%,1d:70%')?.map(({ share }) => share)).toEqual([0.3, 0.7]);
  });

  it('joins a gap that is named twice, and leaves out what never comes', () => {
    expect(parseGaps('1h,60m')).toEqual([{ seconds: 3600, share: 1 }]);
    expect(parseGaps('1h:1,1d:0')).toEqual([{ seconds: 3600, share: 1 }]);
  });

  it.each(['', '2', 'm', '-2m', '2m:50,1h', '2m:0', '2y', '2m,,1h', '2m:-1', '1e9s', 'soon', '2m;1h'])(
    'does not take %j',
    (text) => {
      expect(parseGaps(text)).toBeUndefined();
    },
  );

  it('does not take more than fifty', () => {
    expect(parseGaps(Array.from({ length: 51 }, (_, index) => `${index + 1}s`).join())).toBeUndefined();
  });
});

describe('gapsSeen', () => {
  it('gathers gaps without mixing those on both sides of a cache life', () => {
    expect(gapsSeen([299, 301, 3599, 3601, 200_000, 250_000])).toEqual([
      { seconds: 299, share: 1 / 6 },
      { seconds: 301, share: 1 / 6 },
      { seconds: 3599, share: 1 / 6 },
      { seconds: 3601, share: 1 / 6 },
      { seconds: 200_000, share: 2 / 6 },
    ]);
  });

  it('says nothing of none', () => {
    expect(gapsSeen([])).toEqual([]);
  });
});

describe('formatGap', () => {
  it.each([
    [45, '45 s'],
    [120, '2 min'],
    [5400, '1.5 h'],
    [86_400, '1 day'],
    [172_800, '2 days'],
  ])('%d s is %s', (seconds, words) => {
    expect(formatGap(seconds)).toBe(words);
  });
});
