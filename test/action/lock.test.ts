import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { acquireLock } from '../../action/lock.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

async function deadPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid ?? 0;
}

const holder = (changes = {}) =>
  JSON.stringify({ host: hostname(), pid: process.pid, started: '1', nonce: 'n', ...changes });

describe('acquireLock', () => {
  it('is held by one at a time, and is free after its release', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    const first = await acquireLock(path, 'the session of DXTR-1');
    await expect(acquireLock(path, 'the session of DXTR-1', 100)).rejects.toMatchObject({
      code: 'session-conflict',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await first.release();
    const second = await acquireLock(path, 'x', 0);
    await second.release();
    expect(await readdir(directory.path)).toEqual([]);
  });

  it('waits for a holder that is about to end', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    const first = await acquireLock(path, 'x');
    setTimeout(() => first.release(), 150);
    await (await acquireLock(path, 'x', 5_000)).release();
  });

  it('takes over from a process that died, and from one whose id was given to another', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    for (const stale of [holder({ pid: await deadPid() }), holder({ started: 'long ago' })]) {
      await writeFile(path, stale);
      await (await acquireLock(path, 'x', 0)).release();
    }
    expect(await readdir(directory.path)).toEqual([]);
  });

  it('does not take over from another host, whose processes it cannot see', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    await writeFile(path, holder({ host: 'elsewhere', pid: await deadPid() }));
    await expect(acquireLock(path, 'x', 50)).rejects.toMatchObject({
      message: expect.stringContaining('elsewhere'),
      hint: expect.stringContaining(path),
    });
  });

  it('takes over from another host that has not touched it for ten minutes', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    await writeFile(path, holder({ host: 'elsewhere' }));
    const then = new Date(Date.now() - 11 * 60_000);
    await utimes(path, then, then);
    await (await acquireLock(path, 'x', 0)).release();
    expect(await readdir(directory.path)).toEqual([]);
  });

  it('is touched while it is held', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const lock = await acquireLock(path, 'x');
      const then = new Date(Date.now() - 11 * 60_000);
      await utimes(path, then, then);
      vi.advanceTimersByTime(60_000);
      await vi.waitUntil(async () => Date.now() - (await stat(path)).mtimeMs < 60_000);
      await lock.release();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('lets one of many take over', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    await writeFile(path, holder({ pid: await deadPid() }));
    const results = await Promise.allSettled(Array.from({ length: 40 }, () => acquireLock(path, 'x', 300)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('releases only what it holds', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    const lost = await acquireLock(path, 'x');
    await writeFile(path, holder({ nonce: 'another' }));
    await lost.release();
    expect(JSON.parse(await readFile(path, 'utf8')).nonce).toBe('another');
  });
});
