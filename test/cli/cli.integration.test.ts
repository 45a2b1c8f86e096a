import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSession } from '../../src/cli/open-session.ts';
import type { SessionRef } from '../../src/core/session.ts';
import { type MasterKeys, newMasterKey } from '../../src/core/session-key.ts';
import { workspaceStore } from '../../src/stores/workspace.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { dexterIn } from './dexter-process.ts';
import { keep, refOf } from './kept-sessions.ts';

const day = 24 * 60 * 60 * 1000;

let place: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeEach(async () => {
  place = await temporaryDirectory();
  await mkdir(join(place.path, 'tmp'));
});

afterEach(() => place.remove());

/** Everything that a process of ours may know: nothing of the environment of this one. */
const environment = () => ({
  PATH: process.env.PATH,
  HOME: place.path,
  TMPDIR: join(place.path, 'tmp'),
  DEXTER_DATA: join(place.path, 'data'),
});

const dexter = (args: string[], env: Record<string, string> = {}) =>
  dexterIn(place.path, args, { ...environment(), ...env });

const workspace = () => join(place.path, 'data', 'workspace');
const store = () => workspaceStore({ root: workspace() });

function keysOf(key = newMasterKey()): MasterKeys {
  return { current: key, previous: [] };
}

async function outcomeWith(keys: MasterKeys, ref: SessionRef): Promise<string> {
  await using directory = await temporaryDirectory();
  return (await openSession(store(), keys, ref, directory.path)).outcome;
}

/** Makes the files of a session look as if they had been written so long ago. */
async function makeOld(ref: SessionRef, ms: number): Promise<void> {
  const repository = join(workspace(), 'sessions', String(ref.installationId), String(ref.repositoryId));
  const when = new Date(Date.now() - ms);
  for (const entry of await readdir(repository, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), when, when);
  }
}

