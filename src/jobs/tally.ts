import { sourceOf } from '../core/command.ts';
import type { Gauged, Measured } from '../core/measure.ts';
import { isNoUsage, type McpUse, type Report, type StoreUse } from '../core/report.ts';
import type { CommandRow, RunRow } from '../ledger/tables.ts';

type Ended = Pick<CommandRow, 'origin' | 'status' | 'ended_at' | 'repository_id'>;

/** What is counted of a command that has ended, and of its run when a runner had it. */
export function tallyOfEnd(
  { origin, status, ended_at: endedAt, repository_id: repositoryId }: Ended,
  run: Pick<RunRow, 'claimed_at'> | undefined,
): Measured[] {
  const label = `${sourceOf(origin)}/${status}`;
  const claimedAt = run?.claimed_at;
  const ran: Measured[] =
    claimedAt && endedAt
      ? [{ name: 'run_duration', label, value: Math.max(0, endedAt.getTime() - claimedAt.getTime()) / 1000 }]
      : [];
  return inRepository(repositoryId, [{ name: 'command_ended', label }, ...ran]);
}

type Caches = Pick<Report, 'mcp' | 'session' | 'store' | 'usage'>;

/**
 * What is counted of the caches that a run had. Its session counts as a hit or a miss of its store when there was
 * something to restore; a first run, and one that was asked to start fresh, count as neither. The prompt cache counts
 * when the run expected to read from it and the model answered: as a miss when the canary spoke.
 */
export function tallyOfReport(
  { mcp = [], session, store, usage }: Caches,
  repositoryId: number | null,
): Measured[] {
  const { canary, resumption } = session ?? {};
  const expectsRead = (resumption?.expectedCacheRead ?? 0) > 0 && !isNoUsage(usage);
  return inRepository(repositoryId, [
    ...(store === undefined ? [] : tallyOfStore(store)),
    ...mcp.flatMap(tallyOfMcp),
    ...(expectsRead
      ? [{ name: canary ? ('cache_miss' as const) : ('cache_hit' as const), label: 'prompt' }]
      : []),
    ...(canary ? [{ name: 'canary' as const, label: canary.cause }] : []),
  ]);
}

function tallyOfStore({ name, restore, save }: StoreUse): Measured[] {
  const label = `session/${name}`;
  const measured: Measured[] = [];
  if (restore !== undefined) {
    measured.push({ name: restore.outcome === 'hit' ? 'cache_hit' : 'cache_miss', label });
    measured.push({ name: 'cache_read', label, value: restore.durationMs });
  }
  if (save !== undefined) {
    measured.push({ name: 'cache_write', label, value: save.durationMs });
    if (save.outcome !== 'saved') measured.push({ name: 'cache_write_failed', label });
  }
  return measured;
}

function tallyOfMcp({ calls, reads, savedCalls, writes }: McpUse): Measured[] {
  const label = 'mcp';
  const hits = Math.min(savedCalls, calls);
  const measured: Measured[] = [];
  if (hits > 0) measured.push({ name: 'cache_hit', label, times: hits });
  if (calls > hits) measured.push({ name: 'cache_miss', label, times: calls - hits });
  if (reads && reads.count > 0) measured.push({ name: 'cache_read', label, values: reads });
  if (writes && writes.count > 0) measured.push({ name: 'cache_write', label, values: writes });
  return measured;
}

function inRepository(repositoryId: number | null, measured: Measured[]): Measured[] {
  return repositoryId === null ? measured : measured.map((one) => ({ ...one, repositoryId }));
}

/** How large things were at the end of a run. */
export function gaugesOfReport(
  { mcp, workspace }: Pick<Report, 'mcp' | 'workspace'>,
  {
    repository_id: repositoryId,
    repository_owner: owner,
  }: Pick<CommandRow, 'repository_id' | 'repository_owner'>,
): Gauged[] {
  if (repositoryId === null) return [];
  const gauged: Gauged[] = [];
  const held = mcp?.filter(({ items }) => items !== undefined) ?? [];
  if (held.length > 0) {
    const label = String(repositoryId);
    const sumOf = (name: 'items' | 'bytes') => held.reduce((sum, use) => sum + (use[name] ?? 0), 0);
    gauged.push({ name: 'mcp_items', label, value: sumOf('items') });
    gauged.push({ name: 'mcp_bytes', label, value: sumOf('bytes') });
  }
  if (workspace !== undefined) {
    // Whoever writes a report names any runner: that of another owner is none of theirs.
    const label = `${owner ?? ''}/${shown(workspace.runner)}`;
    gauged.push({ name: 'workspace_bytes', label, value: workspace.bytes });
    gauged.push({ name: 'workspace_free_bytes', label, value: workspace.freeBytes });
  }
  return gauged;
}

const longestRunner = 100;

/** A name as it can stand in a label: without what is not to be seen. */
function shown(runner: string): string {
  const name = runner.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '').trim();
  return name === '' ? 'unnamed' : name.slice(0, longestRunner).toWellFormed();
}
