import { afterAll, beforeAll, expect, it } from 'vitest';
import { stepsOf } from '../../src/dashboard/pages/timeline.ts';
import { commandDetail } from '../../src/ledger/command-detail.ts';
import { insertCommand, markPublished } from '../../src/ledger/commands.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { factsOfLedger } from '../../src/ledger/facts.ts';

const ids = ['abcdef12-0000-4000-8000-000000000001', 'abcdef12-0000-4000-8000-000000000002'] as const;
const [id, other] = ids;
const at = (second: number) => new Date(Date.UTC(2026, 4, 4, 3, 2, second));

let database: Database;

beforeAll(async () => {
  database = await openDatabase({ directory: 'memory://' });
  const db = database.kysely;
  for (const one of ids)
    await insertCommand(db, {
      id: one,
      dedupeKey: one,
      origin: { kind: 'retention' },
      actor: { from: 'dexter' },
      issueKey: 'SHOP-1',
      queueKey: 'SHOP-1',
      claimedText: null,
    });
  await db
    .updateTable('commands')
    .set({
      status: 'done',
      created_at: at(0),
      seen_at: at(1),
      started_at: at(2),
      ended_at: at(6),
      published_at: at(8),
    })
    .where('id', '=', id)
    .execute();
  await db
    .insertInto('runs')
    .values({
      command_id: id,
      job: '{}',
      created_at: at(3),
      dispatched_at: at(4),
      claimed_at: at(5),
      progress_at: at(7),
    })
    .execute();
});

afterAll(() => database.close());

it('says that telling the end was given up, and why', async () => {
  await markPublished(database.kysely, other, 'The issue is locked.');
  const [found] = await factsOfLedger(database.kysely).commandsMeant(other);
  expect(found?.timeline.at(-1)?.what).toBe('untold');
  expect(found?.untold).toBe('The issue is locked.');
});

it('tells of each step of a command when it was, as the page of the command does', async () => {
  const [found] = await factsOfLedger(database.kysely).commandsMeant(id);
  expect(found?.timeline.map(({ what }) => what)).toEqual([
    'received',
    'seen',
    'begun',
    'planned',
    'dispatched',
    'claimed',
    'ended',
    'progress',
    'told',
  ]);
  const detail = await commandDetail(database.kysely, 'all', id);
  if (!detail) throw new Error('There is no command.');
  expect(stepsOf(detail).map((step) => step.at?.toISOString())).toEqual(
    found?.timeline.map((step) => step.at),
  );
});

it.each([
  ['abcdef', 2],
  ['ABCDEF12-0000', 2],
  [id, 1],
  [id.replaceAll('-', ''), 1],
  ['abcde', 0],
  ['abcdee', 0],
  ['------', 0],
  [`${'-'.repeat(35)}a`, 0],
  ['abcdef------------------------------', 2],
  [`${id}0`, 0],
])('%s is the beginning of the ids of %i commands', async (meant, commands) => {
  expect(await factsOfLedger(database.kysely).commandsMeant(meant)).toHaveLength(commands);
});
