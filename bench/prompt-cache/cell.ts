import type { ModelPrices } from '../../src/pricing/model-prices.ts';
import type { MarkerStrategy } from '../../src/prompt-cache/strategies.ts';
import { type MeasureStrategy, strategyNames } from './contestants.ts';
import type { Conversation } from './conversation.ts';
import { leastDollars, type Measured, type Reading, readings, sum } from './measure.ts';

/** What a conversation comes to with each strategy, under one reading of the look-back. */
export interface Cell {
  conversation: string;
  reading: Reading;
  measured: Map<MarkerStrategy, Measured[]>;
  /** US dollars that nothing goes below; for a conversation that only grows. */
  least: number | undefined;
}

export function* measureCells(
  conversation: Conversation,
  measure: MeasureStrategy,
  prices: ModelPrices,
): Generator<Cell> {
  for (const reading of readings) {
    const measured = new Map(
      strategyNames.map((name) => [name, measure(conversation, name, { reading, prices })]),
    );
    const [any = []] = measured.values();
    const least = conversation.onlyGrows ? leastDollars(any, prices) : undefined;
    yield { conversation: conversation.name, reading, measured, least };
  }
}

/** US dollars with each strategy, of the whole conversation or of its first requests. */
export function dollarsOf({ measured }: Cell, requests?: number): Map<MarkerStrategy, number> {
  return new Map([...measured].map(([name, each]) => [name, sum(each, requests).dollars]));
}
