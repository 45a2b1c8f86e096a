import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatKey } from '../../src/stores/actions-cache/entry-key.ts';
import { installationsIn, openStore } from '../../src/stores/open-store.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

describe('openStore', () => {
  it('opens each store by its name', async () => {
    await using directory = await temporaryDirectory();
    const options = { env: {}, temporaryDirectory: directory.path, attempt: 1 };
    const stores = await Promise.all([
      openStore({ name: 'workspace', root: directory.path }),
      openStore({ name: 's3', bucket: 'sessions', region: 'eu-central-1' }),
      openStore({ name: 'actions-cache', ...options }),
    ]);
    for (const store of stores) expect(store).toMatchObject({ read: expect.any(Function) });
  });
});

describe('installationsIn', () => {
  it('finds the folders of a workspace that are ids', async () => {
    await using directory = await temporaryDirectory();
    const config = { name: 'workspace' as const, root: directory.path };
    expect(await installationsIn(config)).toEqual([]);
    for (const name of ['12', '0', '7', '007', 'x', '.tmp']) {
      await mkdir(join(directory.path, 'sessions', name), { recursive: true });
    }
    await writeFile(join(directory.path, 'sessions', '99'), '');
    expect(await installationsIn(config)).toEqual([0, 7, 12]);
  });

  it('says what keeps it from looking into a workspace', async () => {
    await using directory = await temporaryDirectory();
    await writeFile(join(directory.path, 'sessions'), '');
    await expect(installationsIn({ name: 'workspace', root: directory.path })).rejects.toMatchObject({
      code: 'session-unreadable',
    });
  });

  it("finds each installation once in the keys of the Actions cache, and passes over others' keys", async () => {
    const keyOf = (installationId: number, generation: number) =>
      formatKey({
        ref: { installationId, repositoryId: 20, issueKey: 'DXTR-1' },
        generation,
        attempt: 1,
      });
    const keys = [keyOf(8, 1), keyOf(8, 2), keyOf(3, 1), 'dexter-v1-something-else'];
    const entries = {
      list: async () => keys.map((key, id) => ({ id, key, bytes: 1, createdAt: new Date(0) })),
      remove: async () => undefined,
    };
    const config = {
      name: 'actions-cache' as const,
      env: {},
      temporaryDirectory: '/tmp',
      attempt: 1,
      entries,
    };
    expect(await installationsIn(config)).toEqual([3, 8]);
  });
});
