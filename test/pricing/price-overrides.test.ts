import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readAs } from '../../src/core/read-as.ts';
import { findPrices } from '../../src/pricing/find-prices.ts';
import { overridePrices, PriceOverrides } from '../../src/pricing/price-overrides.ts';

const ours = { input: 2, output: 8, cacheWrite5m: 2.5, cacheWrite1h: 4, cacheRead: 0.2 };

function rowsOf(given: unknown) {
  return overridePrices(PriceOverrides.parse(given));
}

function problemsIn(given: unknown): string[] {
  const read = readAs(PriceOverrides, given);
  return read.outcome === 'read' ? [] : read.mistakes.map(({ path, says }) => `${path.join('.')}: ${says}`);
}

describe('overridePrices', () => {
  it('takes what is given, and the price list for the rest', () => {
    const [row] = rowsOf({ 'claude-sonnet-4-5': { input: 3.3, cacheWrite5m: 4.125 } });
    expect(row).toEqual({
      model: 'claude-sonnet-4-5',
      input: 3.3,
      output: 15,
      cacheWrite5m: 4.125,
      cacheWrite1h: 6,
      cacheRead: 0.3,
      minimumCacheableTokens: 1024,
      source: 'prices',
      date: '',
      isOverride: true,
    });
  });

  it('adds a model that the price list does not know', () => {
    const rows = rowsOf({ 'our-model': ours });
    expect(findPrices('our-model', rows)).toMatchObject({ ...ours, minimumCacheableTokens: 4096 });
  });

  it('knows the listed model by the name of a provider', () => {
    const name = 'eu.anthropic.claude-haiku-4-5-20251001-v1:0';
    expect(rowsOf({ [name]: { input: 1.1 } })).toMatchObject([{ model: name, input: 1.1, output: 5 }]);
  });

  it('has one price for prompts of all lengths', () => {
    expect(rowsOf({ 'claude-haiku-5-5': { input: 0.12 } })[0]?.longPrompt).toBeUndefined();
  });

  it('may say that nothing costs anything', () => {
    const free = { input: 0, output: 0, cacheWrite5m: 0, cacheWrite1h: 0, cacheRead: 0 };
    expect(rowsOf({ 'claude-opus-5-5': free })).toMatchObject([free]);
  });
});

describe('PriceOverrides', () => {
  it('takes the example of docs/prices.md', async () => {
    const page = await readFile(new URL('../../docs/prices.md', import.meta.url), 'utf8');
    const example = parse(/```yaml\n(.*?)```/s.exec(page)?.[1] ?? '');
    expect(rowsOf(parse(example.with.prices))).toHaveLength(3);
  });

  const range = 'must be a number from 0 to 1000, in US dollars for a million tokens';

  it.each([
    [{ 'claude-opus-5-5': { input: -1 } }, [`claude-opus-5-5.input: ${range}`]],
    [{ 'claude-opus-5-5': { output: 1_000.01 } }, [`claude-opus-5-5.output: ${range}`]],
    [{ 'claude-opus-5-5': { output: Number.NaN } }, [`claude-opus-5-5.output: ${range}`]],
    [{ 'claude-opus-5-5': { output: Number.POSITIVE_INFINITY } }, [`claude-opus-5-5.output: ${range}`]],
    [{ 'claude-opus-5-5': { cacheRead: '0.2' } }, [`claude-opus-5-5.cacheRead: ${range}`]],
    [
      { 'claude-opus-5-5': { minimumCacheableTokens: 0 } },
      ['claude-opus-5-5.minimumCacheableTokens: must be a whole number from 1 to 1000000'],
    ],
    [
      { 'our-model': { input: 2, output: 8 } },
      ['cacheWrite5m', 'cacheWrite1h', 'cacheRead'].map(
        (field) => `our-model.${field}: is not set, and the price list does not know this model`,
      ),
    ],
    [
      { 'our-model': { ...ours, cacheRead: 2.6 } },
      [
        'our-model.cacheRead: is above `input`, which is 2',
        'our-model.cacheRead: is above `cacheWrite5m`, which is 2.5',
      ],
    ],
    [
      { 'our-model': { ...ours, cacheWrite1h: 2 } },
      ['our-model.cacheWrite5m: is above `cacheWrite1h`, which is 2'],
    ],
    [
      { 'claude-sonnet-4-5': { input: 0.2 } },
      ['claude-sonnet-4-5.input: is below `cacheRead` of the price list, which is 0.3'],
    ],
    [
      { 'claude-sonnet-4-5': { cacheWrite5m: 7 } },
      ['claude-sonnet-4-5.cacheWrite5m: is above `cacheWrite1h` of the price list, which is 6'],
    ],
  ])('refuses %j', (given, problems) => {
    expect(problemsIn(given)).toEqual(problems);
  });

  it('tells all that is wrong at once', () => {
    const given = {
      'claude-opus-5-5': { input: -1, output: 1_001, outputs: 5 },
      'claude-sonnet-4-5': { cacheRead: 30, cacheWrite5m: 7, cacheWrite1h: 6, output: '15' },
      'our-model': { input: 2, cacheRead: 3 },
      'a b': { cacheRead: 1 },
      'no-prices': 3,
    };
    expect(problemsIn(given)).toEqual([
      `claude-opus-5-5.input: ${range}`,
      `claude-opus-5-5.output: ${range}`,
      'claude-opus-5-5.outputs: is not a known setting',
      `claude-sonnet-4-5.output: ${range}`,
      'no-prices: must be a map (`name: value`), not a number',
      'claude-sonnet-4-5.cacheRead: is above `input` of the price list, which is 3',
      'claude-sonnet-4-5.cacheRead: is above `cacheWrite5m`, which is 7',
      'claude-sonnet-4-5.cacheWrite5m: is above `cacheWrite1h`, which is 6',
      'our-model.output: is not set, and the price list does not know this model',
      'our-model.cacheWrite5m: is not set, and the price list does not know this model',
      'our-model.cacheWrite1h: is not set, and the price list does not know this model',
      'our-model.cacheRead: is above `input`, which is 2',
      'a b: is not the name of a model, such as `claude-sonnet-4-5`',
      ...['input', 'output', 'cacheWrite5m', 'cacheWrite1h'].map(
        (field) => `a b.${field}: is not set, and the price list does not know this model`,
      ),
    ]);
  });

  it.each([
    [{ 'claude-opus-5-5': { inputs: 1 } }, /^claude-opus-5-5.inputs: is not a known setting$/],
    [{ 'a\nb': ours }, /a\nb: /],
    [{ '': ours }, /: /],
    [[], /^: must be a map .*, not a list$/],
    ['3', /^: must be a map .*, not text$/],
  ])('refuses %j for its shape', (given, problem) => {
    expect(problemsIn(given).join('\n')).toMatch(problem);
  });
});
