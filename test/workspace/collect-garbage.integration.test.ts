import { link, mkdir, readdir, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { workspaceStore } from '../../src/stores/workspace.ts';
import { collectGarbage, removeAll, tidyWorkspace } from '../../src/workspace/collect-garbage.ts';
import { diskUsage } from '../../src/workspace/disk-usage.ts';
import { lockOfMirror, workPath } from '../../src/workspace/layout.ts';
import { listWorkspace } from '../../src/workspace/list-workspace.ts';
import { isHeld } from '../../src/workspace/lock.ts';
import { lockSession } from '../../src/workspace/lock-session.ts';
import { type GarbageLimits, planGarbage } from '../../src/workspace/plan-garbage.ts';
import { writeRecord } from '../../src/workspace/record.ts';
import { removeSessionFiles } from '../../src/workspace/remove-session-files.ts';
import { archiveOf, newestText } from '../contracts/session-store.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { addCheckout, addMirror, daysAgo, holdElsewhere, refOf } from './filled-workspace.ts';

let workspace: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ path: workspace, remove } = await temporaryDirectory());
});
afterEach(() => remove());

const collect = (limits: GarbageLimits) => collectGarbage({ workspace, limits, now: new Date() });

async function keysLeft(): Promise<string[]> {
  const { checkouts } = await listWorkspace(workspace);
  return checkouts.map(({ ref, path }) => ref?.issueKey ?? path).sort();
}

async function saveOne(issueKey: string): Promise<void> {
  await workspaceStore({ root: workspace }).write(refOf(issueKey), 1, archiveOf(issueKey));
}

describe('collectGarbage', () => {
  it('removes checkouts and leaves the saved sessions', async () => {
    await addCheckout(workspace, refOf('DXTR-1'), { days: 40 });
    await addCheckout(workspace, refOf('DXTR-2'), { days: 3 });
    await addCheckout(workspace, refOf('DXTR-3'), { days: 2, unpushed: true });
    await addCheckout(workspace, refOf('DXTR-4'), { days: 1 });
    await saveOne('DXTR-1');
    const { removed, skipped, failed } = await collect({ maxAgeDays: 30, maxSessions: 2 });
    expect(removed.map(({ ref, because }) => [ref?.issueKey, because])).toEqual([
      ['DXTR-1', 'age'],
      ['DXTR-2', 'count'],
    ]);
    expect([...skipped, ...failed]).toEqual([]);
    expect(await keysLeft()).toEqual(['DXTR-3', 'DXTR-4']);
    expect((await readdir(join(workspace, 'work'))).every((name) => /^[0-9a-f]{24}$/.test(name))).toBe(true);
    expect(await newestText(workspaceStore({ root: workspace }), refOf('DXTR-1'))).toBe('DXTR-1');
  });

  it('never removes what a living process uses; when it was killed, it does', async () => {
    await addCheckout(workspace, refOf('DXTR-1'), { days: 40 });
    await saveOne('DXTR-1');
    await using holder = await holdElsewhere(workspace, 'DXTR-1');
    const limits = { maxAgeDays: 30, maxSessions: 0, maxBytes: 0 };
    expect((await collect(limits)).removed).toEqual([]);
    expect(await keysLeft()).toEqual(['DXTR-1']);
    await holder.end('SIGKILL');
    expect((await collect(limits)).removed).toHaveLength(1);
    expect(await keysLeft()).toEqual([]);
  });

  it('lets the next run take over from one that was killed', async () => {
    await addCheckout(workspace, refOf('DXTR-1'));
    const holder = await holdElsewhere(workspace, 'DXTR-1');
    await expect(lockSession(workspace, refOf('DXTR-1'), { waitMs: 0 })).rejects.toMatchObject({
      code: 'session-conflict',
    });
    await holder.end('SIGKILL');
    await using _ = await lockSession(workspace, refOf('DXTR-1'), { waitMs: 0 });
  });

  it('skips what somebody has begun to use since it was looked at', async () => {
    const used = await addCheckout(workspace, refOf('DXTR-1'), { days: 40 });
    await addCheckout(workspace, refOf('DXTR-2'), { days: 40 });
    await addMirror(workspace, refOf('DXTR-3', 21), 40);
    const plan = planGarbage(await listWorkspace(workspace), { maxAgeDays: 30 }, new Date());
    expect(plan).toHaveLength(3);
    await writeRecord(used, { ref: refOf('DXTR-1'), usedAt: new Date().toISOString() });
    await using _ = await lockSession(workspace, refOf('DXTR-2'), { waitMs: 0 });
    await addCheckout(workspace, refOf('DXTR-3', 21));
    const { removed, skipped } = await removeAll(workspace, plan);
    expect(removed).toEqual([]);
    expect(skipped).toHaveLength(3);
    expect(await keysLeft()).toEqual(['DXTR-1', 'DXTR-2', 'DXTR-3']);
  });

  it('removes mirrors that nobody borrows from any more, and no others', async () => {
    const borrowed = await addMirror(workspace, refOf('DXTR-1', 20), 40);
    const idle = await addMirror(workspace, refOf('DXTR-2', 21), 40);
    const said = await addMirror(workspace, refOf('DXTR-3', 22), 40);
    await addMirror(workspace, refOf('DXTR-4', 23), 3);
    await addCheckout(workspace, refOf('DXTR-1', 20));
    // Its record is gone, so only the checkout itself says what it borrows.
    const info = join(workspace, 'work', '0'.repeat(24), 'checkout/.git/objects/info');
    await mkdir(info, { recursive: true });
    await writeFile(join(info, 'alternates'), `${said}/objects\n`);
    const { removed } = await collect({ maxAgeDays: 30 });
    expect(removed.map(({ path }) => path)).toEqual([idle]);
    expect(await readdir(dirname(borrowed))).toEqual(['1-20.git', '1-22.git', '1-23.git']);
    expect(await isHeld(lockOfMirror(idle))).toBe(false);
  });

  it('goes by the bytes on the disk, and counts them once', async () => {
    const sparse = join(workspace, 'sparse');
    await mkdir(sparse);
    await writeFile(join(sparse, 'a'), 'x'.repeat(100_000));
    const one = await diskUsage(sparse);
    await link(join(sparse, 'a'), join(sparse, 'b'));
    await symlink('/usr', join(sparse, 'usr'));
    await writeFile(join(sparse, 'holes'), '');
    await truncate(join(sparse, 'holes'), 1_000_000_000);
    expect((await diskUsage(sparse)) - one).toBeLessThan(10_000);
    await addCheckout(workspace, refOf('DXTR-1'), { days: 2, bytes: 400_000 });
    await addCheckout(workspace, refOf('DXTR-2'), { days: 1, bytes: 400_000 });
    await collect({ maxBytes: 600_000 });
    expect(await keysLeft()).toEqual(['DXTR-2']);
  });

  it('clears away what processes left that died, and nothing that is being written', async () => {
    await saveOne('DXTR-1');
    const { archives } = await listWorkspace(workspace);
    const paths = [
      join(workspace, 'work/.removing-1'),
      join(workspace, 'mirrors/.making-1'),
      join(workspace, `mirrors/1-20.git.lock.${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`),
      join(archives[0]?.path ?? '', '.writing-1'),
    ];
    for (const path of paths) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, 'half');
    }
    await collect({});
    expect((await collect({})).removed, 'all are of this moment').toEqual([]);
    for (const path of paths) await utimes(path, daysAgo(1), daysAgo(1));
    const { removed } = await collect({});
    expect(removed.map(({ path }) => path).sort()).toEqual([...paths].sort());
    expect(await newestText(workspaceStore({ root: workspace }), refOf('DXTR-1'))).toBe('DXTR-1');
  });

  it('finds nothing in a workspace that is not there', async () => {
    expect(await collectGarbage({ workspace: join(workspace, 'no'), limits: {}, now: new Date() })).toEqual({
      removed: [],
      skipped: [],
      failed: [],
    });
  });

  it('believes no directory that says it is the one of another session', async () => {
    const path = await addCheckout(workspace, refOf('DXTR-1'));
    await writeRecord(path, { ref: refOf('DXTR-2'), usedAt: new Date().toISOString() });
    expect(await listWorkspace(workspace)).toMatchObject({ checkouts: [{ path, ref: undefined }] });
  });
});

