import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { workspaceStore } from '../../src/stores/workspace.ts';
import { archiveOf, newestText, sessionStoreContract } from '../contracts/session-store.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

sessionStoreContract('the workspace store', async () => {
  const directory = await temporaryDirectory();
  return { store: workspaceStore({ root: directory.path }), cleanUp: directory.remove };
});

const ref = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };

async function sessionDirectory(root: string): Promise<string> {
  const repository = join(root, 'sessions', '1', '20');
  const [key = ''] = await readdir(repository);
  return join(repository, key);
}

describe('workspaceStore', () => {
  it('keeps the three newest generations', async () => {
    await using root = await temporaryDirectory();
    const store = workspaceStore({ root: root.path });
    for (const generation of [1, 2, 3, 4, 5]) await store.write(ref, generation, archiveOf('x'));
    expect((await readdir(await sessionDirectory(root.path))).sort()).toEqual([
      'gen-000003.dxs',
      'gen-000004.dxs',
      'gen-000005.dxs',
      'ref.json',
    ]);
  });

  it('goes on after generation 999999', async () => {
    await using root = await temporaryDirectory();
    const store = workspaceStore({ root: root.path });
    await store.write(ref, 1, archiveOf('x'));
    await writeFile(join(await sessionDirectory(root.path), 'gen-999999.dxs'), 'old');
    expect(await store.write(ref, 1_000_000, archiveOf('new'))).toMatchObject({ outcome: 'saved' });
    expect(await newestText(store)).toBe('new');
  });

  it('lets nobody else read them', async () => {
    await using root = await temporaryDirectory();
    await workspaceStore({ root: root.path }).write(ref, 1, archiveOf('x'));
    const directory = await sessionDirectory(root.path);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(directory)) {
      expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
    }
  });

  it('reads past what a writer that died left behind, and clears it away later', async () => {
    await using root = await temporaryDirectory();
    const store = workspaceStore({ root: root.path });
    await store.write(ref, 1, archiveOf('one'));
    const directory = await sessionDirectory(root.path);
    const abandoned = join(directory, '.writing-1');
    await writeFile(abandoned, 'half an arch');
    await writeFile(join(directory, 'gen-000002.dxs.tmp'), 'not ours');
    expect(await newestText(store)).toBe('one');
    await store.write(ref, 2, archiveOf('two'));
    expect(await readdir(directory)).toContain('.writing-1');
    const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
    await utimes(abandoned, longAgo, longAgo);
    await store.write(ref, 3, archiveOf('three'));
    expect(await readdir(directory)).not.toContain('.writing-1');
  });

  it('leaves no temporary file when an archive breaks off', async () => {
    await using root = await temporaryDirectory();
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new Error('gone')),
    });
    await expect(workspaceStore({ root: root.path }).write(ref, 1, broken)).rejects.toMatchObject({
      code: 'session-not-saved',
      message: expect.stringContaining('gone'),
    });
    expect(await readdir(await sessionDirectory(root.path))).toEqual(['ref.json']);
  });

  it('names the session in its directory', async () => {
    await using root = await temporaryDirectory();
    await workspaceStore({ root: root.path }).write(ref, 1, archiveOf('x'));
    const named = await readFile(join(await sessionDirectory(root.path), 'ref.json'), 'utf8');
    expect(JSON.parse(named)).toEqual(ref);
  });

  it('lists what it can, and names at the end what is damaged', async () => {
    await using root = await temporaryDirectory();
    const store = workspaceStore({ root: root.path });
    const other = { ...ref, issueKey: 'DXTR-9' };
    await store.write(ref, 1, archiveOf('one'));
    await writeFile(join(await sessionDirectory(root.path), 'ref.json'), '{"installationId":');
    await store.write(other, 1, archiveOf('two'));
    const listed: unknown[] = [];
    const all = async () => {
      for await (const each of store.list(1)) listed.push(each.ref);
    };
    await expect(all()).rejects.toMatchObject({ code: 'session-unreadable', message: /does not say whose/ });
    expect(listed).toEqual([other]);
  });

  it('says that it cannot be read, instead of missing', async () => {
    await using root = await temporaryDirectory();
    const store = workspaceStore({ root: root.path });
    await store.write(ref, 1, archiveOf('x'));
    const directory = await sessionDirectory(root.path);
    // A file where the directory was: permissions would not stop a test that runs as root.
    await rm(directory, { recursive: true });
    await writeFile(directory, '');
    await expect(store.read(ref)).rejects.toMatchObject({ code: 'session-unreadable' });
    await expect(store.write(ref, 1, archiveOf('x'))).rejects.toMatchObject({ code: 'session-not-saved' });
    await rm(directory);
    await mkdir(directory);
    expect(await store.read(ref)).toEqual({ outcome: 'miss' });
  });
});
