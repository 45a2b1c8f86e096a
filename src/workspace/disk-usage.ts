import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Bytes that a file or directory takes on the disk, as `du` counts them: whole blocks, and a file with several
 * names once. `seen` carries that over several calls. What cannot be looked at, or goes meanwhile, counts
 * nothing. Links are not followed. When it may not go on, it is what was looked at until then.
 */
export async function diskUsage(
  path: string,
  seen = new Set<string>(),
  mayGoOn = () => true,
): Promise<number> {
  const waiting = [path];
  let bytes = 0;
  for (let next = waiting.pop(); next !== undefined && mayGoOn(); next = waiting.pop()) {
    const stats = await lstat(next).catch(() => undefined);
    if (stats === undefined) continue;
    const isDirectory = stats.isDirectory();
    if (!isDirectory && stats.nlink > 1) {
      const identity = `${stats.dev}:${stats.ino}`;
      if (seen.has(identity)) continue;
      seen.add(identity);
    }
    bytes += stats.blocks * 512;
    if (isDirectory) waiting.push(...(await namesIn(next)).map((name) => join(next ?? '', name)));
  }
  return bytes;
}

async function namesIn(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(path)) names.push(name);
  } catch {
    // Removed while we looked, or not ours to read: what was seen until then counts.
  }
  return names;
}
