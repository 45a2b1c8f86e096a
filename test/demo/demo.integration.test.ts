import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

test('the demo turns a ticket into a pull request and continues its session, and cleans up', async () => {
  const temporary = await mkdtemp(join(tmpdir(), 'dexter-test-demo-'));
  const { stdout, stderr } = await run(process.execPath, ['demo/main.ts', '--exit', '--json'], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: '/nonexistent', TMPDIR: temporary },
  });
  const result = JSON.parse(stdout);
  const [first, second] = result.commands;
  expect(result.commands).toHaveLength(2);
  expect(first).toMatchObject({
    source: 'jira',
    issueKey: 'SHOP-42',
    status: 'done',
    mode: 'fresh',
    choice: 'fresh',
    reason: 'there is no earlier conversation',
    commits: 1,
  });
  expect(second).toMatchObject({
    source: 'github',
    issueKey: 'SHOP-42',
    status: 'done',
    mode: 'resume',
    choice: 'warm',
    reason: expect.stringMatching(/^the prompt cache still holds the conversation \(\d+ s old\)$/),
    commits: 1,
  });
  expect(second.estimatedCostSaved).toBeGreaterThan(second.costUsd);
  expect(second.estimatedTokensSaved).toBeGreaterThan(10_000);
  expect(second.sessionId).toBe(first.sessionId);
  expect(second.cacheReadTokens).toBeGreaterThan(10 * second.cacheWriteTokens);
  expect(second.costUsd).toBeLessThan(first.costUsd);
  expect(result.pullRequest).toMatchObject({ number: 1, commits: 2 });
  expect(result.jiraComments).toBe(3);
  expect(stderr).toMatch(/done in \d+ s · new session · \$0\.\d\d · /);
  expect(stderr).toMatch(/ · resumed \(warm, \d+ s old\) · \$0\.\d\d · \d\d % less than a cold start · /);
  expect(stderr).toContain('Simulated here:  GitHub, JIRA, the model');
  expect(stderr).toMatch(/the tests on dexter\/SHOP-42-\S+ pass: 24/);
  expect(await readdir(temporary)).toEqual([]);
  await rmdir(temporary);
});

test('the demo plays the story with the direct engine, after a plan that changes nothing', async () => {
  const temporary = await mkdtemp(join(tmpdir(), 'dexter-test-demo-'));
  const args = ['demo/main.ts', '--engine', 'anthropic-api', '--exit', '--json'];
  const { stdout, stderr } = await run(process.execPath, args, {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: '/nonexistent', TMPDIR: temporary },
  });
  const { commands, pullRequest } = JSON.parse(stdout);
  const [plan, ...others] = commands;
  expect(plan).toMatchObject({ status: 'done', mode: 'fresh', commits: 0, engine: 'anthropic-api' });
  expect(others).toHaveLength(2);
  for (const next of others) {
    expect(next).toMatchObject({ status: 'done', mode: 'resume', commits: 1, engine: 'anthropic-api' });
    expect(next.sessionId).toBe(plan.sessionId);
    expect(next.cacheReadTokens).toBeGreaterThan(5 * next.cacheWriteTokens);
  }
  expect(pullRequest).toMatchObject({ number: 1, commits: 2 });
  expect(stderr).toContain('1. `src/coupons.ts`: a coupon takes off');
  expect(stderr).not.toContain('Starting Claude Code');
  expect(await readdir(temporary)).toEqual([]);
  await rmdir(temporary);
});

test.each(['started a run', 'Run npm test'])(
  'Ctrl-C after "%s" leaves no process and no file',
  async (moment) => {
    const temporary = await mkdtemp(join(tmpdir(), 'dexter-test-demo-'));
    const demo = spawn(process.execPath, ['demo/main.ts', '--exit'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: '/nonexistent', TMPDIR: temporary },
    });
    try {
      const exit = once(demo, 'exit');
      let told = '';
      for await (const text of demo.stdout.setEncoding('utf8')) {
        const before = told.includes(moment);
        told += text;
        if (!before && told.includes(moment)) demo.kill('SIGINT');
      }
      expect(await exit, told).toEqual([130, null]);
      expect(told).not.toContain('2. A comment on the pull request');
      expect(await readdir(temporary)).toEqual([]);
      expect(await processesThatMention(temporary)).toEqual([]);
    } finally {
      demo.kill('SIGKILL');
      await rm(temporary, { recursive: true, force: true });
    }
  },
);

/** Command lines of the processes that have the text in it or in their environment; needs /proc. */
async function processesThatMention(text: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    // Gone meanwhile, or somebody else's.
    const read = (file: string) => readFile(`/proc/${name}/${file}`, 'latin1').catch(() => '');
    const [line, environment] = await Promise.all([read('cmdline'), read('environ')]);
    if (line.includes(text) || environment.includes(text)) found.push(line.replaceAll('\0', ' '));
  }
  return found;
}
