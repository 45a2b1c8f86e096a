import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { Latencies } from '../core/report.ts';
import type { CacheTotals } from './response-cache.ts';

const Count = z.number().int().nonnegative();

/** What `dexter mcp-cache --stats-file` leaves behind, for the report of the run. */
export const McpStats = z.object({
  version: z.literal(1),
  /** Name of the server in the MCP configuration. */
  server: z.string(),
  hits: Count,
  misses: Count,
  /** Calls that another call under way answered. */
  joined: Count,
  /** Calls that the server did not have to answer. */
  savedCalls: Count,
  stored: Count,
  primed: Count,
  expired: Count,
  evicted: Count,
  invalidated: Count,
  /** Of all answers from the cache. */
  bytesServed: Count,
  entries: Count,
  bytesHeld: Count,
  /** How long it took to look answers up, and to keep them. */
  reads: Latencies.optional(),
  writes: Latencies.optional(),
});
export type McpStats = z.infer<typeof McpStats>;

export function mcpStats(server: string, primed: number, joined: number, totals: CacheTotals): McpStats {
  const { misses, stored, reads, writes, ...rest } = totals;
  return {
    version: 1,
    server,
    ...rest,
    // A joined call was not looked up; what was primed was not asked for.
    misses,
    stored: stored - primed,
    primed,
    joined,
    savedCalls: totals.hits + joined,
    reads: { ...reads, buckets: [...reads.buckets] },
    writes: { ...writes, buckets: [...writes.buckets] },
  };
}

/** Writes them whole or not at all, for the owner alone. */
export async function writeStats(path: string, stats: McpStats): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, `${JSON.stringify(stats)}\n`, { mode: 0o600, flag: 'wx' });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
