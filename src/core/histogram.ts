/** Upper bounds of the buckets, lowest first; a value above the last one falls into one bucket more. */
export const boundsMs = [
  0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000,
] as const;

/** The same for what takes seconds to hours. */
export const boundsSeconds = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400,
] as const;

/** Several values, without each of them. */
export interface Histogram {
  count: number;
  sum: number;
  /** How many fell into each bucket, one more than there are bounds; empty where nothing was measured. */
  buckets: readonly number[];
}

export const noValues: Histogram = { count: 0, sum: 0, buckets: [] };

/** The bucket of a value. */
function bucketOf(value: number, bounds: readonly number[]): number {
  const index = bounds.findIndex((bound) => value <= bound);
  return index === -1 ? bounds.length : index;
}

/** All buckets with one value in them. */
export function histogramOf(value: number, bounds: readonly number[]): Histogram {
  const buckets = new Array<number>(bounds.length + 1).fill(0);
  buckets[bucketOf(value, bounds)] = 1;
  return { count: 1, sum: value, buckets };
}

export function addHistograms(one: Histogram, other: Histogram): Histogram {
  const [longer, shorter] =
    one.buckets.length >= other.buckets.length ? [one.buckets, other.buckets] : [other.buckets, one.buckets];
  return {
    count: one.count + other.count,
    sum: one.sum + other.sum,
    buckets: longer.map((count, index) => count + (shorter[index] ?? 0)),
  };
}

/**
 * The value that the share `q` (0 to 1) of all values stays below, as Prometheus's `histogram_quantile` estimates it:
 * straight within the bucket. Undefined without values; the last bound for what lies above all of them.
 */
export function quantile(
  { buckets }: Pick<Histogram, 'buckets'>,
  bounds: readonly number[],
  q: number,
): number | undefined {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const rank = q * total;
  let below = 0;
  for (const [index, count] of buckets.entries()) {
    if (count === 0 || below + count < rank) {
      below += count;
      continue;
    }
    const upper = bounds[index];
    if (upper === undefined) return bounds.at(-1);
    const lower = index === 0 ? 0 : (bounds[index - 1] ?? 0);
    return lower + ((upper - lower) * (rank - below)) / count;
  }
  return bounds.at(-1);
}
