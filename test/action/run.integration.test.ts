import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Report } from '../../src/core/report.ts';
import { tokens } from '../fakes/forge.ts';
import { isRunning, until } from '../fakes/processes.ts';
import { git } from '../fakes/repository.ts';
import { createWorld, type Ended, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const branch = 'dexter/DXTR-1-coupons';

/** Where the fake CLI writes, relative to its working directory. */
const writes = { write: { 'src/coupon.ts': 'export {};\n' } };

function lastReport(): Report {
  const report = world.forge.reports.at(-1);
  if (!report) throw new Error('no report');
  return report;
}

async function sessionFolder(): Promise<string> {
  const work = join(world.workspace, 'work');
  const [key = ''] = await readdir(work);
  return join(work, key);
}

async function expectTidy(): Promise<void> {
  const folder = await sessionFolder();
  const left = (await readdir(folder)).filter((name) => name !== 'checkout');
  expect(left, 'only what says whose it is').toEqual(['workspace.json']);
}

function follow(generation: number, session = {}) {
  return { session: { generation, ...session }, target: { pullRequest: 7 } };
}

describe('a run', () => {
  it('makes a branch, a commit and a pull request, saves the session, and reports', async () => {
    const commandId = randomUUID();
    const ended = await world.run({ commandId, plan: writes });
    expect(ended.exitCode, ended.output).toBe(0);

    expect(await world.repository.subjects(branch)).toEqual([
      'DXTR-1: Coupons',
      'Change a.txt, package.json',
    ]);
    expect(await world.repository.show(branch, 'src/coupon.ts')).toBe('export {};');
    const message = await git(world.repository.path, 'log', '-1', '--format=%an <%ae>%n%B', branch);
    expect(message.trim().split('\n')).toEqual([
      'dexter[bot] <dexter@example.com>',
      'DXTR-1: Coupons',
      '',
      `Dexter-Command: ${commandId}`,
      'Requested-by: Ann Example',
    ]);
    expect(world.forge.pullRequests).toEqual([
      {
        head: branch,
        base: 'main',
        title: 'DXTR-1: Coupons',
        body: 'Ticket: [DXTR-1](<https://jira.example.com/browse/DXTR-1>)\n\nFake answer.',
        number: 7,
        open: true,
      },
    ]);
    expect(world.forge.claims).toEqual([
      { claimant: expect.any(String), runUrl: '', runnerName: 'tester', wantsSnapshot: false },
    ]);
    expect(lastReport()).toMatchObject({
      outcome: 'done',
      summary: 'Fake answer.',
      session: { mode: 'fresh', generation: 1, engineVersion: '9.9.9', model: 'claude-fake-1' },
      usage: { inputTokens: 10, cacheReadTokens: 20, cacheWriteTokens: 30, outputTokens: 40 },
      costUsd: 0.25,
      commits: [{ title: 'DXTR-1: Coupons' }],
      pullRequest: { number: 7, branch },
      denials: [],
      notices: [],
    });
    expect(ended.outputs).toMatchObject({ outcome: 'done', 'pull-request': '7' });
    expect(ended.summary).toContain('✅ Done: DXTR-1');
    expect(world.forge.heartbeats.length).toBeGreaterThan(0);
    await expectTidy();
  });

  it('continues the session on the pull request, without opening another one', async () => {
    const record = join(world.directory, 'record.json');
    await world.run({ plan: writes });
    const first = lastReport();
    const ended = await world.run({
      ...follow(1),
      plan: { record, write: { 'src/coupon.test.ts': '' } },
      instruction: undefined,
    });
    expect(ended.exitCode, ended.output).toBe(0);
    const second = lastReport();
    expect(second).toMatchObject({
      outcome: 'done',
      session: { id: first.session?.id, mode: 'resume', generation: 2 },
      pullRequest: { number: 7, url: `${world.forge.url}/acme/shop/pull/7`, branch },
      notices: [],
    });
    expect(second.session?.ageSeconds).toBeLessThan(60);
    expect(second.commits).toHaveLength(1);
    expect(world.forge.pullRequests).toHaveLength(1);
    expect(await world.repository.subjects(branch)).toHaveLength(3);

    const seen = JSON.parse(await readFile(record, 'utf8'));
    expect(seen.argv).toEqual(expect.arrayContaining(['--resume', first.session?.id]));
    expect(seen.prompt).not.toContain('You are working on a ticket');
    expect(seen.prompt).not.toContain('Notes from Dexter');
    expect(seen.prompt).toContain('## Data: DXTR-1, as it is now');
  });

  it('works in the same directory each time, with nothing left there from the time before', async () => {
    const record = join(world.directory, 'record.json');
    await world.run({ plan: { ...writes, record } });
    const first = JSON.parse(await readFile(record, 'utf8'));
    const checkout = join(await sessionFolder(), 'checkout');
    await writeFile(join(checkout, 'left-over.txt'), 'x');
    await writeFile(
      join(checkout, '.git/config'),
      '[core]\n\tfsmonitor = touch /tmp/dexter-fsmonitor-canary\n',
      { flag: 'a' },
    );
    await mkdir(join(checkout, '.git/hooks'), { recursive: true });
    await writeFile(
      join(checkout, '.git/hooks/post-checkout'),
      '#!/bin/sh\ntouch /tmp/dexter-hook-canary\n',
      { mode: 0o755 },
    );
    await world.run({ ...follow(1), plan: { record } });
    const second = JSON.parse(await readFile(record, 'utf8'));
    expect(second.cwd).toBe(first.cwd);
    expect(await readdir(checkout)).not.toContain('left-over.txt');
    expect(await readFile(join(checkout, '.git/config'), 'utf8')).not.toContain('fsmonitor');
    for (const canary of ['/tmp/dexter-fsmonitor-canary', '/tmp/dexter-hook-canary'])
      await expect(access(canary)).rejects.toThrow();
  });

  it('keeps every secret from the agent and from the log', async () => {
    const record = join(world.directory, 'record.json');
    const key = 'sk-ant-api03-canary-canary-canary';
    const ended = await world.run({
      plan: { ...writes, record },
      inputs: { 'anthropic-api-key': key, 'anthropic-base-url': 'http://127.0.0.1:9' },
      env: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'canary-oidc', NODE_NO_WARNINGS: '1' },
    });
    expect(ended.exitCode, ended.output).toBe(0);
    const seen = await readFile(record, 'utf8');
    const secrets = [key, tokens.github, tokens.run, tokens.dispatch, 'canary-oidc', 'canary-github-token'];
    for (const secret of secrets) expect(seen).not.toContain(secret);
    expect(JSON.parse(seen).env).toMatchObject({
      ANTHROPIC_BASE_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    });
    const said = JSON.stringify([
      world.forge.reports,
      world.forge.heartbeats,
      world.forge.pullRequests,
      ended.summary,
    ]);
    for (const secret of secrets) expect(said).not.toContain(secret);
    const log = ended.output
      .split('\n')
      .filter((line) => !line.startsWith('::add-mask::'))
      .join('\n');
    for (const secret of secrets) expect(log).not.toContain(secret);
    const config = await readFile(join(await sessionFolder(), 'checkout/.git/config'), 'utf8');
    expect(config).not.toMatch(/extraheader|basic/i);
  });

  it('lets nothing that the model says become a command of the workflow or a mention', async () => {
    const text = '::set-output name=outcome::hacked\n##[add-path]/tmp/evil';
    const ended = await world.run({
      plan: {
        ...writes,
        lines: [
          {
            type: 'assistant',
            message: { id: '1', model: 'm', content: [{ type: 'text', text }], usage: {} },
          },
        ],
        result: { result: '@bob ![x](https://evil.example/x.png) <img src=y>' },
      },
    });
    expect(ended.outputs.outcome).toBe('done');
    expect(ended.output).not.toMatch(/^\s*::set-output name=outcome::hacked/m);
    expect(ended.output).not.toContain('##[add-path]');
    expect(world.forge.pullRequests[0]?.body).toContain('`@bob` x `<img src=y>`');
    expect(ended.summary).not.toMatch(/[^`]@bob|<img src=y>[^`]/);
  });

  it('makes no commit and no pull request when nothing changed', async () => {
    const ended = await world.run({ plan: { result: { result: 'Which coupon do you mean?' } } });
    expect(ended.exitCode).toBe(0);
    expect(lastReport()).toMatchObject({ outcome: 'done', commits: [], session: { generation: 1 } });
    expect(lastReport().pullRequest).toBeUndefined();
    expect(await git(world.repository.path, 'branch', '--list', 'dexter/*')).toBe('');
  });

  it('goes on a branch that exists already', async () => {
    await world.repository.commit(branch, { 'earlier.txt': 'x' }, 'main');
    await world.run({ plan: writes });
    expect(await world.repository.files(branch)).toEqual([
      'a.txt',
      'earlier.txt',
      'package.json',
      'src/coupon.ts',
    ]);
    expect(lastReport().pullRequest).toMatchObject({ number: 7 });
  });

  it('takes the open pull request of the branch when there is one', async () => {
    world.forge.pullRequests.push({
      head: branch,
      base: 'main',
      title: 'x',
      body: '',
      number: 3,
      open: true,
    });
    await world.run({ plan: writes });
    expect(lastReport().pullRequest).toMatchObject({ number: 3 });
    expect(world.forge.pullRequests).toHaveLength(1);
  });

  it('opens the pull request on the next run when it failed the first time, without new commits', async () => {
    world.forge.faults.push({ path: /\/pulls$/, status: 403 }, { path: /\/pulls$/, status: 403 });
    const failed = await world.run({ plan: writes });
    expect(failed.exitCode).toBe(1);
    expect(lastReport()).toMatchObject({
      outcome: 'failed',
      problem: { code: 'pull-request-failed', hint: expect.stringContaining(branch) },
      commits: [{ title: 'DXTR-1: Coupons' }],
      session: { generation: 1 },
    });
    await world.run({ session: { generation: 1 } });
    expect(lastReport()).toMatchObject({ outcome: 'done', commits: [], pullRequest: { number: 7 } });
  });

  it('lists what was denied', async () => {
    await world.run({
      plan: { result: { permission_denials: [{ tool_name: 'Bash' }, { tool_name: 'WebFetch' }] } },
    });
    expect(lastReport().denials).toEqual(['Bash', 'WebFetch']);
  });
});

