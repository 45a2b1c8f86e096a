import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seeded, seedLedger } from '../../bench/observability/seed-ledger.ts';
import { sourceOf } from '../../src/core/command.ts';
import { isEnd } from '../../src/core/status.ts';
import type { Scope } from '../../src/core/viewer.ts';
import { commandDetail } from '../../src/ledger/command-detail.ts';
import {
  type CommandFilter,
  commandPage,
  commandRepositories,
  openByStatus,
  type PagePlace,
} from '../../src/ledger/command-pages.ts';
import { insertCommand } from '../../src/ledger/commands.ts';
import type { Database } from '../../src/ledger/database.ts';
import { issueDetail, type SessionPlace, sessionPage, sessionSums } from '../../src/ledger/session-pages.ts';

/** More than one way is walked for the first reach, so that the next one is tried too. */
const commands = 3_000;

const isAt = (row: { repository_id: number; issue_key: string }, place: SessionPlace | undefined) =>
  row.repository_id === place?.repositoryId && row.issue_key === place.issueKey;

interface Known {
  id: string;
  status: string;
  source: string;
  repositoryId: number | null;
  issueKey: string;
  person: string;
  words: string;
}

/** What pages of the ledger hold, in any database. */
export function commandPagesContract(name: string, open: () => Promise<Database>): void {
  describe(`the pages of the ledger in ${name}`, () => {
    let database: Database;
    /** Newest first. */
    let known: Known[];

    beforeAll(async () => {
      database = await open();
      await seedLedger(database.kysely, commands);
      const rows = await database.kysely
        .selectFrom('commands')
        .selectAll()
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .execute();
      known = rows.map(({ actor, ask, origin, ...row }) => ({
        id: row.id,
        status: row.status,
        source: sourceOf(origin),
        repositoryId: row.repository_id,
        issueKey: row.issue_key,
        person: actor.from === 'github' ? actor.login : actor.from === 'jira' ? actor.displayName : 'dexter',
        // Of very long ones the beginning is searched.
        words: `${(ask?.kind === 'control' ? ask.word : (ask?.instruction ?? '')).slice(0, 10_000)} ${'number' in origin ? origin.number : ''}`,
      }));
    }, 120_000);
    afterAll(() => database?.close());

    const sees = (scope: Scope) => (row: Known) =>
      scope === 'all' || (row.repositoryId !== null && scope.includes(row.repositoryId));

    /** All pages from the newest to the oldest, and then back. */
    async function walk(scope: Scope, filter: CommandFilter, limit: number) {
      const forth: string[] = [];
      let from: PagePlace | undefined;
      for (;;) {
        const page = await commandPage(database.kysely, scope, filter, limit, from);
        expect(page.hasNewer).toBe(from !== undefined);
        forth.push(...page.commands.map(({ id }) => id));
        const last = page.commands.at(-1);
        if (!page.hasOlder || !last) break;
        from = { side: 'after', place: last.place };
      }
      const back: string[] = [];
      const turnedAt = from?.place.id;
      for (;;) {
        const side: PagePlace | undefined = from && { side: 'before', place: from.place };
        if (!side) break;
        const page = await commandPage(database.kysely, scope, filter, limit, side);
        back.unshift(...page.commands.map(({ id }) => id));
        const first = page.commands[0];
        if (!page.hasNewer || !first) break;
        from = { side: 'before', place: first.place };
      }
      return { forth, back, turnedAt };
    }

    const scopes: Record<string, Scope> = {
      all: 'all',
      most: [9_001, 9_002, 404],
      few: [9_012, 9_005],
      one: [9_003],
    };
    const word = (text: string) => (row: Known) => new RegExp(`\\b${text}`, 'i').test(row.words);
    const filters: Record<string, { filter: CommandFilter; holds: (row: Known) => boolean }> = {
      nothing: { filter: {}, holds: () => true },
      'a frequent end': { filter: { status: 'done' }, holds: ({ status }) => status === 'done' },
      'a rare end': { filter: { status: 'expired' }, holds: ({ status }) => status === 'expired' },
      'no end': {
        filter: { status: 'open' },
        holds: ({ status }) => ['running', 'queued'].includes(status),
      },
      'a source': { filter: { source: 'jira' }, holds: ({ source }) => source === 'jira' },
      'a rare source': { filter: { source: 'dexter' }, holds: ({ source }) => source === 'dexter' },
      'a person in another case': {
        filter: { person: 'PERSON-0' },
        holds: ({ person }) => person === 'person-0',
      },
      'a person of long ago': {
        filter: { person: seeded.quietPerson },
        holds: ({ person }) => person === seeded.quietPerson,
      },
      'a repository': {
        filter: { repositoryId: 9_012 },
        holds: ({ repositoryId }) => repositoryId === 9_012,
      },
      'several things': {
        filter: { repositoryId: 9_002, status: 'failed', source: 'jira' },
        holds: (row) => row.repositoryId === 9_002 && row.status === 'failed' && row.source === 'jira',
      },
      'things that exclude each other': {
        filter: { status: 'expired', source: 'dexter', person: 'person-0' },
        holds: () => false,
      },
      'a word in everything': { filter: { search: 'please' }, holds: word('please') },
      'a word in little': { filter: { search: 'Zebra' }, holds: word('zebra') },
      'a word of the older half': { filter: { search: 'legacy' }, holds: word('legacy') },
      'the beginning of a word': { filter: { search: 'mod' }, holds: word('mod') },
      'two words, the second an exact number': {
        filter: { search: 'module-55, coupon' },
        holds: (row) => word('module')(row) && word('55\\b')(row) && word('coupon')(row),
      },
      'a word that nothing has': { filter: { search: 'nothingofthesort' }, holds: () => false },
      'a word and an end': {
        filter: { search: 'legacy', status: 'cancelled' },
        holds: (row) => word('legacy')(row) && row.status === 'cancelled',
      },
      'the key of an issue': {
        filter: { search: 'shop-77' },
        holds: ({ issueKey }) => issueKey === 'SHOP-77',
      },
      'signs alone': { filter: { search: `'\\ & | ! :* ()` }, holds: () => false },
    };

    for (const [scopeName, scope] of Object.entries(scopes)) {
      it.each(Object.entries(filters))(
        `finds by %s, page by page, forth and back, for who sees ${scopeName}`,
        async (_name, { filter, holds }) => {
          const expected = known.filter((row) => sees(scope)(row) && holds(row)).map(({ id }) => id);
          const { forth, back, turnedAt } = await walk(scope, filter, 211);
          expect(forth).toEqual(expected);
          // Everything before the row that the last page began after.
          expect(back).toEqual(turnedAt === undefined ? [] : expected.slice(0, expected.indexOf(turnedAt)));
        },
      );
    }

    it('shows nothing to who sees no repository', async () => {
      expect(await commandPage(database.kysely, [], {}, 50)).toEqual({
        commands: [],
        hasNewer: false,
        hasOlder: false,
      });
      expect(await sessionPage(database.kysely, [], 50)).toMatchObject({ sessions: [] });
      expect(await openByStatus(database.kysely, [])).toEqual([]);
      expect(await commandRepositories(database.kysely, [])).toEqual([]);
    });

    it('finds a command by its id and by the beginning of it', async () => {
      const { id } = known[1_234] ?? { id: '' };
      for (const search of [id, id.toUpperCase(), id.slice(0, 8), id.slice(0, 13)]) {
        const { commands: found } = await commandPage(database.kysely, 'all', { search }, 50);
        expect(found.map((command) => command.id)).toEqual([id]);
      }
    });

    it('finds what a pull request belongs to by its number, in the repositories that are seen', async () => {
      const pull = await database.kysely
        .selectFrom('pull_requests')
        .selectAll()
        .where('repository_id', '=', 9_002)
        .where('number', '=', 3)
        .executeTakeFirstOrThrow();
      const { commands: found } = await commandPage(database.kysely, [9_002], { search: '#3' }, 50);
      const ofIssue = known.filter((row) => row.repositoryId === 9_002 && row.issueKey === pull.issue_key);
      expect(ofIssue.length).toBeGreaterThan(0);
      expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining(ofIssue.map(({ id }) => id)));
      expect(found.every(({ repository }) => repository?.id === 9_002)).toBe(true);
    });

    it('names the repositories that are seen and have commands, and counts what is open in them', async () => {
      const ids = async (scope: Scope) =>
        (await commandRepositories(database.kysely, scope)).map(({ id }) => id).toSorted();
      expect(await ids('all')).toEqual([...seeded.repositories]);
      expect(await ids([9_003, 1, 9_001])).toEqual([9_001, 9_003]);
      const open = known.filter((row) => !isEnd(row.status as 'done') && row.repositoryId === 9_001);
      const counted = await openByStatus(database.kysely, [9_001]);
      expect(counted.reduce((sum, { commands: count }) => sum + count, 0)).toBe(open.length);
      expect(open.length).toBeGreaterThan(0);
    });

    it('never mixes the issues of two repositories that have the same key', async () => {
      const both = known.filter(({ issueKey }) => issueKey === 'SHOP-12');
      expect(new Set(both.map(({ repositoryId }) => repositoryId)).size).toBeGreaterThan(1);
      for (const repositoryId of new Set(both.flatMap((row) => row.repositoryId ?? []))) {
        const issue = await issueDetail(database.kysely, [repositoryId], repositoryId, 'SHOP-12');
        const saved = new Set(issue?.generations.map(({ commandId }) => commandId));
        const own = both.filter((row) => row.repositoryId === repositoryId).map(({ id }) => id);
        expect([...saved].every((id) => own.includes(id))).toBe(true);
        const page = await commandPage(database.kysely, 'all', { repositoryId, issueKey: 'SHOP-12' }, 50);
        expect(page.commands.map(({ id }) => id)).toEqual(own);
      }
    });

    it('knows nothing of what another tenant has', async () => {
      const row = known.find(({ repositoryId }) => repositoryId === 9_001);
      const homeless = known.find(({ repositoryId }) => repositoryId === null);
      const { kysely } = database;
      expect(await commandDetail(kysely, [9_001], row?.id ?? '')).toMatchObject({ command: { id: row?.id } });
      expect(await commandDetail(kysely, [9_002], row?.id ?? '')).toBeUndefined();
      expect(await commandDetail(kysely, seeded.repositories, homeless?.id ?? '')).toBeUndefined();
      expect(await commandDetail(kysely, 'all', homeless?.id ?? '')).toMatchObject({
        command: { repository_id: null },
      });
      expect(await commandDetail(kysely, 'all', randomUUID())).toBeUndefined();
      expect(await issueDetail(kysely, [9_001], 9_001, row?.issueKey ?? '')).toBeDefined();
      expect(await issueDetail(kysely, [9_002], 9_001, row?.issueKey ?? '')).toBeUndefined();
      expect(await issueDetail(kysely, 'all', 9_012, row?.issueKey ?? '')).toBeUndefined();
    });

    it('shows the sessions page by page, last used first, and what they weigh together', async () => {
      const rows = await database.kysely
        .selectFrom('sessions')
        .selectAll()
        .orderBy('used_at', 'desc')
        .orderBy('installation_id', 'desc')
        .orderBy('repository_id', 'desc')
        .orderBy('issue_key', 'desc')
        .execute();
      for (const scope of ['all', [9_002, 9_003]] as const) {
        const expected = rows.filter(
          ({ repository_id: id }) => scope === 'all' || (scope as readonly number[]).includes(id),
        );
        const found: string[] = [];
        let from: { side: 'after'; place: SessionPlace } | undefined;
        for (;;) {
          const page = await sessionPage(database.kysely, scope, 70, from);
          found.push(...page.sessions.map(({ repository, issueKey }) => `${repository.id} ${issueKey}`));
          const last = page.sessions.at(-1);
          if (!page.hasOlder || !last) break;
          from = { side: 'after', place: last.place };
        }
        expect(found).toEqual(expected.map((row) => `${row.repository_id} ${row.issue_key}`));
        const kept = await database.kysely.selectFrom('generations').selectAll().execute();
        const bytes = kept
          .filter((row) => !row.dropped && (scope === 'all' || scope.some((id) => id === row.repository_id)))
          .reduce((sum, row) => sum + row.bytes, 0);
        expect(kept.some(({ dropped }) => dropped)).toBe(true);
        expect(await sessionSums(database.kysely, scope)).toEqual({ sessions: expected.length, bytes });
        if (!from) throw new Error('one page alone');
        const { sessions } = await sessionPage(database.kysely, scope, 70, { ...from, side: 'before' });
        // Up to the row that the last page began after.
        const end = expected.findIndex((row) => isAt(row, from?.place));
        expect(sessions.map(({ repository, issueKey }) => `${repository.id} ${issueKey}`)).toEqual(
          found.slice(Math.max(0, end - 70), end),
        );
      }
    });

    it('finds the words of what has just come in', async () => {
      const id = randomUUID();
      await insertCommand(database.kysely, {
        id,
        dedupeKey: id,
        origin: { kind: 'jira-comment', connection: 'acme', issueKey: 'NEW-1', commentId: '1' },
        actor: { from: 'jira', accountId: '1', displayName: 'Tom' },
        issueKey: 'NEW-1',
        queueKey: 'NEW-1',
        claimedText: '@dexter paint the src/giraffe.ts – größer, it’s 長頸鹿',
      });
      for (const search of ['giraffe', 'src/giraffe.ts', 'größer', '長頸鹿']) {
        const { commands: found } = await commandPage(database.kysely, 'all', { search }, 50);
        expect(found.map((command) => command.id)).toEqual([id]);
        expect((await commandPage(database.kysely, seeded.repositories, { search }, 50)).commands).toEqual(
          [],
        );
      }
      await database.kysely.deleteFrom('commands').where('id', '=', id).execute();
    });
  });
}
