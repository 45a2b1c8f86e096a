import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ownMasterKeys } from '../../src/sessions/master-keys.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  temporary = await temporaryDirectory();
});
afterEach(() => temporary.remove());

it('makes a key at the first start and keeps it, for nobody else to read', async () => {
  const made = await ownMasterKeys(temporary.path);
  expect(await ownMasterKeys(temporary.path)).toEqual(made);
  expect((await stat(join(temporary.path, 'session-key'))).mode & 0o777).toBe(0o600);
});

it('gives one key to processes that start at once', async () => {
  const made = await Promise.all([1, 2, 3, 4].map(() => ownMasterKeys(temporary.path)));
  expect(new Set(made.map(({ current }) => current)).size).toBe(1);
  expect(await readdir(temporary.path)).toEqual(['session-key']);
});

it('refuses a file that holds something else, and leaves it alone', async () => {
  const path = join(temporary.path, 'session-key');
  await writeFile(path, 'half a key');
  await expect(ownMasterKeys(temporary.path)).rejects.toMatchObject({ code: 'config-invalid' });
  expect(await readFile(path, 'utf8')).toBe('half a key');
});
