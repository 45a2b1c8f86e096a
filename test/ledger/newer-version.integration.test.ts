import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../src/ledger/database.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeEach(async () => {
  directory = await temporaryDirectory();
});

afterEach(() => directory.remove());

const open = () => openDatabase({ directory: join(directory.path, 'database') });

it('opens again, and is as it should be, after a newer version has added to its tables', async () => {
  const first = await open();
  expect(await first.isMigrated()).toBe(true);
  await first.executeSql("insert into kysely_migration values ('9999-newer', '2030-01-01T00:00:00.000Z')");
  await first.executeSql("alter table commands add column added_later text default 'x'");
  expect(await first.isMigrated()).toBe(true);
  await first.close();
  const again = await open();
  try {
    expect(await again.isMigrated()).toBe(true);
    expect((await again.executeSql('select name from kysely_migration')).rows).toContainEqual({
      name: '9999-newer',
    });
  } finally {
    await again.close();
  }
});

it('says that it is not as it should be when a migration is missing', async () => {
  const database = await open();
  try {
    await database.executeSql("delete from kysely_migration where name like '0002%'");
    expect(await database.isMigrated()).toBe(false);
  } finally {
    await database.close();
  }
});
