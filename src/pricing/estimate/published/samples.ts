import { noteSample } from '../note-parameters.ts';
import { rounded } from '../note-tables.ts';
import { example, explained, given, type PublishedFigure, reproduced } from './figure.ts';

export function monitoringFigures(input: number): PublishedFigure[] {
  const { hits, misses, itemCount, totalSizeBytes, tokensSaved } = noteSample;
  return [
    ...example('Health Endpoint', '"hits": 1234,', ['1234', given(hits)]),
    ...example('Health Endpoint', '"misses": 56,', ['56', given(misses)]),
    ...example('Health Endpoint', '"itemCount": 89,', ['89', given(itemCount)]),
    ...example('Health Endpoint', '"totalSizeBytes": 2234567', ['2234567', given(totalSizeBytes)]),
    ...example('Health Endpoint', '"estimatedTokensSaved": 12500000,', ['12500000', given(tokensSaved)]),
    ...example('Health Endpoint', '"hitRate": 0.956,', [
      '0.956',
      explained(rounded(hits / (hits + misses), 3), '1,234 of 1,290 are 0.9566, which rounds to 0.957.', {
        values: [Math.floor((1000 * hits) / (hits + misses)) / 1000],
        how: 'cut after three digits',
      }),
    ]),
    ...example('Health Endpoint', '"estimatedCostSaved": 37.50', [
      '37.50',
      reproduced((tokensSaved * input) / 1e6, '12,500,000 × $3 / 1,000,000'),
    ]),
  ];
}
