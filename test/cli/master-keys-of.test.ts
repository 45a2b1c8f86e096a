import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { masterKeysOf } from '../../src/cli/master-keys-of.ts';
import { newMasterKey } from '../../src/core/session-key.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const [first, second, third] = [newMasterKey(), newMasterKey(), newMasterKey()];

describe('masterKeysOf', () => {
  it('reads the keys of the environment, the current one not twice', async () => {
    const env = { DEXTER_SESSION_KEY: first, DEXTER_SESSION_KEY_PREVIOUS: ` ${second}, ${first},${third},` };
    expect(await masterKeysOf(env)).toEqual({ current: first, previous: [second, third] });
  });

  it("reads the app's own key, and never makes one", async () => {
    await using data = await temporaryDirectory();
    expect(await masterKeysOf({ DEXTER_DATA: data.path })).toBeUndefined();
    expect(await readdir(data.path)).toEqual([]);
    await writeFile(join(data.path, 'session-key'), `${first}\n`);
    expect(await masterKeysOf({ DEXTER_DATA: data.path })).toEqual({ current: first, previous: [] });
  });

  it.each([
    [{ DEXTER_SESSION_KEY: 'dxk1_hunter2' }, 'DEXTER_SESSION_KEY must be a key that `dexter key new` made.'],
    [
      { DEXTER_SESSION_KEY: first, DEXTER_SESSION_KEY_PREVIOUS: `${second};hunter2` },
      'DEXTER_SESSION_KEY_PREVIOUS must be keys that `dexter key new` made, at most 8, with commas between them.',
    ],
    [
      { DEXTER_SESSION_KEY_PREVIOUS: second },
      'DEXTER_SESSION_KEY_PREVIOUS is set and DEXTER_SESSION_KEY is not.',
    ],
  ])('refuses wrong keys without repeating them', async (env, message) => {
    await expect(masterKeysOf(env)).rejects.toMatchObject({ code: 'config-invalid', message });
  });

  it('refuses a file that holds something else', async () => {
    await using data = await temporaryDirectory();
    await writeFile(join(data.path, 'session-key'), 'hunter2');
    const error = await masterKeysOf({ DEXTER_DATA: data.path }).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'config-invalid', message: expect.not.stringContaining('hunter2') });
  });
});