describe('a claim', () => {
  it.each([409, 403])('that is refused with %i ends green, and starts no CLI', async (status) => {
    const record = join(world.directory, 'record.json');
    const body = { code: 'claimed', message: 'Another run has this command.', hint: 'None.' };
    world.forge.faults.push({ path: /\/claim$/, status, body });
    const ended = await world.run({ plan: { record } });
    expect(ended.exitCode).toBe(0);
    expect(ended.output).toContain('::notice::Nothing to do: Another run has this command. None.');
    expect(ended.outputs.outcome).toBe('refused');
    await expect(access(record)).rejects.toThrow();
    expect(world.forge.reports).toEqual([]);
    const post = await world.post(ended);
    expect(post.exitCode).toBe(0);
    expect(world.forge.reports).toEqual([]);
  });

  it.each([404, 403])('that something before the app answers with %i fails', async (status) => {
    world.forge.faults.push({ path: /\/claim$/, status, body: { message: 'no such page' } });
    const ended = await world.run({});
    expect(ended.exitCode).toBe(1);
    expect(ended.output).toContain(
      `::error::The app refused this run: The app refused the request with HTTP ${status}.`,
    );
    expect(ended.outputs.outcome).not.toBe('refused');
  });

  it('with a mistake in the set-up fails, with what mends it', async () => {
    const body = { code: 'claim-refused', message: 'Dexter refused this: wrong.', hint: 'Set DEXTER_URL.' };
    world.forge.faults.push({ path: /\/claim$/, status: 401, body });
    const ended = await world.run({});
    expect(ended.exitCode).toBe(1);
    expect(ended.output).toContain(
      '::error::The app refused this run: Dexter refused this: wrong. Set DEXTER_URL.',
    );
  });

  it('with a wrong token fails and says why', async () => {
    const ended = await world.run({ env: { DEXTER_RUN_TOKEN: 'wrong-token' } });
    expect(ended.exitCode).toBe(1);
    expect(ended.output).toContain('::error::The app refused this run: Refused: unauthorized.');
  });

  it('is tried again while the app restarts', async () => {
    world.forge.faults.push({ path: /\/claim$/, status: 503 }, { path: /\/report$/, status: 502 });
    const ended = await world.run({});
    expect(ended.exitCode, ended.output).toBe(0);
    expect(world.forge.reports).toHaveLength(1);
  });
});

