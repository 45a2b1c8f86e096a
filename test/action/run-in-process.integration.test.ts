import { access, appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunEnd, run } from '../../action/run.ts';
import type { Stores } from '../../action/stores.ts';
import type { RunOptions } from '../../action/work.ts';
import { startModel } from '../../demo/model/server.ts';
import { AppError } from '../../src/core/errors.ts';
import type { StoreName } from '../../src/core/session.ts';
import { newestGeneration, type RestoreOptions, restore } from '../../src/sessions/restore.ts';
import { save } from '../../src/sessions/save.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';
import { testKeys, tokens } from '../fakes/forge.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { until } from '../fakes/processes.ts';
import { realClaude } from '../fakes/real-claude.ts';
import { git } from '../fakes/repository.ts';
import { createWorld, type JobFields, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const branch = 'dexter/DXTR-1-coupons';
const takenAway = {
  path: /\/heartbeat$/,
  status: 409,
  body: { code: 'fenced', message: 'Another runner has this command now.', hint: '' },
};
const writes = { write: { 'src/coupon.ts': 'export {};\n' } };

async function reportOf(
  job: Partial<JobFields>,
  { store, stores, ...changes }: Partial<RunOptions & Stores> = {},
) {
  const options = { ...world.options(job), ...changes };
  const opened = await options.openStores();
  const given = { ...opened, store: store ?? opened.store, stores: stores ?? opened.stores };
  const ended = await run({ ...options, openStores: async () => given });
  if (ended.outcome !== 'ended') throw new Error(ended.outcome);
  return ended.report;
}

async function branches(): Promise<string> {
  return await git(world.repository.path, 'branch', '--list', 'dexter/*');
}

/** What is kept in the checkout of what the server does not have. */
async function unpushed(): Promise<string> {
  const work = join(world.workspace, 'work');
  const [issue = ''] = await readdir(work);
  return await git(join(work, issue, 'checkout'), 'for-each-ref', 'refs/dexter/unpushed');
}

/** Waits until the CLI has written its file. */
async function engineWorks(): Promise<void> {
  const work = join(world.workspace, 'work');
  await until(async () => {
    const [key = ''] = await readdir(work).catch((): string[] => []);
    return access(join(work, key, 'checkout/src/coupon.ts')).then(
      () => true,
      () => false,
    );
  });
}

describe('run', () => {
  it('stops the engine when its time is over, saves the session, and publishes what there is', async () => {
    const report = await reportOf({ plan: { ...writes, seconds: 60 } }, { timeLimitMs: 1_500 });
    expect(report).toMatchObject({
      outcome: 'failed',
      problem: { code: 'engine-timeout', message: expect.stringContaining('60 minutes') },
      session: { generation: 1 },
      commits: [{ title: 'DXTR-1: Coupons' }],
      pullRequest: { number: 7 },
    });
    expect(await world.repository.files(branch)).toContain('src/coupon.ts');
  });

  it('counts the age of the prompt cache from the last answer, however long the tool after it takes', async () => {
    const ended = join(world.directory, 'tool-has-ended');
    const message = { id: 'm-1', model: 'claude-fake-1', content: [], usage: { output_tokens: 7 } };
    const plan = { until: ended, lines: [{ type: 'assistant', message }] };
    const store = memoryStore();
    let now = Date.parse('2026-01-01T00:00:00.000Z');
    const running = reportOf({ plan }, { store, now: () => now });
    await until(() => world.forge.heartbeats.some(({ turns }) => turns === 1));
    now += 600_000;
    await writeFile(ended, '');
    await running;
    const found = await restore({
      store,
      keys: world.forge.sessionKeys,
      ref: { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' },
      configDirectory: join(world.directory, 'c'),
      temporaryDirectory: join(world.directory, 't'),
    });
    if (found.outcome !== 'restored') throw new Error(found.outcome);
    expect(found.manifest.figures?.lastRequestAt).toBe('2026-01-01T00:00:00.000Z');
  });

  it('does not start the engine when it was stopped before that', async () => {
    const record = join(world.directory, 'record.json');
    expect(await reportOf({ plan: { record } }, { signal: AbortSignal.abort() })).toMatchObject({
      outcome: 'cancelled',
    });
    await expect(access(record)).rejects.toThrow();
  });

  it('breaks off a checkout that hangs', async () => {
    world.forge.faults.push({ path: /info\/refs/, status: 0 });
    const started = performance.now();
    expect(await reportOf({}, { timeLimitMs: 500 })).toMatchObject({
      outcome: 'failed',
      problem: { code: 'engine-timeout', hint: expect.stringContaining('checkout') },
    });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it.each([
    ['error_max_turns', /turns/],
    ['error_max_budget_usd', /the budget of \$2\.50/],
  ])('publishes what there is after %s', async (subtype, message) => {
    const plan = { ...writes, result: { subtype, is_error: true } };
    const report = await reportOf({ plan, session: { maxBudgetUsd: 2.5 } });
    expect(report).toMatchObject({
      outcome: 'failed',
      problem: { code: 'engine-failed', message: expect.stringMatching(message) },
      commits: [{}],
    });
    expect(await branches()).toContain(branch);
  });

  it('stops when a person says so, saves the session, and pushes nothing', async () => {
    const running = reportOf({ plan: { ...writes, seconds: 60 } });
    await engineWorks();
    world.forge.stop = true;
    const report = await running;
    expect(report).toMatchObject({
      outcome: 'cancelled',
      session: { generation: 1 },
      notices: [expect.stringContaining('not pushed')],
    });
    expect(report.problem).toBeUndefined();
    expect(await branches()).toBe('');
  });

  it('changes nothing any more when another run holds the command', async () => {
    const running = reportOf({ plan: { ...writes, seconds: 60 } });
    await engineWorks();
    world.forge.faults.push(...Array.from({ length: 9 }, () => takenAway));
    expect(await running).toMatchObject({ outcome: 'cancelled' });
    expect(await branches()).toBe('');
    expect(await readdir(world.workspace)).not.toContain('sessions');
  });

  it('asks once more before it saves and pushes', async () => {
    const slow = { intervalMs: 60_000, throttleMs: 60_000 };
    const running = reportOf({ plan: { ...writes, seconds: 0.5 } }, { heartbeatPace: slow });
    await engineWorks();
    world.forge.faults.push(takenAway);
    const report = await running;
    expect(report).toMatchObject({
      outcome: 'failed',
      problem: {
        code: 'runner-lost',
        message: expect.stringContaining('Another runner has this command now.'),
      },
      notices: [expect.stringContaining('refs/dexter/unpushed/')],
    });
    expect(report.session).toBeUndefined();
    expect(await branches()).toBe('');
  });

  it('goes on when a heartbeat does not come through', async () => {
    world.forge.faults.push(...Array.from({ length: 4 }, () => ({ path: /\/heartbeat$/, status: 500 })));
    expect(await reportOf({ plan: { ...writes, seconds: 0.5 } })).toMatchObject({ outcome: 'done' });
  });

  it('saves and pushes nothing when it lost touch with the app for longer than its lease', async () => {
    const pace = { intervalMs: 50, throttleMs: 20, leaseMs: 300, waits: [10, 10] };
    const running = reportOf({ plan: { ...writes, seconds: 1 } }, { heartbeatPace: pace });
    await engineWorks();
    world.forge.faults.push(...Array.from({ length: 200 }, () => ({ path: /\/heartbeat$/, status: 404 })));
    const report = await running;
    expect(report).toMatchObject({
      outcome: 'failed',
      problem: { code: 'runner-lost', message: expect.stringContaining('did not answer') },
      notices: [expect.stringContaining('refs/dexter/unpushed/')],
    });
    expect(report.session).toBeUndefined();
    expect(await branches()).toBe('');
  });

  it('breaks off a push that hangs when the job is cancelled, and keeps the commits', async () => {
    world.forge.faults.push({ path: /git-receive-pack$/, status: 0 });
    const job = new AbortController();
    const running = reportOf({ plan: writes }, { signal: job.signal });
    await until(() => world.forge.faults.length === 0);
    const started = performance.now();
    job.abort();
    expect(await running).toMatchObject({
      outcome: 'failed',
      problem: { code: 'push-rejected', hint: expect.stringContaining('refs/dexter/unpushed/') },
    });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('keeps the earlier session when a new one got no answer', async () => {
    const store = memoryStore();
    const ref = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };
    await reportOf({}, { store });
    const lost = {
      subtype: 'error_during_execution',
      is_error: true,
      errors: ['No conversation found with session ID: x'],
    };
    const broke = { is_error: true, api_error_status: 400, result: 'Credit balance is too low' };
    const report = await reportOf(
      {
        session: { generation: 1 },
        plan: [
          { when: 'resume', result: lost, exit: 1 },
          { when: 'fresh', result: broke, exit: 1 },
        ],
      },
      { store },
    );
    expect(report).toMatchObject({
      outcome: 'failed',
      session: { generation: 0 },
      notices: expect.arrayContaining([expect.stringContaining('the earlier one was kept')]),
    });
    expect(await newestGeneration(store, ref)).toBe(1);
  });

  it('saves again after the store was emptied, whatever generation the app expects', async () => {
    const store = memoryStore();
    const session = { generation: 5, mode: 'fresh' };
    expect(await reportOf({ session }, { store })).toMatchObject({ session: { generation: 1 }, notices: [] });
  });

  it('tells whether the store had what there was to restore, and how long that took', async () => {
    const store = memoryStore();
    const times = { durationMs: expect.any(Number) };
    const saved = { outcome: 'saved', ...times };
    // Nothing is known of one, and nothing is there.
    const first = await reportOf({}, { store });
    expect(first.store).toEqual({ name: 'workspace', save: saved });
    const next = await reportOf({ session: { generation: 1 } }, { store });
    expect(next.store).toEqual({
      name: 'workspace',
      restore: { outcome: 'hit', bytes: first.session?.bytes, ...times },
      save: saved,
    });
    const asked = await reportOf({ session: { mode: 'fresh', generation: 2 } }, { store });
    expect(asked.store).toEqual({ name: 'workspace', save: saved });
    const emptied = await reportOf({ session: { generation: 3 } }, { store: memoryStore() });
    expect(emptied.store).toEqual({ name: 'workspace', restore: { outcome: 'miss', ...times }, save: saved });
  });

  it('tells what the workspace was measured to take, where it was', async () => {
    const { workspace, runner } = world.options();
    expect((await reportOf({})).workspace).toBeUndefined();
    await writeFile(
      join(workspace, 'usage.json'),
      JSON.stringify({ measured: { at: '2026-05-04T10:00:00Z', bytes: 123_456 } }),
    );
    expect((await reportOf({})).workspace).toEqual({
      runner: runner.name,
      bytes: 123_456,
      freeBytes: expect.any(Number),
    });
  });

  it('says so when it cannot be delivered', async () => {
    world.forge.faults.push(...Array.from({ length: 3 }, () => ({ path: /\/report$/, status: 500 })));
    const ended: RunEnd = await run(world.options());
    expect(ended).toMatchObject({ outcome: 'ended', delivered: false, report: { outcome: 'done' } });
  });

  it('keeps secrets out of the report and out of the progress', async () => {
    const text = `I saw ${tokens.github} and ${tokens.run}`;
    const said = {
      type: 'assistant',
      message: { id: '1', model: 'm', content: [{ type: 'text', text }], usage: {} },
    };
    const report = await reportOf({
      plan: { ...writes, lines: [said], result: { result: text }, seconds: 0.2 },
    });
    const everything = JSON.stringify([report, world.forge.heartbeats, world.forge.pullRequests]);
    expect(everything).not.toContain(tokens.github);
    expect(everything).not.toContain(tokens.run);
    expect(everything).toContain('REDACTED');
  });

  it('works on without a session that cannot be saved, and says so', async () => {
    const error = new AppError('session-not-saved', { message: 'The disk is full.', hint: '' });
    const store = { ...memoryStore(), write: () => Promise.reject(error) };
    expect(await reportOf({ plan: writes }, { store })).toMatchObject({
      outcome: 'done',
      commits: [{}],
      session: { generation: 0 },
      store: { name: 'workspace', save: { outcome: 'failed', durationMs: expect.any(Number) } },
      notices: [expect.stringContaining('The disk is full.')],
    });
  });

  it('leaves the session of a faster run alone, and says so', async () => {
    const store = { ...memoryStore(), write: async () => ({ outcome: 'conflict' as const, newest: 1 }) };
    expect(await reportOf({ plan: writes }, { store })).toMatchObject({
      outcome: 'done',
      session: { generation: 0 },
      store: { save: { outcome: 'conflict' } },
      notices: [expect.stringContaining('Another run saved this session first')],
    });
  });

  it('reports inputs that do not describe a store', async () => {
    const wrong = { message: '`s3-region` is missing.', hint: 'Correct the inputs.' };
    const openStores = () => Promise.reject(new AppError('input-invalid', wrong));
    const ended = await run({ ...world.options(), openStores });
    expect(ended).toMatchObject({
      delivered: true,
      report: { outcome: 'failed', problem: { code: 'input-invalid', ...wrong } },
    });
  });

  it('starts anew when the store fails, and says so', async () => {
    const error = new AppError('session-unreadable', { message: 'The store is down.', hint: '' });
    const store = { ...memoryStore(), read: () => Promise.reject(error) };
    expect(await reportOf({ session: { generation: 3 } }, { store })).toMatchObject({
      outcome: 'done',
      session: { mode: 'fresh' },
      store: { restore: { outcome: 'failed' }, save: { outcome: 'saved' } },
      notices: expect.arrayContaining([expect.stringContaining('The store is down')]),
    });
  });

  it('saves behind what is there when the store did not answer at first', async () => {
    const store = memoryStore();
    await reportOf({}, { store });
    await reportOf({ session: { generation: 1 } }, { store });
    const error = new AppError('session-unreadable', { message: 'The store is down.', hint: '' });
    let reads = 0;
    const flaky = {
      ...store,
      read: (...given: Parameters<typeof store.read>) =>
        reads++ === 0 ? Promise.reject(error) : store.read(...given),
    };
    // The report of the second run never reached the app.
    expect(await reportOf({ session: { generation: 1 } }, { store: flaky })).toMatchObject({
      session: { mode: 'fresh', generation: 3 },
    });
  });

  it.each([
    ['goes on after a session that was sealed anew meanwhile', '', { mode: 'resume', generation: 3 }],
    [
      'leaves alone what somebody else has added meanwhile',
      '{"type":"user","uuid":"u","parentUuid":null,"message":{"content":"Theirs."}}\n',
      { mode: 'resume', generation: 0 },
    ],
  ])('%s', async (_name, added, session) => {
    const store = memoryStore();
    await reportOf({}, { store });
    const saveAgain = async () => {
      const keys = world.forge.sessionKeys;
      const configDirectory = join(world.directory, 'c');
      const at = { store, keys, configDirectory, temporaryDirectory: join(world.directory, 't') };
      const { manifest } = await openedOf(at);
      const { format, files, scrubRules, ...facts } = manifest;
      await appendFile(join(configDirectory, files[0]?.path ?? ''), added);
      await save({ ...at, facts: { ...facts, generation: 2 }, secrets: [], before: manifest });
    };
    let writes = 0;
    const raced = {
      ...store,
      async write(...given: Parameters<typeof store.write>) {
        writes += 1;
        if (writes === 1) await saveAgain();
        return await store.write(...given);
      },
    };
    expect(await reportOf({ session: { generation: 1 } }, { store: raced })).toMatchObject({ session });
  });

  async function openedOf(at: Omit<RestoreOptions, 'ref'>) {
    const restored = await restore({
      ...at,
      ref: { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' },
    });
    if (restored.outcome !== 'restored') throw new Error(restored.outcome);
    return restored;
  }

  it('starts anew when the key of the session is gone, and says which one', async () => {
    const store = memoryStore();
    await reportOf({}, { store });
    const { id } = world.forge.sessionKeys.current;
    world.forge.sessionKeys = testKeys();
    const report = await reportOf({ session: { generation: 1 } }, { store });
    expect(report).toMatchObject({
      outcome: 'done',
      session: { mode: 'fresh', generation: 2 },
      store: { restore: { outcome: 'failed' }, save: { outcome: 'saved' } },
      notices: [expect.stringContaining(id)],
    });
    expect(report.notices[0]).toContain('DEXTER_SESSION_KEY_PREVIOUS');
    expect(await reportOf({ session: { generation: 2 } }, { store })).toMatchObject({
      session: { mode: 'resume', generation: 3 },
    });
  });

  it('keeps the values of secret variables out of the session', async () => {
    const store = memoryStore();
    const value = 'hunter2-of-the-deploy';
    const env = { ...world.options().env, DEPLOY_PASSWORD: value };
    await reportOf({ instruction: `say ${value}` }, { store, env });
    const configDirectory = join(world.directory, 'c');
    const restored = await restore({
      store,
      keys: world.forge.sessionKeys,
      ref: { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' },
      configDirectory,
      temporaryDirectory: join(world.directory, 't'),
    });
    if (restored.outcome !== 'restored') throw new Error(restored.outcome);
    const [file] = restored.manifest.files;
    const transcript = await readFile(join(configDirectory, file?.path ?? ''), 'utf8');
    expect(transcript).toContain('say [REDACTED:');
    expect(transcript).not.toContain(value);
  });

  it('forgets a session in every store and on the disk, without starting the engine', async () => {
    const ref = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };
    const { store: workspace } = await world.options().openStores();
    await reportOf({ plan: writes });
    const other = memoryStore();
    await other.write(ref, 1, new Blob(['x']).stream());
    const record = join(world.directory, 'record.json');
    const stores = new Map<StoreName, SessionStore>([
      ['workspace', workspace],
      ['s3', other],
    ]);
    expect(await reportOf({ plan: { record }, session: { mode: 'forget' } }, { stores })).toMatchObject({
      outcome: 'done',
      forgotten: [
        { store: 'workspace', generations: 1 },
        { store: 's3', generations: 1 },
      ],
      commits: [],
    });
    expect(await workspace.read(ref)).toEqual({ outcome: 'miss' });
    expect(await readdir(join(world.workspace, 'work'))).toEqual([]);
    await expect(readFile(record)).rejects.toThrow('ENOENT');
  });

  it('says what it could not forget', async () => {
    const error = new AppError('session-unreadable', { message: 'The bucket is gone.', hint: '' });
    const broken = { ...memoryStore(), remove: () => Promise.reject(error) };
    const stores = new Map<StoreName, SessionStore>([
      ['s3', broken],
      ['workspace', (await world.options().openStores()).store],
    ]);
    expect(await reportOf({ session: { mode: 'forget' } }, { stores })).toMatchObject({
      outcome: 'failed',
      problem: { code: 'session-not-removed' },
      forgotten: [
        { store: 's3', generations: 0, problem: 'The bucket is gone.' },
        { store: 'workspace', generations: 0 },
      ],
    });
  });

  it('starts anew when a store that fails is asked for a new session', async () => {
    const error = new AppError('session-unreadable', { message: 'The store is down.', hint: '' });
    const store = { ...memoryStore(), read: () => Promise.reject(error) };
    expect(await reportOf({ session: { mode: 'fresh', generation: 3 } }, { store })).toMatchObject({
      outcome: 'done',
      session: { mode: 'fresh' },
      notices: expect.arrayContaining([expect.stringContaining('The store is down')]),
    });
  });

  it('pushes what it did when the session cannot be saved for a reason that nobody thought of', async () => {
    const store = { ...memoryStore(), write: () => Promise.reject(new Error('EIO at /dev/sdb')) };
    expect(await reportOf({ plan: writes }, { store })).toMatchObject({
      outcome: 'done',
      commits: [{}],
      notices: [expect.stringMatching(/^The session could not be saved\./)],
    });
    expect(await branches()).toContain(branch);
    expect(await unpushed(), 'it is on the server').toBe('');
  });

  it('keeps its commits when it cannot even begin to push', async () => {
    const runner = { ...world.options().runner };
    let reads = 0;
    // Asked for when the remote is opened: for the checkout, and then for the push.
    Object.defineProperty(runner, 'gitUrl', {
      get() {
        reads += 1;
        if (reads > 1) throw new Error('EMFILE');
        return world.options().runner.gitUrl;
      },
    });
    expect(await reportOf({ plan: writes }, { runner })).toMatchObject({ outcome: 'failed', commits: [{}] });
    expect(await unpushed()).toContain('refs/dexter/unpushed/');
  });

  it('adds up what the session cost', async () => {
    const store = memoryStore();
    await reportOf({}, { store });
    await reportOf({ session: { generation: 1 } }, { store });
    const restored = await restore({
      store,
      keys: world.forge.sessionKeys,
      ref: { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' },
      configDirectory: join(world.directory, 'c'),
      temporaryDirectory: join(world.directory, 't'),
    });
    expect(restored).toMatchObject({
      outcome: 'restored',
      manifest: { costUsd: 0.5, engineVersion: '9.9.9' },
    });
  });

  it('asks for the model of the command, then of the session, then of the workflow', async () => {
    const store = memoryStore();
    const record = join(world.directory, 'record.json');
    const modelOf = async (session: Record<string, unknown>) => {
      await reportOf({ plan: { record }, session, inputs: { model: 'model-of-workflow' } }, { store });
      const { argv } = JSON.parse(await readFile(record, 'utf8'));
      return argv[argv.indexOf('--model') + 1];
    };
    expect(await modelOf({})).toBe('model-of-workflow');
    expect(await modelOf({ generation: 1 })).toBe('claude-fake-1');
    expect(await modelOf({ generation: 2, model: 'model-of-command' })).toBe('model-of-command');
  });
});

describe('run with an agent that uses git', () => {
  /**
   * Runs git in the checkout in place of the engine, by a fake CLI that calls it. Some of it deletes the
   * checkout: nowhere else does it do anything.
   */
  async function agentRuns(script: string) {
    const command = join(world.directory, 'git-claude');
    const fake = world.options().inputs.claudePath;
    await writeFile(
      command,
      `#!/bin/sh\n[ "$1" = --version ] && exec "${fake}" "$@"\ncase "$PWD" in ${world.directory}/*) ;; *) exit 9 ;; esac\nexport GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b\n(${script}) >&2\nexec "${fake}" "$@"\n`,
      { mode: 0o755 },
    );
    return await reportOf({ plan: writes, inputs: { 'claude-path': command } });
  }

  it('counts the commits that it made as well', async () => {
    const report = await agentRuns('echo 1 > one.txt && git add . && git commit -qm "One of mine"');
    expect(report.commits.map(({ title }) => title)).toEqual(['One of mine', 'DXTR-1: Coupons']);
    expect(await world.repository.files(branch)).toEqual([
      'a.txt',
      'one.txt',
      'package.json',
      'src/coupon.ts',
    ]);
  });

  it('keeps its files when it rewrote history', async () => {
    const report = await agentRuns('git checkout -q --orphan other && git commit -qm "All new"');
    expect(report).toMatchObject({ outcome: 'done', commits: [{ title: 'DXTR-1: Coupons' }] });
    expect(await world.repository.subjects(branch)).toEqual([
      'DXTR-1: Coupons',
      'Change a.txt, package.json',
    ]);
  });

  it('is not held up by a lock that a killed git left', async () => {
    expect(await agentRuns('touch .git/index.lock')).toMatchObject({ outcome: 'done', commits: [{}] });
  });

  it('runs none of its hooks, filters and helpers where the token is', async () => {
    const canary = join(world.directory, 'canary');
    const report = await agentRuns(
      [
        'mkdir -p .git/hooks',
        ...['pre-commit', 'pre-push', 'post-commit', 'reference-transaction'].map(
          (hook) =>
            `printf '#!/bin/sh\\nenv >> ${canary}\\n' > .git/hooks/${hook}; chmod +x .git/hooks/${hook}`,
        ),
        `git config core.hooksPath .git/hooks`,
        `git config core.fsmonitor 'env >> ${canary}; false'`,
        `git config credential.helper '!env >> ${canary}; false'`,
        `git config core.sshCommand 'env >> ${canary}; false'`,
        `git config url.http://127.0.0.1:9/.insteadOf ${world.forge.url}/`,
        'git config http.proxy http://127.0.0.1:9',
        `git config filter.evil.clean 'env >> ${canary}; cat'`,
        "echo '* filter=evil' > .gitattributes",
      ].join('\n'),
    );
    expect(report).toMatchObject({ outcome: 'done', commits: [{}] });
    await expect(access(canary)).rejects.toThrow();
  });

  it('believes nothing that it wrote about where the repository and its files are', async () => {
    const other = join(world.directory, 'other');
    const canary = join(world.directory, 'canary');
    const report = await agentRuns(
      [
        `mkdir -p ${other} .git/info`,
        `echo '* filter=evil' > .git/info/attributes`,
        `git config extensions.worktreeConfig true`,
        `git config --worktree filter.evil.clean 'env >> ${canary}; cat'`,
        `printf '[filter "evil"]\\n\\tclean = env >> ${canary}; cat\\n' > ${other}/included`,
        `git config include.path ${other}/included`,
        `git config core.worktree ${other}`,
      ].join('\n'),
    );
    expect(report).toMatchObject({ outcome: 'done', commits: [{}] });
    expect(await world.repository.files(branch)).toContain('src/coupon.ts');
    await expect(access(canary)).rejects.toThrow();
  });

  it('does not follow a repository that it put elsewhere', async () => {
    const report = await agentRuns('mv .git ../moved && ln -s ../moved .git');
    expect(report).toMatchObject({ outcome: 'failed', problem: { code: 'checkout-failed' } });
    expect(await branches()).toBe('');
  });

  it('finds no repository beside it that the token is used in', async () => {
    const canary = join(world.directory, 'canary');
    const report = await agentRuns(
      [
        `ls -d "$TMPDIR"/remote-* >> ${canary}`,
        `for r in "$TMPDIR"/remote-* ../tmp/remote-* ${world.directory}/temp/remote-*; do`,
        '  [ -f "$r/config" ] && git config -f "$r/config" http.proxy http://127.0.0.1:9',
        'done',
        'true',
      ].join('\n'),
    );
    expect(report).toMatchObject({ outcome: 'done', commits: [{}] });
    expect(await readFile(canary, 'utf8')).toBe('');
  });

  it('ends with what to do when it deleted the repository', async () => {
    const report = await agentRuns('rm -rf .git');
    expect(report).toMatchObject({ outcome: 'failed', problem: { code: 'checkout-failed' } });
    expect(await reportOf({ plan: writes })).toMatchObject({ outcome: 'done' });
  });

  it.each([
    ['the repository by a file', 'rm -rf .git && echo "gitdir: /etc" > .git'],
    ['the repository by a link', 'rm -rf .git && ln -s /etc .git'],
    ['the objects by a link', 'rm -rf .git/objects && ln -s /etc .git/objects'],
    ['the checkout by a file', 'd=$(pwd) && cd / && rm -rf "$d" && touch "$d"'],
  ])('recovers on the next run when it replaced %s', async (_name, script) => {
    await agentRuns(script);
    expect(await reportOf({ plan: writes })).toMatchObject({ outcome: 'done' });
  });
});

describe('run with the real CLI', () => {
  const tasks = [
    {
      match: /implement/,
      needs: ['a.txt'],
      edits: [{ path: 'src/coupon.js', content: 'export const coupon = 1;\n' }],
      run: [],
      answer: 'Implemented.',
    },
    {
      match: /add tests/,
      needs: ['a.txt', 'src/coupon.js'],
      edits: [
        {
          path: 'test/coupon.test.js',
          content:
            "import assert from 'node:assert';\nimport test from 'node:test';\nimport { coupon } from '../src/coupon.js';\n\ntest('coupon', () => assert.equal(coupon, 1));\n",
        },
      ],
      run: ['node --test'],
      answer: 'Tested: {tests}.',
    },
  ];

  it('continues the conversation, from the cache, after the directory was emptied', async () => {
    const key = 'sk-ant-real-key-0123456789';
    const model = await startModel({ tasks, apiKey: key });
    try {
      const inputs = {
        'claude-path': realClaude,
        'anthropic-api-key': key,
        'anthropic-base-url': model.url,
        model: 'claude-sonnet-4-5',
      };
      const first = await reportOf({ instruction: 'implement this', inputs });
      expect(first).toMatchObject({
        outcome: 'done',
        summary: 'Implemented.',
        denials: [],
        session: { mode: 'fresh', generation: 1 },
      });

      const before = model.requests.length;
      const target = { pullRequest: 7 };
      const second = await reportOf({
        instruction: 'add tests',
        context: '',
        inputs,
        session: { generation: 1 },
        target,
      });
      expect(second).toMatchObject({
        outcome: 'done',
        summary: expect.stringMatching(/^Tested: /),
        denials: [],
        notices: [],
        session: { id: first.session?.id, mode: 'resume', generation: 2 },
      });
      expect(await world.repository.files(branch)).toEqual([
        'a.txt',
        'package.json',
        'src/coupon.js',
        'test/coupon.test.js',
      ]);
      const firstRequest = model.requests[before];
      expect(firstRequest?.usage.cache_read_input_tokens).toBeGreaterThan(
        (first.session?.contextTokens ?? 0) * 0.8,
      );
    } finally {
      await model.close();
    }
  });
});
