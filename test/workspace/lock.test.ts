import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { acquireLock, isHeld } from '../../src/workspace/lock.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

async function deadPid(): Promise<number> {
  const child = spawn('true', { cwd: tmpdir() });
  await once(child, 'exit');
  return child.pid ?? 0;
}

/** What a process writes into a lock, with some of it changed. */
async function holder(changes = {}): Promise<string> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'lock');
  await using _ = await acquireLock(path, 'x');
  return JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), nonce: 'n', ...changes });
}

describe('acquireLock', () => {
  it('is held by one at a time, and is free after its release', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    const first = await acquireLock(path, 'the session of DXTR-1');
    await expect(acquireLock(path, 'the session of DXTR-1', { waitMs: 100 })).rejects.toMatchObject({
      code: 'session-conflict',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await first.release();
    const second = await acquireLock(path, 'x', { waitMs: 0 });
    await second.release();
    expect(await readdir(directory.path)).toEqual([]);
  });

  it('waits for a holder that is about to end', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    const first = await acquireLock(path, 'x');
    setTimeout(() => first.release(), 150);
    await (await acquireLock(path, 'x', { waitMs: 5_000 })).release();
  });

  it('takes over from a process that died, and from one whose id was given to another', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    for (const stale of [{ pid: await deadPid() }, { started: 'long ago' }]) {
      await writeFile(path, await holder(stale));
      await (await acquireLock(path, 'x', { waitMs: 0 })).release();
    }
    expect(await readdir(directory.path)).toEqual([]);
  });

  it.each([
    ['another host', { host: 'elsewhere' }],
    ['another machine of the same name', { boot: 'another' }],
    ['another container', { namespace: 'pid:[1]' }],
  ])('does not take over from %s, whose processes it cannot see', async (_name, place) => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    await writeFile(path, await holder({ ...place, pid: await deadPid() }));
    expect(await isHeld(path)).toBe(true);
    await expect(acquireLock(path, 'x', { waitMs: 50 })).rejects.toMatchObject({
      message: expect.stringContaining('process'),
      hint: expect.stringContaining(path),
    });
  });

  it('goes by the age of a file that says nothing', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    await writeFile(path, '');
    await expect(acquireLock(path, 'x', { waitMs: 50 })).rejects.toMatchObject({ code: 'session-conflict' });
    const then = new Date(Date.now() - 11 * 60_000);
    await utimes(path, then, then);
    await (await acquireLock(path, 'x', { waitMs: 0 })).release();
  });

  it('makes its directory, also when that is taken away while it waits', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'work', 'lock');
    const first = await acquireLock(path, 'x');
    const waiting = acquireLock(path, 'x', { waitMs: 5_000 });
    await rename(join(directory.path, 'work'), join(directory.path, 'away'));
    const second = await waiting;
    await first.release();
    expect(await isHeld(path), 'the first one releases nothing of the second').toBe(true);
    await second.release();
    expect(await readdir(join(directory.path, 'work'))).toEqual([]);
  });

  it('stops to wait when it is told to', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    await using _ = await acquireLock(path, 'x');
    const signal = AbortSignal.timeout(50);
    await expect(acquireLock(path, 'x', { waitMs: 60_000, signal })).rejects.toThrow(/abort/i);
  });

  it('says what stands in the place of its directory', async () => {
    await using directory = await temporaryDirectory();
    await writeFile(join(directory.path, 'work'), '');
    await expect(acquireLock(join(directory.path, 'work', 'lock'), 'x')).rejects.toThrow(/ENOTDIR|EEXIST/);
  });

  it('takes over from another host that has not touched it for ten minutes', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    await writeFile(path, await holder({ host: 'elsewhere' }));
    const then = new Date(Date.now() - 11 * 60_000);
    await utimes(path, then, then);
    await (await acquireLock(path, 'x', { waitMs: 0 })).release();
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
    await writeFile(path, await holder({ pid: await deadPid() }));
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, () => acquireLock(path, 'x', { waitMs: 300 })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('releases only what it holds', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    const lost = await acquireLock(path, 'x');
    await writeFile(path, await holder({ nonce: 'another' }));
    await lost.release();
    expect(JSON.parse(await readFile(path, 'utf8')).nonce).toBe('another');
  });
});
