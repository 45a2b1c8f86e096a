import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitChanges } from '../../action/commit.ts';
import { keepUnpushed } from '../../action/publish.ts';
import { diskUsage } from '../../src/workspace/disk-usage.ts';
import { workPath } from '../../src/workspace/layout.ts';
import { until } from '../fakes/processes.ts';
import { git } from '../fakes/repository.ts';
import {
  alternatesOf,
  type CheckoutWorld,
  commitAndPush,
  committer,
  createCheckoutWorld,
  historyBytes,
  type IssueRun,
  jobOf,
  noObjects,
  type OpenOptions,
  objectsIn,
  packsOf,
  refOf,
} from './checkout-world.ts';

let world: CheckoutWorld;
beforeEach(async () => {
  world = await createCheckoutWorld();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

describe('a checkout with a mirror', () => {
  it('costs a second issue no history: nothing is sent, and its own .git has no object', async () => {
    await using first = await world.open('DXTR-1');
    expect(world.sent).toBeGreaterThan(historyBytes / 2);
    world.sent = 0;
    await using second = await world.open('DXTR-2');
    expect(world.sent).toBeLessThan(noObjects);
    expect(await packsOf(objectsIn(second))).toEqual([]);
    expect(await diskUsage(join(second.checkout.directory, '.git'))).toBeLessThan(historyBytes / 4);
    expect(second.checkout.start).toBe(first.checkout.start);
    expect(await git(second.checkout.directory, 'log', '--format=%s')).toContain('history.bin');
    expect(await git(second.checkout.directory, 'status', '--porcelain')).toBe('');
    expect([...first.warnings, ...second.warnings]).toEqual([]);
  });

  it('fetches what is new, and no more', async () => {
    await (await world.open('DXTR-1'))[Symbol.asyncDispose]();
    const commit = await world.repository.commit('main', { 'new.txt': 'x' });
    world.sent = 0;
    await using run = await world.open('DXTR-1');
    expect(run.checkout.start).toBe(commit);
    expect(world.sent).toBeLessThan(historyBytes / 10);
    expect(await git(run.checkout.directory, 'fsck', '--full')).toBe('');
  });

  it('commits and pushes from objects of its own on top of the borrowed ones', async () => {
    await using run = await world.open('DXTR-1');
    await writeFile(join(run.checkout.directory, 'mine.txt'), 'mine\n');
    const head = await commitAndPush(run, 'DXTR-1');
    expect(await git(world.repository.path, 'rev-parse', 'dexter/DXTR-1')).toBe(head);
    expect(await git(world.repository.path, 'fsck', '--full')).toBe('');
  });

  it('keeps the history to itself without one', async () => {
    await using run = await world.open('DXTR-1', { withMirror: false });
    expect(run.checkout.mirror).toBeUndefined();
    expect(await packsOf(objectsIn(run))).toHaveLength(1);
    expect(await git(run.checkout.directory, 'fsck', '--full')).toBe('');
  });

  it('gets along with branches that once were directories, and with one that went back', async () => {
    await world.repository.commit('dexter/DXTR-1/old', { 'b.txt': 'b' }, 'main');
    const early = await git(world.repository.path, 'rev-parse', 'main~1');
    await (await world.open('DXTR-2'))[Symbol.asyncDispose]();
    await git(world.repository.path, 'update-ref', '-d', 'refs/heads/dexter/DXTR-1/old');
    const branch = await world.repository.commit('dexter/DXTR-1', { 'c.txt': 'c' }, 'main');
    await git(world.repository.path, 'update-ref', 'refs/heads/main', early);
    await using first = await world.open('DXTR-1');
    expect(first.checkout.start).toBe(branch);
    await using second = await world.open('DXTR-2');
    expect(second.checkout.start).toBe(early);
    expect([...first.warnings, ...second.warnings]).toEqual([]);
  });

  it('puts many packs together without losing what nobody but a checkout needs', async () => {
    const head = await keepOneUnpushed('DXTR-9');
    for (let index = 0; index < 26; index += 1) {
      const pack = await makePack(`noise ${index}`);
      for (const suffix of ['pack', 'idx'])
        await rename(`${pack}.${suffix}`, join(world.mirror, 'objects/pack', `${nameOf(pack)}.${suffix}`));
    }
    await world.repository.commit('main', { 'new.txt': 'x' });
    await using run = await world.open('DXTR-1');
    expect(run.warnings).toEqual([]);
    expect((await packsOf(join(world.mirror, 'objects'))).length).toBeLessThan(12);
    const lost = await gitIn(world.mirror, ['cat-file', '--batch-check'], `${noise.join('\n')}\n`);
    expect(lost).not.toContain('missing');
    await using other = await world.open('DXTR-9');
    expect(await git(other.checkout.directory, 'rev-parse', 'refs/dexter/unpushed/c')).toBe(head);
  });

  const noise: string[] = [];
  const nameOf = (pack: string) => pack.slice(pack.lastIndexOf('/') + 1);

  /** A pack with one object that no ref leads to. */
  async function makePack(content: string): Promise<string> {
    const directory = join(world.directory, 'packing');
    await git(world.directory, 'init', '--quiet', 'packing');
    const object = await gitIn(directory, ['hash-object', '-w', '--stdin'], content);
    noise.push(object);
    const name = await gitIn(directory, ['pack-objects', '--quiet', join(directory, 'pack')], `${object}\n`);
    return join(directory, `pack-${name}`);
  }

  async function gitIn(directory: string, args: string[], input: string): Promise<string> {
    const child = spawn('git', args, { cwd: directory, stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(input);
    return (await text(child.stdout)).trim();
  }
});

describe('a damaged mirror', () => {
  const idx = (pack: string) => pack.replace(/pack$/, 'idx');
  const damages: [string, (objects: string, pack: string) => Promise<void>][] = [
    ['a truncated pack', (objects, pack) => truncate(join(objects, 'pack', pack), 1_000)],
    ['a truncated index', (objects, pack) => truncate(join(objects, 'pack', idx(pack)), 1_100)],
    ['a missing index', (objects, pack) => rm(join(objects, 'pack', idx(pack)))],
    ['a missing pack', (objects, pack) => rm(join(objects, 'pack', pack))],
    ['missing objects', (objects) => rm(objects, { recursive: true })],
    ['flipped bytes in the middle', flipBytes],
  ];

  async function flipBytes(objects: string, pack: string): Promise<void> {
    const path = join(objects, 'pack', pack);
    const bytes = await readFile(path);
    const middle = bytes.length >> 1;
    bytes.fill(bytes.readUInt8(middle) ^ 0xff, middle, middle + 64);
    await rm(path);
    await writeFile(path, bytes);
  }

  it.each(damages)(
    'with %s is made whole again, and no commit of an issue is lost',
    async (_name, damage) => {
      const objects = join(world.mirror, 'objects');
      const head = await keepOneUnpushed('DXTR-1');
      const [pack = ''] = await packsOf(objects);
      await damage(objects, pack);

      await using second = await world.open('DXTR-2');
      expect(second.warnings.length, 'it is said').toBeGreaterThan(0);
      expect(second.checkout.mirror).toBe(objects);
      expect(await git(second.checkout.directory, 'fsck', '--full')).toBe('');
      expect(await git(second.checkout.directory, 'status', '--porcelain')).toBe('');

      world.sent = 0;
      await using first = await world.open('DXTR-1');
      expect(first.warnings).toEqual([]);
      expect(world.sent, 'it was fetched once').toBeLessThan(noObjects);
      expect(await git(first.checkout.directory, 'rev-parse', 'refs/dexter/unpushed/c')).toBe(head);
      expect(await git(first.checkout.directory, 'fsck', '--full')).toBe('');
    },
  );

  it('that cannot be mended costs the run its own fetch, not its work', async () => {
    await mkdir(world.workspace);
    await writeFile(join(world.workspace, 'mirrors'), 'a file in its place');
    await using run = await world.open('DXTR-1');
    expect(run.warnings.at(-1)).toContain('a history of its own');
    expect(run.checkout.mirror).toBeUndefined();
    await writeFile(join(run.checkout.directory, 'mine.txt'), 'mine\n');
    const head = await commitAndPush(run, 'DXTR-1');
    expect(await git(world.repository.path, 'rev-parse', 'dexter/DXTR-1')).toBe(head);
  });

  it('leaves a checkout, when it is usable again, with nothing that it can borrow', async () => {
    await (await world.open('DXTR-1', { withMirror: false }))[Symbol.asyncDispose]();
    await using run = await world.open('DXTR-1');
    expect(await packsOf(objectsIn(run))).toEqual([]);
    expect(await git(run.checkout.directory, 'fsck', '--full')).toBe('');
  });

  it('that is gone leaves the checkout a history of its own', async () => {
    await keepOneUnpushed('DXTR-1');
    await rm(world.mirror, { recursive: true });
    await using run = await world.open('DXTR-1', { withMirror: false });
    expect(await git(run.checkout.directory, 'fsck', '--full')).toBe('');
    expect(await packsOf(objectsIn(run))).toHaveLength(1);
  });
});

describe('commits that could not be pushed outlive', () => {
  const kept = (run: IssueRun) => git(run.checkout.directory, 'rev-parse', 'refs/dexter/unpushed/c');

  it.each(['pack-objects', 'update-ref'])(
    'a disk that is full at `git %s`, whatever is tried',
    async (command) => {
      const head = await keepOneUnpushed('DXTR-1');
      const bin = join(world.directory, 'bin');
      await mkdir(bin);
      const path = `${bin}:${process.env.PATH}`;
      const script = `#!/bin/sh
if [ "$1" = ${command} ]; then echo 'fatal: write error: No space left on device' >&2; exit 128; fi
PATH='${process.env.PATH}' exec git "$@"
`;
      await writeFile(join(bin, 'git'), script, { mode: 0o700 });
      await expect(world.open('DXTR-1', { path })).rejects.toThrow(/No space left on device/);
      await using run = await world.open('DXTR-1');
      expect(run.warnings).toEqual([]);
      expect(await kept(run)).toBe(head);
      expect(await git(run.checkout.directory, 'fsck', '--full', '--no-dangling')).toBe('');
    },
  );

  it('a branch that this disk cannot hold: it is said, and nothing else is tried for long', async () => {
    const head = await keepOneUnpushed('DXTR-1');
    const before = await git(world.repository.path, 'rev-parse', 'main');
    const blob = await git(world.repository.path, 'rev-parse', 'main:.gitignore');
    const tree = await mktree(`100644 blob ${blob}\t${'long'.repeat(80)}\n`);
    const commit = await git(world.repository.path, 'commit-tree', tree, '-p', before, '-m', 'long');
    await git(world.repository.path, 'update-ref', 'refs/heads/main', commit);
    await expect(world.open('DXTR-1')).rejects.toThrow(/File name too long/);
    await git(world.repository.path, 'update-ref', 'refs/heads/main', before);
    await using run = await world.open('DXTR-1');
    expect(await kept(run)).toBe(head);
    expect(await git(run.checkout.directory, 'fsck', '--full', '--no-dangling')).toBe('');
  });

  it('own objects that are damaged, when the server still has what is broken', async () => {
    await (await world.open('DXTR-1', { withMirror: false }))[Symbol.asyncDispose]();
    const head = await keepOneUnpushed('DXTR-1', { withMirror: false });
    const objects = join(workPath(world.workspace, refOf('DXTR-1')), 'checkout/.git/objects');
    const [pack = ''] = await packsOf(objects);
    await truncate(join(objects, 'pack', pack), 1_000);
    await using run = await world.open('DXTR-1', { withMirror: false });
    expect(await kept(run)).toBe(head);
    expect(await git(run.checkout.directory, 'fsck', '--full', '--no-dangling')).toBe('');
  });

  async function mktree(entries: string): Promise<string> {
    const child = spawn('git', ['mktree'], {
      cwd: world.repository.path,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(entries);
    return (await text(child.stdout)).trim();
  }
});

describe('runs at the same time', () => {
  it('of several issues fetch the history once: who waited takes what is there', async () => {
    const runs = ['DXTR-1', 'DXTR-2', 'DXTR-3'].map((key) => startRun(key));
    const start = await git(world.repository.path, 'rev-parse', 'main');
    for (const { exited, said } of runs) {
      expect(await exited).toEqual([0, null]);
      expect(JSON.parse(await said)).toEqual({ start, warnings: [] });
    }
    expect(await packsOf(join(world.mirror, 'objects'))).toHaveLength(1);
    expect(world.sent).toBeLessThan(2 * historyBytes);
    expect(await readdir(join(world.workspace, 'mirrors')), 'no lock is left').toEqual(['1-20.git']);
  });

  it('go on while the mirror that they borrow from is mended by another one', async () => {
    await using run = await world.open('DXTR-1');
    const [pack = ''] = await packsOf(join(world.mirror, 'objects'));
    await truncate(join(world.mirror, 'objects/pack', pack), 1_000);
    const other = startRun('DXTR-2');
    expect(await other.exited).toEqual([0, null]);
    expect(JSON.parse(await other.said).warnings).toHaveLength(1);
    await writeFile(join(run.checkout.directory, 'mine.txt'), 'mine\n');
    const head = await commitAndPush(run, 'DXTR-1');
    expect(await git(world.repository.path, 'rev-parse', 'dexter/DXTR-1')).toBe(head);
  });

  it.each([noObjects, historyBytes / 2])(
    'that are killed after %i bytes of a fetch leave nothing that stops the next one',
    async (stopsAfter) => {
      world.stopsAfter = stopsAfter;
      const { child, exited } = startRun('DXTR-1');
      await until(() => world.stopped > 0);
      child.kill('SIGKILL');
      await exited;
      expect(await readdir(join(world.workspace, 'mirrors')), 'its lock').toContain('1-20.git.lock');
      world.stopsAfter = undefined;
      await using run = await world.open('DXTR-2');
      expect(run.warnings).toEqual([]);
      expect(await git(run.checkout.directory, 'fsck', '--full')).toBe('');
      await using same = await world.open('DXTR-1');
      expect(same.checkout.start).toBe(run.checkout.start);
    },
  );

  it('that are killed at any moment lose no commit that could not be pushed', async () => {
    const head = await keepOneUnpushed('DXTR-1');
    for (let index = 0; index < 4; index += 1) {
      const { child, exited } = startRun('DXTR-1');
      // Another moment of the preparation each time, however fast this machine is.
      await until(() => child.exitCode !== null || Math.random() < 0.01 * (index + 1), 30_000);
      child.kill('SIGKILL');
      await exited;
    }
    await using run = await world.open('DXTR-1');
    expect(await git(run.checkout.directory, 'rev-parse', 'refs/dexter/unpushed/c')).toBe(head);
    expect(await git(run.checkout.directory, 'fsck', '--full')).toBe('');
  });
});

describe('an agent that tampers with its .git', () => {
  it('gets what it left there neither into its own next run nor into the one of another issue', async () => {
    const canary = join(world.directory, 'canary');
    const theirs = await keepOneUnpushed('DXTR-2');
    const theirCheckout = join(workOf('DXTR-2'), 'checkout');
    {
      await using run = await world.open('DXTR-1');
      const repository = join(run.checkout.directory, '.git');
      await writeFile(join(repository, 'objects/info/alternates'), `${theirCheckout}/.git/objects\n`);
      await mkdir(join(repository, 'hooks'), { recursive: true });
      for (const hook of ['post-checkout', 'reference-transaction', 'pre-push', 'pre-commit'])
        await writeFile(join(repository, 'hooks', hook), `#!/bin/sh\ntouch ${canary}\n`, { mode: 0o755 });
      const config = `[core]\n\tfsmonitor = touch ${canary}\n[filter "evil"]\n\tclean = touch ${canary}\n\tsmudge = touch ${canary}\n`;
      await writeFile(join(repository, 'config'), config, { flag: 'a' });
      await mkdir(join(repository, 'info'), { recursive: true });
      await writeFile(join(repository, 'info/attributes'), '* filter=evil\n');
      // What git does here reaches neither the refs nor the objects of another issue.
      const asAgent = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];
      await git(run.checkout.directory, ...asAgent, 'update-ref', 'refs/heads/dexter/DXTR-2', 'HEAD');
      await git(run.checkout.directory, ...asAgent, 'update-ref', '-d', 'refs/dexter/unpushed/c');
      await git(run.checkout.directory, ...asAgent, 'prune', '--expire=now').catch(() => '');
      await writeFile(join(run.checkout.directory, 'mine.txt'), 'mine\n');
      await rm(canary, { force: true });
      await commitAndPush(run, 'DXTR-1');
      expect(await alternatesOf(run)).toBe(`${join(world.mirror, 'objects')}\n`);
    }
    for (const key of ['DXTR-1', 'DXTR-2']) {
      await using run = await world.open(key);
      expect(run.warnings).toEqual([]);
      expect(await alternatesOf(run)).toBe(`${join(world.mirror, 'objects')}\n`);
      expect(await readFile(join(run.checkout.directory, '.git/config'), 'utf8')).not.toMatch(/touch/);
      await expect(readdir(join(run.checkout.directory, '.git/hooks'))).rejects.toThrow();
      expect(await git(run.checkout.directory, 'fsck', '--full', '--no-dangling')).toBe('');
      if (key === 'DXTR-2')
        expect(await git(run.checkout.directory, 'rev-parse', 'refs/dexter/unpushed/c')).toBe(theirs);
    }
    await expect(readFile(canary), 'nothing of it was run').rejects.toThrow();
  });

  it('finds nothing believed that leads elsewhere from the mirror', async () => {
    const canary = join(world.directory, 'canary');
    await (await world.open('DXTR-1'))[Symbol.asyncDispose]();
    await mkdir(join(world.mirror, 'hooks'));
    const hook = join(world.mirror, 'hooks/reference-transaction');
    await writeFile(hook, `#!/bin/sh\ntouch ${canary}\n`, { mode: 0o755 });
    await writeFile(join(world.mirror, 'config'), `[core]\n\tfsmonitor = touch ${canary}\n`, { flag: 'a' });
    await mkdir(join(world.mirror, 'objects/info'), { recursive: true });
    await writeFile(join(world.mirror, 'objects/info/alternates'), '/elsewhere\n');
    await writeFile(join(world.mirror, 'commondir'), world.directory);
    await world.repository.commit('main', { 'new.txt': 'x' });
    await using run = await world.open('DXTR-2');
    expect(run.warnings).toEqual([]);
    expect((await readdir(world.mirror)).sort()).toEqual(['HEAD', 'config', 'objects', 'packs', 'refs']);
    expect(await readdir(join(world.mirror, 'objects'))).toEqual(['pack']);
    expect(await readFile(join(world.mirror, 'config'), 'utf8')).not.toContain('touch');
    await expect(readFile(canary)).rejects.toThrow();
  });

  it.each(['objects', 'objects/pack', 'objects/info'])(
    'has git write nowhere else through a link in the place of %s',
    async (name) => {
      const elsewhere = join(world.directory, 'elsewhere');
      await mkdir(elsewhere);
      await keepOneUnpushed('DXTR-1');
      const path = join(workOf('DXTR-1'), 'checkout/.git', name);
      await rename(path, join(world.directory, 'moved'));
      await symlink(elsewhere, path);
      await using run = await world.open('DXTR-1');
      await writeFile(join(run.checkout.directory, 'more.txt'), 'more\n');
      await commitAndPush(run, 'DXTR-1');
      expect(await readdir(elsewhere)).toEqual([]);
    },
  );

  const workOf = (issueKey: string) => workPath(world.workspace, refOf(issueKey));
});

/** A run that could not push its commit. */
async function keepOneUnpushed(issueKey: string, options?: OpenOptions): Promise<string> {
  await using run = await world.open(issueKey, options);
  await writeFile(join(run.checkout.directory, 'mine.txt'), `${issueKey}\n`);
  const { head } = await commitChanges(run.checkout, jobOf(issueKey), committer, run.directory.home);
  await keepUnpushed(run.checkout, head, 'c');
  return head;
}

/** A run in a process of its own. */
function startRun(issueKey: string) {
  const { workspace, temporary, url } = world;
  const given = JSON.stringify({ workspace, temporary, url, issueKey });
  const child = spawn(process.execPath, [join(import.meta.dirname, 'run-issue.ts'), given], {
    cwd: temporary,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return { child, exited: once(child, 'exit'), said: text(child.stdout) };
}
