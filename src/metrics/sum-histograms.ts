import { addHistograms, type Histogram } from '../core/histogram.ts';

/** All of them together; nothing measured where there are none. */
export function sumHistograms(histograms: readonly Histogram[]): Histogram {
  return histograms.reduce<Histogram>(addHistograms, { count: 0, sum: 0, buckets: [] });
}