describe('a session', () => {
  it('that the app expects and the store does not have is started anew, with a notice', async () => {
    await world.run({ session: { generation: 4 } });
    expect(lastReport()).toMatchObject({
      outcome: 'done',
      session: { mode: 'fresh', generation: 1 },
      notices: [expect.stringContaining('could not be continued')],
    });
  });

  it('that is damaged is started anew as the next generation, with a notice', async () => {
    await world.run({ plan: writes });
    const [repository = ''] = (await readdir(join(world.workspace, 'sessions/1/20'))).map((key) =>
      join(world.workspace, 'sessions/1/20', key),
    );
    await writeFile(join(repository, 'gen-000001.dxs'), 'garbage');
    await world.run({ ...follow(1), plan: {} });
    expect(lastReport()).toMatchObject({
      outcome: 'done',
      session: { mode: 'fresh', generation: 2 },
      notices: [expect.stringContaining('could not be continued')],
    });
  });

  it('that the CLI does not know is started anew exactly once', async () => {
    await world.run({ plan: writes });
    const lost = {
      subtype: 'error_during_execution',
      is_error: true,
      errors: ['No conversation found with session ID: x'],
    };
    await world.run({
      ...follow(1),
      plan: [
        { when: 'resume', result: lost, exit: 1, transcript: false },
        { when: 'fresh', write: { 'b.txt': 'b' } },
      ],
    });
    expect(lastReport()).toMatchObject({
      outcome: 'done',
      session: { mode: 'fresh', generation: 2 },
      notices: [expect.stringContaining('No conversation found')],
      commits: [{}],
    });
    await world.run({ ...follow(2), plan: { result: lost, exit: 1 } });
    expect(lastReport()).toMatchObject({ outcome: 'failed', problem: { code: 'engine-failed' } });
  });

  it('is new when the person asks for it, and keeps the count of generations', async () => {
    await world.run({ plan: writes });
    const first = lastReport().session?.id;
    await world.run({ ...follow(1, { mode: 'fresh' }), plan: {} });
    const { session, notices } = lastReport();
    expect(session).toMatchObject({ mode: 'fresh', generation: 2 });
    expect(session?.id).not.toBe(first);
    expect(notices).toEqual([]);
  });

  it('is told when the branch has moved since', async () => {
    const record = join(world.directory, 'record.json');
    await world.run({ plan: writes });
    const moved = await world.repository.commit(branch, { 'theirs.txt': 'x' });
    await world.run({ ...follow(1), plan: { record } });
    expect(JSON.parse(await readFile(record, 'utf8')).prompt).toContain(`at commit ${moved.slice(0, 12)}`);
  });

  it('of one ticket is not the one of another', async () => {
    await world.run({ plan: writes });
    await world.run({ issueKey: 'DXTR-12', target: { branch: 'dexter/DXTR-12' } });
    expect(lastReport().session).toMatchObject({ mode: 'fresh', generation: 1 });
  });
});

