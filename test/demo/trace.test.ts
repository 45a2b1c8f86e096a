import { expect, it } from 'vitest';
import { sumOf, traceOf, traceTable } from '../../demo/model/trace.ts';
import type { ModelPrices } from '../../src/pricing/model-prices.ts';

const prices: ModelPrices = {
  model: 'm',
  input: 3,
  output: 15,
  cacheWrite5m: 3.75,
  cacheWrite1h: 6,
  cacheRead: 0.3,
  minimumCacheableTokens: 1024,
  source: 'https://example.com',
  date: '2026-11-02',
};

const request = (time: number, tokens: [number, number, number, number, number], status = 200) => {
  const [
    input_tokens,
    cache_read_input_tokens,
    ephemeral_5m_input_tokens,
    ephemeral_1h_input_tokens,
    output_tokens,
  ] = tokens;
  return {
    time,
    kind: status === 200 ? ('task' as const) : ('fault' as const),
    status,
    usage: {
      input_tokens,
      cache_read_input_tokens,
      cache_creation_input_tokens: ephemeral_5m_input_tokens + ephemeral_1h_input_tokens,
      cache_creation: { ephemeral_5m_input_tokens, ephemeral_1h_input_tokens },
      output_tokens,
    },
  };
};

const lines = traceOf(
  [
    request(5_000, [1_000_000, 0, 0, 0, 0]),
    request(6_500, [0, 1_000_000, 1_000_000, 1_000_000, 1_000_000]),
    request(7_000, [0, 0, 0, 0, 0], 529),
  ],
  prices,
);

it('gives each request its seconds, its tokens by price, and its dollars', () => {
  expect(lines.map(({ seconds, dollars }) => [seconds, dollars])).toEqual([
    [0, expect.closeTo(3, 6)],
    [1.5, expect.closeTo(0.3 + 3.75 + 6 + 15, 6)],
    [2, 0],
  ]);
});

it('adds up what was answered', () => {
  expect(sumOf(lines)).toEqual({
    requests: 2,
    input: 1_000_000,
    read: 1_000_000,
    written: 1_000_000,
    writtenForAnHour: 1_000_000,
    output: 1_000_000,
    dollars: expect.closeTo(28.05, 6),
  });
});

it('is a table with the sum at the end', () => {
  const table = traceTable(lines).split('\n');
  expect(table).toHaveLength(5);
  expect(table[3]).toMatch(/^ +2\.0 {2}fault 529 /);
  expect(table[4]).toMatch(/sum .* 28\.0500$/);
  expect(traceTable([])).toContain('0.0000');
});