describe('tidyWorkspace', () => {
  it('says what it removed, warns, and never fails', async () => {
    await addCheckout(workspace, refOf('DXTR-1'), { days: 40 });
    const said: string[] = [];
    const warnings: string[] = [];
    const log = { info: (line: string) => said.push(line), warn: (line: string) => warnings.push(line) };
    const options = { workspace, limits: { maxAgeDays: 30 }, now: new Date(), ...log };
    await tidyWorkspace(options);
    expect(said).toEqual([expect.stringContaining('1 checkout')]);
    expect(warnings).toEqual([]);
    await addCheckout(workspace, refOf('DXTR-2'), { days: 40, unpushed: true });
    await tidyWorkspace(options);
    expect(warnings.splice(0)).toEqual([
      'The checkout of DXTR-2 was removed, with commits that could not be pushed.',
    ]);
    // A name that no file system takes.
    await tidyWorkspace({ ...options, workspace: `${workspace}/${'x'.repeat(5_000)}` });
    expect(warnings).toEqual([expect.stringContaining('could not be tidied up')]);
  });
});

describe('removeSessionFiles', () => {
  it('removes everything of one session, and nothing of another one', async () => {
    await addCheckout(workspace, refOf('DXTR-1'), { unpushed: true });
    await addCheckout(workspace, refOf('DXTR-12'));
    expect(await removeSessionFiles(workspace, refOf('DXTR-1'))).toBe(true);
    expect(await removeSessionFiles(workspace, refOf('DXTR-1'))).toBe(false);
    expect(await keysLeft()).toEqual(['DXTR-12']);
    expect(await readdir(join(workspace, 'work'))).toHaveLength(1);
  });

  it('is refused while a run uses it', async () => {
    await addCheckout(workspace, refOf('DXTR-1'));
    await using _ = await lockSession(workspace, refOf('DXTR-1'));
    await expect(removeSessionFiles(workspace, refOf('DXTR-1'), 0)).rejects.toMatchObject({
      code: 'session-conflict',
    });
    expect(await keysLeft()).toEqual(['DXTR-1']);
  });

  it('is followed by a run that waited, in a directory of its own', async () => {
    const path = await addCheckout(workspace, refOf('DXTR-1'));
    const first = await lockSession(workspace, refOf('DXTR-1'));
    const removing = removeSessionFiles(workspace, refOf('DXTR-1'));
    const waiting = lockSession(workspace, refOf('DXTR-1')).then(async (lock) => {
      await lock.release();
    });
    await first.release();
    expect(await removing).toBe(true);
    await waiting;
    expect(path).toBe(workPath(workspace, refOf('DXTR-1')));
  });
});
