import { randomUUID } from 'node:crypto';
import { access, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../core/errors.ts';
import { readPlainFile } from '../core/read-plain-file.ts';
import { DiskBytes, mostBytes } from '../core/report.ts';
import { diskUsage } from './disk-usage.ts';

/** What a workspace took when it was measured last; without that when it was only seen to be there. */
const Measurement = z.object({
  measured: z.object({ at: z.iso.datetime(), bytes: DiskBytes }).optional(),
});
type Measurement = z.infer<typeof Measurement>;

const fileOf = (workspace: string) => join(workspace, 'usage.json');
const longestFile = 1_000;
const dayMs = 24 * 60 * 60 * 1000;

/** What a workspace was seen to take, and what is free on its disk now; undefined where nothing has measured it yet. */
export async function workspaceUse(
  workspace: string,
): Promise<{ bytes: number; freeBytes: number } | undefined> {
  const { measured } = (await lastMeasurement(workspace)) ?? {};
  if (measured === undefined) return undefined;
  const disk = await statfs(workspace);
  return { bytes: measured.bytes, freeBytes: Math.min(disk.bavail * disk.bsize, mostBytes) };
}

export interface MeasureOptions {
  workspace: string;
  now: Date;
  warn(message: string): void;
  /** Whoever waits for the end of the job waits for this too. Of what is not looked at until then nothing counts. */
  limitMs?: number;
}

/**
 * Measures a workspace, for the report of the next run; a day later again. In the first run of a workspace it only leaves
 * word that it was there: one that is gone with its machine is not worth the time. Never fails.
 */
export async function measureWorkspace({
  workspace,
  now,
  warn,
  limitMs = 60_000,
}: MeasureOptions): Promise<void> {
  try {
    await access(workspace);
    const last = await lastMeasurement(workspace);
    if (last === undefined) return await keep(workspace, {});
    const age = last.measured === undefined ? dayMs : now.getTime() - Date.parse(last.measured.at);
    // A clock that was set back must not put it off for long.
    if (age >= 0 && age < dayMs) return;
    const until = performance.now() + limitMs;
    const bytes = await diskUsage(workspace, new Set(), () => performance.now() < until);
    await keep(workspace, { measured: { at: now.toISOString(), bytes: Math.min(bytes, mostBytes) } });
  } catch (error) {
    warn(`The workspace ${workspace} could not be measured: ${messageOf(error)}`);
  }
}

/** Undefined for a workspace that is new, and for a file that is not ours: the agent may have been at it. */
async function lastMeasurement(workspace: string): Promise<Measurement | undefined> {
  try {
    const text = (await readPlainFile(fileOf(workspace), longestFile)).toString('utf8');
    return Measurement.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Several runs of the machine may end at once: whole or not at all. */
async function keep(workspace: string, measurement: Measurement): Promise<void> {
  const temporary = `${fileOf(workspace)}.${randomUUID()}`;
  try {
    await writeFile(temporary, JSON.stringify(measurement), { mode: 0o600, flag: 'wx' });
    await rename(temporary, fileOf(workspace));
  } finally {
    await rm(temporary, { force: true });
  }
}
