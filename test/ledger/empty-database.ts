import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

/** Where workers find what is copied. */
const variable = 'TEST_EMPTY_DATABASE';

/** Before the first test: makes an embedded database, which takes seconds, so that those of the tests can be copies of it. */
export default async function setUp(): Promise<() => Promise<void>> {
  const directory = await temporaryDirectory();
  const path = join(directory.path, 'database');
  const pglite = await PGlite.create(path);
  await pglite.close();
  process.env[variable] = path;
  return async () => {
    delete process.env[variable];
    await directory.remove();
  };
}

/** Puts an empty database where the app is going to open one, unless it is there or nothing was made to be copied. */
export function beginWithEmptyDatabase(dataDirectory: string): void {
  const made = process.env[variable];
  const path = join(dataDirectory, 'database');
  if (made !== undefined && !existsSync(path)) cpSync(made, path, { recursive: true });
}
