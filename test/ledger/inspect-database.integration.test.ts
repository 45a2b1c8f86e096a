import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/ledger/database.ts';
import { inspectEmbedded, inspectPostgres } from '../../src/ledger/inspect-database.ts';
import { migrations } from '../../src/ledger/migrations.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { startPgliteServer } from './pglite-server.ts';

it("tells of Postgres's tables what is missing and what is unknown, and makes none", async () => {
  const server = await startPgliteServer();
  try {
    const all = Object.keys(migrations);
    const rights = { outcome: 'postgres', mayMakeTables: true, mayMakeSchemas: true };
    expect(await inspectPostgres(server.url)).toEqual({ ...rights, pending: all, unknown: [] });
    // Once more: the first look has changed nothing.
    expect(await inspectPostgres(server.url)).toEqual({ ...rights, pending: all, unknown: [] });
    const database = await openDatabase({ url: server.url, directory: '' });
    try {
      expect(await inspectPostgres(server.url)).toEqual({ ...rights, pending: [], unknown: [] });
      await sql`insert into kysely_migration (name, timestamp) values ('9999-later', 'now')`.execute(
        database.kysely,
      );
      expect(await inspectPostgres(server.url)).toMatchObject({ pending: [], unknown: ['9999-later'] });
    } finally {
      await database.close();
    }
  } finally {
    await server.close();
  }
  expect(await inspectPostgres(server.url)).toMatchObject({
    outcome: 'unreachable',
    reason: expect.stringContaining('ECONNREFUSED'),
  });
});

it('tells whether an embedded database is there and in use, and leaves its directory as it is', async () => {
  await using place = await temporaryDirectory();
  const directory = join(place.path, 'database');
  expect(await inspectEmbedded(directory)).toEqual({ outcome: 'embedded', isThere: false, isInUse: false });
  const database = await openDatabase({ directory });
  try {
    expect(await inspectEmbedded(directory)).toEqual({ outcome: 'embedded', isThere: true, isInUse: true });
  } finally {
    await database.close();
  }
  expect(await inspectEmbedded(directory)).toEqual({ outcome: 'embedded', isThere: true, isInUse: false });

  const other = join(place.path, 'other');
  await mkdir(other);
  expect(await inspectEmbedded(other)).toMatchObject({ isThere: false });
  await writeFile(join(other, 'letter.txt'), '');
  expect(await inspectEmbedded(other)).toMatchObject({
    outcome: 'foreign',
    reason: expect.stringContaining(other),
  });
  expect(await inspectEmbedded(join(other, 'letter.txt'))).toMatchObject({ outcome: 'foreign' });
  expect((await readdir(place.path)).toSorted()).toEqual(['database', 'database.lock', 'other']);
});
