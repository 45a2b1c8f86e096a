import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory that is removed at the end: `await using directory = await temporaryDirectory()`. */
export async function temporaryDirectory() {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'dexter-test-')));
  const remove = () => rm(path, { recursive: true, force: true });
  return { path, remove, [Symbol.asyncDispose]: remove };
}