describe('bad input', () => {
  it('is named at once, before anything is claimed', async () => {
    const ended = await world.run({
      issueKey: 'nonsense',
      commandId: 'x',
      inputs: { session: '{', 'timeout-minutes': 'soon', store: 'floppy' },
    });
    expect(ended.exitCode).toBe(1);
    for (const name of ['command-id', 'issue-key', 'session', 'timeout-minutes', 'store']) {
      expect(ended.output).toContain(`\`${name}\``);
    }
    expect(world.forge.claims).toEqual([]);
  });

  it('of a pull request whose branch was deleted ends with what to do', async () => {
    const ended = await world.run({ target: { pullRequest: 7, branch: 'gone' } });
    expect(ended.exitCode).toBe(1);
    expect(lastReport()).toMatchObject({
      outcome: 'failed',
      problem: {
        code: 'branch-gone',
        message: 'The branch `gone` does not exist any more.',
        hint: expect.stringContaining('Restore it'),
      },
    });
    expect(lastReport().session).toBeUndefined();
    await expectTidy();
  });

  it.each([
    '--upload-pack=touch x',
    'a..b',
    'refs/heads/x',
    'HEAD',
    'a b',
    '$(touch x)',
    'x.lock',
    'a@{1}',
    'main',
  ])('of a branch named %j is refused', async (name) => {
    await world.run({ target: { branch: name } });
    expect(lastReport()).toMatchObject({ outcome: 'failed', problem: { code: 'branch-unusable' } });
  });

  it('of a repository that cannot be read ends with what to do', async () => {
    world.forge.faults.push({ path: /info\/refs/, status: 404 });
    await world.run({});
    expect(lastReport()).toMatchObject({ outcome: 'failed', problem: { code: 'checkout-failed' } });
  });

  it('without a CLI on the runner ends with what to do', async () => {
    const ended = await world.run({ inputs: { 'claude-path': 'claude-is-not-here' } });
    expect(ended.exitCode).toBe(1);
    expect(ended.output).toContain('::error::Claude Code could not be started as `claude-is-not-here`');
    expect(lastReport()).toMatchObject({ outcome: 'failed', problem: { code: 'engine-missing' } });
    await expectTidy();
  });

  it('with a CLI that is logged out ends with what to do', async () => {
    await world.run({
      plan: { result: { is_error: true, result: 'Not logged in · Please run /login' }, exit: 1 },
    });
    expect(lastReport()).toMatchObject({
      outcome: 'failed',
      problem: { code: 'engine-logged-out', hint: expect.stringContaining('anthropic-api-key') },
    });
  });

  it('pushes no workflow file, keeps the work, and says where', async () => {
    const commandId = randomUUID();
    const plan = { write: { '.github/workflows/x.yml': 'on: push\n', 'src/coupon.ts': 'export {};\n' } };
    const ended = await world.run({ commandId, plan });
    expect(ended.exitCode).toBe(1);
    const report = lastReport();
    expect(report).toMatchObject({
      outcome: 'failed',
      problem: {
        code: 'push-refused',
        message: expect.stringContaining('`.github/workflows/x.yml` is a protected path'),
        hint: expect.stringContaining(`refs/dexter/unpushed/${commandId}`),
      },
      session: { generation: 1 },
    });
    expect(await git(world.repository.path, 'branch', '--list', 'dexter/*')).toBe('');
    expect(world.forge.pullRequests).toEqual([]);
    const checkout = join(await sessionFolder(), 'checkout');
    const kept = await git(checkout, 'rev-parse', `refs/dexter/unpushed/${commandId}`);
    expect(kept).toBe(report.commits[0]?.sha);

    await world.run({ plan, inputs: { 'push-checks': 'protected-paths: warn' } });
    expect(lastReport()).toMatchObject({
      outcome: 'done',
      notices: [expect.stringContaining('look at it: `.github/workflows/x.yml` is a protected path')],
    });
    expect(await world.repository.files(branch)).toContain('.github/workflows/x.yml');
  });

  it('of a push that is rejected keeps the work, and says where', async () => {
    const commandId = randomUUID();
    await world.repository.commit(branch, { 'earlier.txt': 'x' }, 'main');
    const started = await world.start({ commandId, plan: { ...writes, seconds: 2 } });
    await until(() => world.forge.heartbeats.some(({ step }) => step === 'Starting Claude Code'));
    await world.repository.commit(branch, { 'theirs.txt': 'x' });
    const ended = await started.ended;
    expect(ended.exitCode).toBe(1);
    const report = lastReport();
    expect(report).toMatchObject({
      outcome: 'failed',
      problem: {
        code: 'push-rejected',
        message: expect.stringContaining('moved'),
        hint: expect.stringContaining(`refs/dexter/unpushed/${commandId}`),
      },
      session: { generation: 1 },
      costUsd: 0.25,
    });
    expect(await world.repository.files(branch)).toContain('theirs.txt');
    const checkout = join(await sessionFolder(), 'checkout');
    const kept = await git(checkout, 'rev-parse', `refs/dexter/unpushed/${commandId}`);
    expect(kept).toBe(report.commits[0]?.sha);

    // The next run goes on from their commit, and the kept work is still there after it.
    await world.run({ ...follow(1), plan: { write: { 'more.txt': 'x' } } });
    expect(lastReport()).toMatchObject({ outcome: 'done', session: { mode: 'resume', generation: 2 } });
    expect(await git(checkout, 'rev-parse', `refs/dexter/unpushed/${commandId}`)).toBe(kept);
    expect(await world.repository.files(branch)).toEqual([
      'a.txt',
      'earlier.txt',
      'more.txt',
      'package.json',
      'theirs.txt',
    ]);
  });
});

