import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { IssueKey } from '../../src/core/issue-key.ts';
import { changeMark } from '../../src/ledger/change-mark.ts';
import { endCommand, insertCommand, moveCommand } from '../../src/ledger/commands.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { claimRun, insertRun, keepProgress } from '../../src/ledger/runs.ts';

let database: Database;
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory://' });
});
afterAll(() => database?.close());

const issueKey = IssueKey.parse('SHOP-42');

async function newCommand(repositoryId: number): Promise<string> {
  const id = randomUUID();
  await insertCommand(database.kysely, {
    id,
    dedupeKey: id,
    origin: { kind: 'jira-comment', connection: 'acme', issueKey, commentId: '1' },
    actor: { from: 'jira', accountId: '1', displayName: 'Maria' },
    issueKey,
    queueKey: issueKey,
    installationId: 5,
    repository: { id: repositoryId, owner: 'acme', name: 'shop' },
    claimedText: 'do it',
    ask: { kind: 'instruction', instruction: 'do it', flags: {} },
  });
  return id;
}

it('is another one after each step of a command, and the same where nothing happened', async () => {
  const db = database.kysely;
  const marks = [await changeMark(db, [1])];
  const note = async () => {
    marks.push(await changeMark(db, [1]));
    expect(await changeMark(db, [1])).toBe(marks.at(-1));
  };
  const id = await newCommand(1);
  await note();
  await moveCommand(db, id, 'preparing');
  await note();
  await insertRun(db, id, {
    commandId: id,
    issueKey,
    instruction: 'do it',
    context: '',
    session: { installationId: 5, repositoryId: 1, mode: 'fresh', generation: 0 },
    target: { branch: 'b', base: '', title: 't', ticketUrl: '', requestedBy: '' },
    appUrl: '',
  });
  await claimRun(db, id, { claimant: randomUUID(), runUrl: 'http://runs.example/1' });
  await moveCommand(db, id, 'running');
  await note();
  for (const step of ['reads', 'writes']) {
    await keepProgress(db, id, 1, { step, turns: 1, lines: [], costUsd: 0.01 });
    await note();
  }
  await endCommand(db, id, { status: 'done' });
  await note();
  expect(marks.map((mark, index) => marks.indexOf(mark) - index)).toEqual(marks.map(() => 0));
});

it('does not tell what happens where somebody may not look', async () => {
  const db = database.kysely;
  const [mine, nobodys, all] = [
    await changeMark(db, [2]),
    await changeMark(db, []),
    await changeMark(db, 'all'),
  ];
  const id = await newCommand(3);
  await moveCommand(db, id, 'preparing');
  expect(await changeMark(db, [2])).toBe(mine);
  expect(await changeMark(db, [])).toBe(nobodys);
  expect(await changeMark(db, 'all')).not.toBe(all);
  expect(await changeMark(db, [2, 3])).not.toBe(mine);
});