describe('dexter session', () => {
  it('lists, shows, removes and clears up', async () => {
    const key = newMasterKey();
    const [first, second, old] = [refOf('DXTR-1'), refOf('DXTR-12'), refOf('DXTR-3', 1, 77)];
    for (const ref of [first, second, old]) await keep(store(), ref, keysOf(key));
    await makeOld(old, 40 * day);

    const listed = await dexter(['session', 'ls']);
    expect([listed.code, listed.stderr]).toEqual([0, '']);
    expect(listed.stdout).toMatch(
      /^ISSUE .*\n(?:DXTR-1 .*\nDXTR-12|DXTR-12 .*\nDXTR-1 ) .*\nDXTR-3 .* 40 days ago\n/,
    );

    const shown = await dexter(['session', 'show', 'DXTR-1', '--json'], { DEXTER_SESSION_KEY: key });
    expect([shown.code, shown.stderr]).toEqual([0, '']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ issueKey: 'DXTR-1', generation: 1, verified: true });

    const refused = await dexter(['session', 'rm', 'DXTR-1']);
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('--yes') });
    expect((await dexter(['session', 'rm', 'DXTR-1', '--yes'])).stdout).toContain('1 generation.');

    const dry = await dexter(['session', 'gc', '--older-than', '30d', '--dry-run']);
    expect(dry.stdout).toContain('1 session would be removed');
    const cleared = await dexter(['session', 'gc', '--older-than', '30d']);
    expect(cleared).toMatchObject({ code: 0, stdout: expect.stringContaining('Removed DXTR-3 ') });

    const left = await dexter(['session', 'ls', '--json']);
    expect(JSON.parse(left.stdout)).toEqual([expect.objectContaining(second)]);
    expect(await readdir(join(place.path, 'tmp'))).toEqual([]);
  });

  it('says with another key which key it takes, and holds no key itself', async () => {
    const ref = refOf('DXTR-1');
    await keep(store(), ref, keysOf());
    const other = newMasterKey();
    const shown = await dexter(['session', 'show', 'DXTR-1'], { DEXTER_SESSION_KEY: other });
    expect(shown.code).toBe(1);
    expect(shown.stdout).toContain('DXTR-1');
    expect(shown.stderr).toMatch(/sealed under a key that is not here \(its id is [0-9a-f]{16}\)/);
    expect(shown.stdout + shown.stderr).not.toContain(other);
  });

  it("opens with the app's own key when none is given, and makes none", async () => {
    const key = newMasterKey();
    await keep(store(), refOf('DXTR-1'), keysOf(key));
    const keyFile = join(place.path, 'data', 'session-key');
    expect(await dexter(['session', 'show', 'DXTR-1'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('no session key'),
    });
    await expect(access(keyFile)).rejects.toThrow('ENOENT');
    await writeFile(keyFile, `${key}\n`);
    expect(await dexter(['session', 'show', 'DXTR-1'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('tells wrong usage from what did not work by the exit code', async () => {
    expect(await dexter(['session', 'gc', '--older-than', 'soon'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('such as 30d'),
    });
    expect((await dexter(['session', 'ls', '--nonsense'])).code).toBe(2);
    expect((await dexter(['session', '--help'])).code).toBe(0);
    expect(await dexter(['session', 'ls'], { DEXTER_STORE: 's3' })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('--s3-bucket (or DEXTER_S3_BUCKET) is not set'),
    });
  });
});

describe('dexter key', () => {
  it('makes a new key each time, alone on standard output', async () => {
    const made = await Promise.all([dexter(['key', 'new']), dexter(['key', 'new'])]);
    for (const { code, stdout, stderr } of made) {
      expect(code).toBe(0);
      expect(stdout).toMatch(/^DEXTER_SESSION_KEY=dxk1_[A-Za-z0-9_-]{43}\n$/);
      expect(stderr).toContain('.env');
      expect(stderr).not.toContain('dxk1_');
    }
    expect(made[0]?.stdout).not.toBe(made[1]?.stdout);
  });

  it('rotates sessions from an old key to a new one, which then opens them alone', async () => {
    const [oldKey, newKey] = [newMasterKey(), newMasterKey()];
    const refs = ['DXTR-1', 'DXTR-2', 'DXTR-3', 'DXTR-4', 'gh-20-5', 'DXTR-6'].map((key, index) =>
      refOf(key, 1 + (index % 2)),
    );
    const [underOld, underNew] = [refs.slice(0, 4), refs.slice(4)];
    for (const ref of underOld) await keep(store(), ref, keysOf(oldKey));
    for (const ref of underNew) await keep(store(), ref, keysOf(newKey));
    const both = { current: newKey, previous: [oldKey] };
    for (const ref of refs) expect(await outcomeWith(both, ref)).toBe('opened');
    for (const ref of underOld) expect(await outcomeWith(keysOf(newKey), ref)).toBe('wrong-key');

    const steps = await dexter(['key', 'rotate'], { DEXTER_SESSION_KEY: oldKey });
    expect(steps).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('3. ') });

    const env = { DEXTER_SESSION_KEY: newKey, DEXTER_SESSION_KEY_PREVIOUS: oldKey };
    const rotated = await dexter(['key', 'rotate'], env);
    expect(rotated.code).toBe(0);
    expect(rotated.stdout).toContain('6 sessions: 4 rotated, 2 under the current key already');
    expect(rotated.stderr).toContain('DEXTER_SESSION_KEY_PREVIOUS can go');
    expect(rotated.stdout + rotated.stderr).not.toContain('dxk1_');

    for (const ref of refs) expect(await outcomeWith(keysOf(newKey), ref)).toBe('opened');
    for (const ref of refs) expect(await outcomeWith(keysOf(oldKey), ref)).toBe('wrong-key');
    expect((await dexter(['session', 'show', 'gh-20-5'], { DEXTER_SESSION_KEY: oldKey })).code).toBe(1);
    expect((await dexter(['session', 'show', 'DXTR-1'], { DEXTER_SESSION_KEY: newKey })).code).toBe(0);
    expect((await dexter(['key', 'rotate'], env)).stdout).toContain('6 sessions: 0 rotated, 6 under');
    expect(await readdir(join(place.path, 'tmp'))).toEqual([]);
  });
});

describe('a private directory', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('goes away with its process on %s', async (signal) => {
    const module = new URL('../../src/cli/private-directory.ts', import.meta.url);
    const script = `
      import { writeFile } from 'node:fs/promises';
      import { join } from 'node:path';
      const { withPrivateDirectory } = await import(${JSON.stringify(module.href)});
      await withPrivateDirectory(async (path) => {
        await writeFile(join(path, 'transcript'), 'x');
        console.log(path);
        await new Promise((resolve) => setTimeout(resolve, 40_000));
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: place.path,
      env: environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    try {
      const [line] = await once(child.stdout, 'data');
      const path = String(line).trim();
      expect((await stat(path)).mode & 0o777).toBe(0o700);
      child.kill(signal);
      expect(await ended).toEqual([null, signal]);
      await expect(access(path)).rejects.toThrow('ENOENT');
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  });
});
