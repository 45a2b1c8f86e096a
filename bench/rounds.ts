export interface Contestant {
  /** Before each round, not measured. */
  prepare?: () => Promise<void>;
  /** Resolves to its own measurement in milliseconds, or to nothing: then it is measured from outside. */
  run: () => Promise<unknown>;
}

/**
 * Medians in milliseconds. The contestants take turns, so that whatever else the machine does meets all of them;
 * the first round only warms up.
 */
export async function medians<Name extends string>(
  contestants: Record<Name, Contestant>,
  rounds: number,
  log: (message: string) => void,
): Promise<Record<Name, number>> {
  const names = Object.keys(contestants) as Name[];
  const taken = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const { prepare, run } = contestants[name];
      await prepare?.();
      const start = performance.now();
      const own = await run();
      const outside = performance.now() - start;
      const ms = typeof own === 'number' ? own : outside;
      if (round > 0) taken.get(name)?.push(ms);
      log(`  ${round === 0 ? 'warm-up' : `round ${round}`} ${name}: ${Math.round(ms)} ms`);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(taken.get(name) ?? [])])) as Record<
    Name,
    number
  >;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error('Nothing was measured');
  return (low + high) / 2;
}