describe('a run that does not come to its end', () => {
  it('because the CLI dies saves the session, pushes nothing, and says what happened', async () => {
    const ended = await world.run({
      plan: { ...writes, kill: 'SIGKILL', seconds: 0.1, stderr: 'out of memory' },
    });
    expect(ended.exitCode).toBe(1);
    expect(lastReport()).toMatchObject({
      outcome: 'failed',
      problem: { code: 'engine-failed', message: expect.stringMatching(/SIGKILL.*out of memory/s) },
      session: { generation: 1 },
      notices: [expect.stringContaining('refs/dexter/unpushed/')],
    });
    expect(await git(world.repository.path, 'branch', '--list', 'dexter/*')).toBe('');
    await world.run({ session: { generation: 1 }, plan: writes });
    expect(lastReport()).toMatchObject({ outcome: 'done', session: { mode: 'resume', generation: 2 } });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'because the runner sends %s reports within five seconds',
    async (signal) => {
      const child = join(world.directory, 'child.pid');
      const started = await world.start({ plan: { ...writes, child, seconds: 60 } });
      await until(async () => (await readFile(child, 'utf8').catch(() => '')) !== '');
      const signalled = performance.now();
      started.child.kill(signal);
      const ended = await started.ended;
      expect(performance.now() - signalled).toBeLessThan(5_000);
      expect(ended.exitCode, ended.output).toBe(0);
      expect(lastReport()).toMatchObject({ outcome: 'cancelled', session: { generation: 1 } });
      expect(await isRunning(Number(await readFile(child, 'utf8')))).toBe(false);
      await expectTidy();
    },
  );
});

describe('the post step', () => {
  it('does nothing after a run that reported', async () => {
    const main = await world.run({});
    const post = await world.post(main);
    expect(post.exitCode, post.output).toBe(0);
    expect(world.forge.reports).toHaveLength(1);
  });

  it('saves the session of a main step that was killed, ends its processes, and reports', async () => {
    const child = join(world.directory, 'child.pid');
    const started = await world.start({ plan: { ...writes, child, seconds: 60 } });
    await until(async () => (await readFile(child, 'utf8').catch(() => '')) !== '');
    started.child.kill('SIGKILL');
    const main: Ended = await started.ended;
    expect(world.forge.reports).toEqual([]);
    const pid = Number(await readFile(child, 'utf8'));
    expect(await isRunning(pid)).toBe(true);

    const post = await world.post(main);
    expect(post.exitCode, post.output).toBe(0);
    expect(await isRunning(pid)).toBe(false);
    expect(lastReport()).toMatchObject({
      outcome: 'failed',
      problem: { code: 'runner-lost' },
      session: { mode: 'fresh', generation: 1 },
    });
    await expectTidy();
    await world.run({ session: { generation: 1 } });
    expect(lastReport()).toMatchObject({ outcome: 'done', session: { mode: 'resume', generation: 2 } });
  });

  it('keeps the earlier session when a new one was killed before the model said anything', async () => {
    await world.run({ plan: writes });
    const earlier = lastReport().session?.id;
    const child = join(world.directory, 'child.pid');
    const plan = { child, seconds: 60, unanswered: true };
    const started = await world.start({ ...follow(1, { mode: 'fresh' }), plan });
    await until(async () => (await readFile(child, 'utf8').catch(() => '')) !== '');
    started.child.kill('SIGKILL');
    const post = await world.post(await started.ended);
    expect(post.exitCode, post.output).toBe(0);
    expect(lastReport()).toMatchObject({
      problem: { code: 'runner-lost' },
      session: { mode: 'fresh', generation: 0 },
    });
    await world.run({ ...follow(1), plan: {} });
    expect(lastReport().session).toMatchObject({ id: earlier, mode: 'resume', generation: 2 });
  });

  it('delivers a report that the main step could not', async () => {
    const { workspace } = world;
    const main = await world.run({ plan: writes });
    const [report] = world.forge.reports.splice(0);
    const state: { commandId: string } = JSON.parse(main.state.run ?? '');
    await writeFile(
      join(world.directory, 'temp', `dexter-report-${state.commandId}.json`),
      JSON.stringify(report),
    );
    const { reported: _, ...unreported } = main.state;
    const post = await world.post({ ...main, state: unreported });
    expect(post.exitCode, post.output).toBe(0);
    expect(world.forge.reports).toEqual([report]);
    expect(await readdir(join(world.directory, 'temp'))).toEqual([]);
    expect(await readdir(workspace)).toContain('sessions');
  });

  it('finds out what there is when the report that was left cannot be read', async () => {
    const child = join(world.directory, 'child.pid');
    const started = await world.start({ plan: { ...writes, child, seconds: 60 } });
    await until(async () => (await readFile(child, 'utf8').catch(() => '')) !== '');
    started.child.kill('SIGKILL');
    const main = await started.ended;
    const { commandId }: { commandId: string } = JSON.parse(main.state.run ?? '');
    await writeFile(join(world.directory, 'temp', `dexter-report-${commandId}.json`), '{"outcome":');
    const post = await world.post(main);
    expect(post.exitCode, post.output).toBe(0);
    expect(world.forge.reports).toMatchObject([
      { problem: { code: 'runner-lost' }, session: { generation: 1 } },
    ]);
    expect(await readdir(join(world.directory, 'temp'))).toEqual([]);
  });

  it.each<[string, RegExp, Record<string, unknown>]>([
    ['while it pushed', /git-receive-pack$/, { outcome: 'failed', problem: { code: 'runner-lost' } }],
    ['after it pushed', /\/pulls$/, { outcome: 'failed', problem: { code: 'runner-lost' } }],
    ['while it reported', /\/report$/, { outcome: 'done', pullRequest: { number: 7 } }],
  ])(
    'says what stands when the main step was killed %s, and saves nothing twice',
    async (_, path, expected) => {
      const started = await world.start({ plan: writes });
      // From here on this is never answered.
      const hangs = { path, status: 0 };
      world.forge.faults.push(hangs);
      await until(() => !world.forge.faults.includes(hangs));
      started.child.kill('SIGKILL');
      const main = await started.ended;
      expect(world.forge.reports).toEqual([]);

      const post = await world.post(main);
      expect(post.exitCode, post.output).toBe(0);
      const isPushed = !String(path).includes('receive-pack');
      expect(world.forge.reports).toMatchObject([
        { ...expected, commits: [{ title: 'DXTR-1: Coupons' }], session: { generation: 1, mode: 'fresh' } },
      ]);
      const { notices } = lastReport();
      expect(notices.some((notice) => notice.includes('were not pushed'))).toBe(!isPushed);
      expect((await git(world.repository.path, 'branch', '--list', 'dexter/*')) !== '').toBe(isPushed);
      await expectTidy();
      await world.run({ session: { generation: 1 } });
      expect(lastReport()).toMatchObject({ outcome: 'done', session: { mode: 'resume', generation: 2 } });
    },
  );

  it('delivers the end of a job that was cancelled while the app was away', async () => {
    const child = join(world.directory, 'child.pid');
    const started = await world.start({ plan: { ...writes, child, seconds: 60 } });
    await until(async () => (await readFile(child, 'utf8').catch(() => '')) !== '');
    const hangs = { path: /\/report$/, status: 0 };
    world.forge.faults.push(hangs);
    // As a runner does it: it asks, asks again, and ends the process.
    started.child.kill('SIGINT');
    await until(() => !world.forge.faults.includes(hangs));
    started.child.kill('SIGTERM');
    started.child.kill('SIGKILL');
    const post = await world.post(await started.ended);
    expect(post.exitCode, post.output).toBe(0);
    expect(world.forge.reports).toMatchObject([{ outcome: 'cancelled', session: { generation: 1 } }]);
    await expectTidy();
  });

  it('is not needed by a run on a full disk, which says so', async () => {
    const ended = await world.run({ plan: writes, env: { GITHUB_STATE: '/dev/full' } });
    expect(ended.exitCode, ended.output).toBe(0);
    expect(ended.output).toContain('The post step was not told how far the run is: ENOSPC');
    expect(lastReport()).toMatchObject({ outcome: 'done', session: { generation: 1 } });
  });

  it('does nothing when nothing was claimed', async () => {
    const main = await world.run({ commandId: 'x' });
    const post = await world.post(main);
    expect(post.exitCode, post.output).toBe(0);
    expect(world.forge.reports).toEqual([]);
  });
});
