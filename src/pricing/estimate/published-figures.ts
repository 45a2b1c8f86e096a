import type { ModelPrices } from '../model-prices.ts';
import type { PublishedFigure } from './published/figure.ts';
import { modelFigures } from './published/models.ts';
import { costFigures } from './published/months.ts';
import { priceListFigures } from './published/price-list.ts';
import { monitoringFigures } from './published/samples.ts';
import { storageFigures } from './published/storage.ts';
import { summaryFigures } from './published/summary.ts';
import { benchmarkFigures } from './published/task.ts';

/** The model whose prices the note reckons with. */
export const noteModel = 'claude-sonnet-4-5';

/**
 * Every figure of the note's tables and examples, with how it comes about.
 * @param models prices of Sonnet, Opus and Haiku 4.5, by the names in the note
 */
export function publishedFigures(models: Readonly<Record<string, ModelPrices>>): PublishedFigure[] {
  const sonnet = models['Sonnet 4.5'];
  if (!sonnet) throw new Error('The note reckons with the prices of Sonnet 4.5.');
  return [
    ...storageFigures(sonnet.input),
    ...benchmarkFigures(sonnet.input),
    ...costFigures(sonnet.input),
    ...monitoringFigures(sonnet.input),
    ...modelFigures(models),
    ...priceListFigures(),
    ...summaryFigures(),
  ];
}
