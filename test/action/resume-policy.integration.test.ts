import { randomUUID } from 'node:crypto';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunEnd, run } from '../../action/run.ts';
import type { RunOptions } from '../../action/work.ts';
import { startModel } from '../../demo/model/server.ts';
import { Report } from '../../src/core/report.ts';
import type { SessionManifest } from '../../src/core/session.ts';
import { findPrices } from '../../src/pricing/find-prices.ts';
import { formatAge } from '../../src/report/figures.ts';
import { restore } from '../../src/sessions/restore.ts';
import { save } from '../../src/sessions/save.ts';
import { transcriptPath } from '../../src/sessions/session-files.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';
import type { FakePlan } from '../fakes/fake-claude.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { realClaude } from '../fakes/real-claude.ts';
import { git } from '../fakes/repository.ts';
import { createWorld, type JobFields, type World } from './world.ts';

const minute = 60_000;
const hour = 60 * minute;
const ref = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };
const branch = 'dexter/DXTR-1-coupons';
const writes = { write: { 'src/coupon.ts': 'export {};\n' } };

let world: World;
let store: SessionStore;
beforeEach(async () => {
  world = await createWorld();
  store = memoryStore();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

async function reportOf(job: Partial<JobFields>, changes: Partial<RunOptions> = {}): Promise<Report> {
  const options = { ...world.options(job), pricesOf: () => findPrices('claude-sonnet-4-5'), ...changes };
  const stores = { store, stores: new Map([['workspace' as const, store]]), unnamed: new Set<never>() };
  const ended: RunEnd = await run({ ...options, openStores: async () => stores });
  if (ended.outcome !== 'ended') throw new Error(ended.outcome);
  // As the app reads it.
  return Report.parse(ended.report);
}

const later = (milliseconds: number) => ({ now: () => Date.now() + milliseconds });

describe('a follow-up with the real CLI', () => {
  const tasks = [
    { match: /implement/, needs: ['a.txt'], edits: [], run: [], answer: 'Implemented.' },
    { match: /add tests/, needs: ['a.txt'], edits: [], run: [], answer: 'Tested.' },
  ];

  it('says why it went on as it did, after an hour as after a moment', async () => {
    let aheadMs = 0;
    const now = () => Date.now() + aheadMs;
    const model = await startModel({ tasks, now });
    try {
      const inputs = {
        'claude-path': realClaude,
        'anthropic-api-key': 'sk-ant-real-key-0123456789',
        'anthropic-base-url': model.url,
        model: 'claude-sonnet-4-5',
      };
      const first = await reportOf({ instruction: 'implement this', inputs }, { now });
      expect(first.session).toMatchObject({
        mode: 'fresh',
        resumption: { choice: 'fresh', reason: 'there is no earlier conversation', expectedCacheRead: 0 },
      });
      const readBy = async (job: Partial<JobFields>) => {
        const before = model.requests.length;
        const report = await reportOf({ instruction: 'add tests', inputs, ...job }, { now });
        return { session: report.session, read: model.requests[before]?.usage.cache_read_input_tokens ?? 0 };
      };

      const soon = await readBy({ session: { generation: 1 } });
      expect(soon.session).toMatchObject({
        id: first.session?.id,
        resumption: {
          choice: 'warm',
          reason: `the prompt cache still holds the conversation (${formatAge(soon.session?.ageSeconds ?? NaN)} old)`,
        },
      });
      expect(soon.read).toBeGreaterThan(0.8 * (soon.session?.resumption?.expectedCacheRead ?? Infinity));

      aheadMs = hour;
      const late = await readBy({ session: { generation: 2 } });
      expect(late.session).toMatchObject({
        id: first.session?.id,
        ageSeconds: expect.closeTo(3600, -3),
        resumption: {
          choice: 'warm',
          reason: expect.stringMatching(
            /^60 min old: the prompt cache has expired, and the whole conversation is expected to cost \$0\.\d\d/,
          ),
          expectedUsd: { warm: expect.any(Number), fresh: expect.any(Number) },
          expectedCacheRead: 0,
        },
      });
      expect(late.read).toBe(0);

      aheadMs = -hour;
      const back = await readBy({ session: { generation: 3 } });
      expect(back.session?.resumption?.reason).toMatch(/^the clock of this runner is 2 h behind/);
    } finally {
      await model.close();
    }
  });
});

describe('a session with a compacted copy', () => {
  const copyId = randomUUID();

  /** Two generations, the second of which is large and has a copy of the conversation. */
  async function saveCopy({ hasCopy = true } = {}): Promise<SessionManifest> {
    await reportOf({});
    const at = {
      store,
      keys: world.forge.sessionKeys,
      configDirectory: join(world.directory, 'c'),
      temporaryDirectory: join(world.directory, 't'),
    };
    const found = await restore({ ...at, ref });
    if (found.outcome !== 'restored') throw new Error(found.outcome);
    const { format: _, files: __, scrubRules: ___, ...facts } = found.manifest;
    const path = (id: string) => join(at.configDirectory, transcriptPath(id));
    await copyFile(path(facts.sessionId), path(copyId));
    const saved = {
      ...facts,
      generation: 2,
      parentGeneration: 1,
      contextTokens: 140_000,
      ...(hasCopy ? { compacted: { sessionId: copyId, contextTokens: 15_000, summedUpTo: 1 } } : {}),
    };
    await save({ ...at, facts: saved, secrets: [] });
    return found.manifest;
  }

  async function newestSaved(): Promise<SessionManifest> {
    const temporaryDirectory = join(world.directory, 't');
    const configDirectory = join(world.directory, 'newest');
    const keys = world.forge.sessionKeys;
    const found = await restore({ store, keys, ref, configDirectory, temporaryDirectory });
    if (found.outcome !== 'restored') throw new Error(found.outcome);
    return found.manifest;
  }

  const refusal = (id: string): FakePlan => ({
    when: id,
    init: false,
    transcript: false,
    result: false,
    stderr: `No conversation found with session ID: ${id}`,
    exit: 1,
  });
  const followUp = { session: { generation: 2 } };

  it('goes on in the copy when the cache has expired', async () => {
    await saveCopy();
    const record = join(world.directory, 'record.json');
    const { notices, session } = await reportOf({ ...followUp, plan: { record } }, later(hour));
    expect(session).toMatchObject({
      id: copyId,
      mode: 'resume',
      generation: 3,
      resumption: {
        choice: 'compacted',
        reason: expect.stringMatching(
          / and the compacted copy is expected to cost \$0\.\d\d instead of \$0\.\d\d/,
        ),
      },
    });
    expect(notices).toEqual([]);
    const { argv } = JSON.parse(await readFile(record, 'utf8'));
    expect(argv[argv.indexOf('--resume') + 1]).toBe(copyId);
  });

  const broke = { is_error: true, api_error_status: 529, result: 'Overloaded' };
  const unanswered = { plan: { unanswered: true, result: broke, exit: 1 } };

  it('is as large as it was after a run without an answer', async () => {
    await saveCopy({ hasCopy: false });
    const { session } = await reportOf({ ...followUp, ...unanswered });
    expect(session).toMatchObject({ generation: 3, contextTokens: 140_000, resumption: { choice: 'warm' } });
    expect(await newestSaved()).toMatchObject({ generation: 3, contextTokens: 140_000 });
  });

  it('stays as it is after a run of its copy without an answer', async () => {
    const { sessionId } = await saveCopy();
    const { notices, session } = await reportOf({ ...followUp, ...unanswered }, later(hour));
    expect(session).toMatchObject({ generation: 0, resumption: { choice: 'compacted' } });
    expect(notices).toEqual([expect.stringContaining('so the earlier one was kept')]);
    expect(await newestSaved()).toMatchObject({ generation: 2, sessionId, compacted: { sessionId: copyId } });
  });

  it('goes on in the whole conversation when the copy is refused, and loses nothing', async () => {
    const { sessionId } = await saveCopy();
    const plan = [refusal(copyId), {}];
    const { notices, outcome, session } = await reportOf({ ...followUp, plan }, later(hour));
    expect(outcome).toBe('done');
    expect(session).toMatchObject({
      id: sessionId,
      mode: 'resume',
      generation: 3,
      resumption: {
        choice: 'warm',
        reason: expect.stringMatching(
          /^the compacted copy could not be continued \(No conv.*\), so the whole conversation is$/,
        ),
      },
    });
    expect(notices[0]).toMatch(/^The compacted copy of the session could not be continued/);
    expect(notices[1]).toBeUndefined();
  });

  it('begins anew when the whole conversation is refused as well', async () => {
    const { sessionId } = await saveCopy();
    const plan = [refusal(copyId), refusal(sessionId), {}];
    const { notices, outcome, session } = await reportOf({ ...followUp, plan }, later(hour));
    expect(outcome).toBe('done');
    expect(session).toMatchObject({
      mode: 'fresh',
      generation: 3,
      resumption: { choice: 'fresh', expectedCacheRead: 0 },
    });
    expect([copyId, sessionId]).not.toContain(session?.id);
    expect(notices).toEqual([
      expect.stringContaining('compacted copy of the session could not be continued'),
      expect.stringContaining('so a new one was started'),
    ]);
  });
});

describe('a session that is not continued', () => {
  it('is followed by a new one when the ticket was rewritten, with all that helps to begin', async () => {
    const ticket = { hash: 'a'.repeat(64), newestComment: '' };
    const first = await reportOf({ plan: writes, session: { ticket } });
    const record = join(world.directory, 'record.json');
    const delta = { from: ticket.hash, markdown: 'Only the news', isRewritten: true, isWhole: true };
    const report = await reportOf({
      plan: { record },
      context: '# All of the new ticket',
      session: { generation: 1 },
      inputs: { delta: JSON.stringify(delta) },
    });
    expect(report).toMatchObject({
      outcome: 'done',
      session: {
        mode: 'fresh',
        generation: 2,
        resumption: { choice: 'fresh', reason: expect.stringContaining('the ticket was rewritten') },
      },
    });
    expect(report.session?.id).not.toBe(first.session?.id);
    const { argv, prompt } = JSON.parse(await readFile(record, 'utf8'));
    expect(argv).toContain('--session-id');
    expect(prompt).toContain('# All of the new ticket');
    expect(prompt).not.toContain('Only the news');
    expect(prompt).toContain('Earlier runs worked on this ticket');
    expect(prompt).toMatch(/## The branch so far[\s\S]*DXTR-1: Coupons \(`src\/coupon\.ts`\)/);
  });

  it('is followed by a new one when the branch was reset, and says so', async () => {
    await reportOf({ plan: writes });
    // The next run fetches what was pushed: only what is on the runner can be looked at.
    expect(await reportOf({ session: { generation: 1 } })).toMatchObject({ session: { mode: 'resume' } });
    await git(world.repository.path, 'branch', '--force', branch, 'main');
    expect(await reportOf({ session: { generation: 2 } })).toMatchObject({
      outcome: 'done',
      session: {
        mode: 'fresh',
        generation: 3,
        resumption: { reason: 'the branch does not hold any more what the earlier conversation did' },
      },
    });
  });

  it('is followed by a new one when somebody asks for it', async () => {
    await reportOf({});
    expect(await reportOf({ session: { generation: 1, mode: 'fresh' } })).toMatchObject({
      session: {
        mode: 'fresh',
        resumption: { choice: 'fresh', reason: 'a new conversation was asked for' },
      },
    });
  });

  it('says that it was lost', async () => {
    expect(await reportOf({ session: { generation: 4 } })).toMatchObject({
      session: {
        mode: 'fresh',
        resumption: {
          reason: 'the earlier conversation could not be continued (it is not in the store of this runner)',
        },
      },
    });
  });
});
