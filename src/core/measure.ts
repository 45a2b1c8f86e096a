import { addHistograms, boundsMs, boundsSeconds, type Histogram, histogramOf } from './histogram.ts';

/**
 * What is counted, with the unit of its values, by hour and repository. The label says of which.
 *
 * Of caches it is the layer:
 * - `context`: the tickets that the app keeps in memory or Redis; of no repository.
 * - `session/<store>`, `session/s3` for example: the conversations that runs restore and save.
 * - `mcp`: the answers of MCP servers that runs keep.
 * - `prompt`: the prompt cache of the model's provider.
 *
 * Of commands and runs it is the source (`github`, `jira`, `dashboard`, `dexter`), where it is said with the end status behind a slash.
 */
export const measureUnits = {
  /**
   * Readings that the cache answered, and those that it did not.
   *
   * - `context`: a ticket that was in the cache and still right is a hit. One that had changed since is a miss, as is a
   *   cache that could not be asked. One that could not be read in the end, from neither, is none of both.
   * - `session/<store>`: only of runs that had something to restore. A first run and one that was asked to start fresh are
   *   neither. A store that failed, or gave out what cannot be used, is a miss.
   * - `mcp`: calls of tools, those included that another call under way answered: they are hits.
   * - `prompt`: only of runs that expected to read from it and got an answer. One whose canary spoke is a miss.
   */
  cache_hit: 'times',
  cache_miss: 'times',
  /**
   * Of the misses of `context` those of tickets that were in the cache and had changed since: no cache spares them, and
   * there are many, because what Dexter says on a ticket changes it too.
   */
  cache_changed: 'times',
  /**
   * How long a reading took, and a writing, of those that were tried: one that failed or found nothing counts too. Of
   * sessions it is all of the restoring and saving; of the prompt cache there is none.
   */
  cache_read: 'ms',
  cache_write: 'ms',
  /**
   * Writings that failed; of `context` also those that were not tried, because the cache is known to be out of order. Of
   * sessions, what a run learned was not kept: also when another run had saved the same generation first.
   */
  cache_write_failed: 'times',
  /** Label `<source>/<end status>`. */
  command_ended: 'times',
  /** From the claim of a run to the end of its command. Label `<source>/<end status>`. */
  run_duration: 's',
  /** From the command's arrival to its dispatch, waiting in the queue included. Label: the source. */
  dispatch_latency: 's',
  /** Ends that were given up telling to whoever asked. Label: the source. */
  end_untold: 'times',
  /** Runs that read far less from the prompt cache than they should have; the label is the cause. */
  canary: 'times',
} as const;

export type MeasureName = keyof typeof measureUnits;

/** Upper bounds of the buckets of a measure; none for what is only counted. */
export function boundsOf(name: MeasureName): readonly number[] {
  switch (measureUnits[name]) {
    case 'ms':
      return boundsMs;
    case 's':
      return boundsSeconds;
    case 'times':
      return [];
  }
}

/** Something that happened. */
export interface Measured {
  name: MeasureName;
  label: string;
  /** In the unit of the name; absent for what is only counted. */
  value?: number;
  /** How often it happened; once when absent. */
  times?: number;
  /** Instead of `value` and `times`: several values, in the buckets of the name. */
  values?: Histogram;
  /** Absent for what belongs to no repository. */
  repositoryId?: number;
}

/** Hears of what happened; never throws, and makes nobody wait. */
export type Count = (measured: Measured) => void;

/** All that happened under one name, label and repository. */
export interface MeasuredSum {
  name: MeasureName;
  label: string;
  /** 0 for what belongs to no repository. */
  repositoryId: number;
  values: Histogram;
}

/** One entry per name, label and repository, in one order for everybody. */
export function sumMeasured(measured: readonly Measured[]): MeasuredSum[] {
  const sums = new Map<string, MeasuredSum>();
  for (const one of measured) {
    const { name, label, repositoryId = 0 } = one;
    const key = JSON.stringify([name, label, repositoryId]);
    const known = sums.get(key)?.values;
    const values = known ? addHistograms(known, valuesOf(one)) : valuesOf(one);
    sums.set(key, { name, label, repositoryId, values });
  }
  return [...sums].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, sum]) => sum);
}

function valuesOf({ name, value, times = 1, values }: Measured): Histogram {
  if (values !== undefined) return { ...values, sum: inSteps(values.sum) };
  if (value === undefined) return { count: times, sum: 0, buckets: [] };
  const { buckets } = histogramOf(value, boundsOf(name));
  return { count: times, sum: inSteps(value) * times, buckets: buckets.map((count) => count * times) };
}

/**
 * In whole steps of 1/1024: such numbers add up exactly, in whatever order. A sum that falls by the last digit when it
 * is made in another order is taken for a counter that began anew, by Prometheus.
 */
function inSteps(value: number): number {
  return Math.round(value * 1024) / 1024;
}

/** What is as large as it was seen last, with its unit. */
export const gaugeUnits = {
  /**
   * Of the context cache. Label `redis` where processes share one; else `memory/<id of the process>`, to be added up. A
   * process says it again every minute and takes it back when it ends: what is older than some minutes is of one that died.
   * Of a Redis with very many keys it is what a part of them holds.
   */
  context_items: 'items',
  context_bytes: 'bytes',
  /** What the whole Redis of the context cache takes, whoever else uses it. The label is empty. */
  redis_memory_bytes: 'bytes',
  /** What the caches of MCP servers held at the end of the last run of a repository. Label: the repository's id. */
  mcp_items: 'items',
  mcp_bytes: 'bytes',
  /**
   * What the workspace of a runner takes, and what is free on its disk. Label `<owner of the repository>/<runner>`, as the
   * runner calls itself. Measured once a day at most, and in a minute at most: of a very large one it is the part that was
   * looked at.
   */
  workspace_bytes: 'bytes',
  workspace_free_bytes: 'bytes',
} as const;

export type GaugeName = keyof typeof gaugeUnits;

/** How large something was seen to be. */
export interface Gauged {
  name: GaugeName;
  label: string;
  value: number;
}
