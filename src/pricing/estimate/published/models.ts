import type { ModelPrices } from '../../model-prices.ts';
import { mediumTicketTokens, noteRules, noteParameters as p } from '../note-parameters.ts';
import { example, given, type PublishedFigure, reproduced, rowOf } from './figure.ts';

export function modelFigures(models: Readonly<Record<string, ModelPrices>>): PublishedFigure[] {
  const estimation = 'Token Estimation';
  const prices = Object.entries(models).flatMap(([name, prices]) => {
    const usd = (value: number) => `$${Number.isInteger(value) ? value : value.toFixed(2)}/MTok`;
    const { input, output } = prices;
    return rowOf(
      'Claude Models (as of Jan 2026)',
      name,
      ['Input', usd(input), given(input)],
      ['Output', usd(output), given(output)],
      ['Cache Write (5m)', usd(prices.cacheWrite5m), reproduced(1.25 * input, `1.25 × $${input}`)],
      ['Cache Write (1h)', usd(prices.cacheWrite1h), reproduced(2 * input, `2 × $${input}`)],
      ['Cache Read', usd(prices.cacheRead), reproduced(0.1 * input, `0.1 × $${input}`)],
    );
  });
  return [
    ...prices,
    ...example(estimation, '~4 characters = 1 token', ['~4', given(p.charactersPerToken)]),
    ...example(
      estimation,
      'Average TypeScript file: 200-500 lines = 1,000-3,000 tokens',
      ['200-500 lines', given(...noteRules.fileLines)],
      ['1,000-3,000 tokens', given(...noteRules.fileTokens)],
    ),
    ...example(estimation, 'JIRA ticket (medium): ~6,000 tokens', ['~6,000', given(mediumTicketTokens)]),
    ...example(estimation, 'Large monorepo context: 50,000-200,000 tokens', [
      '50,000-200,000',
      given(...noteRules.monorepoTokens),
    ]),
  ];
}
