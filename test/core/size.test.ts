import { describe, expect, it } from 'vitest';
import { formatSize, parseSize } from '../../src/core/size.ts';

describe('formatSize', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [31_249, '31 kB'],
    [9_940, '9.9 kB'],
    [9_960, '10 kB'],
    [999_499, '999 kB'],
    [999_999, '1 MB'],
    [1_234_567, '1.2 MB'],
    [2_500_000_000, '2.5 GB'],
    [7e15, '7000 TB'],
  ])('says %i bytes as %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });
});

describe('parseSize', () => {
  it.each([
    ['20GB', 20e9],
    ['1.5 tb', 1.5e12],
    ['512M', 512e6],
    ['3k', 3_000],
    ['1000', 1_000],
    ['0', 0],
    ['-1', undefined],
    ['', undefined],
    ['many', undefined],
    ['1 GiB', undefined],
  ])('takes %j for %s bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });
});
