import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rmdir } from 'node:fs/promises';
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
    commits: 1,
  });
  expect(second).toMatchObject({
    source: 'github',
    issueKey: 'SHOP-42',
    status: 'done',
    mode: 'resume',
    commits: 1,
  });
  expect(second.sessionId).toBe(first.sessionId);
  expect(second.cacheReadTokens).toBeGreaterThan(10 * second.cacheWriteTokens);
  expect(second.costUsd).toBeLessThan(first.costUsd);
  expect(result.pullRequest).toMatchObject({ number: 1, commits: 2 });
  expect(result.jiraComments).toBe(3);
  expect(stderr).toContain('Simulated here:  GitHub, JIRA, the model');
  expect(stderr).toMatch(/the tests on dexter\/SHOP-42-\S+ pass: 24/);
  expect(await readdir(temporary)).toEqual([]);
  await rmdir(temporary);
});
