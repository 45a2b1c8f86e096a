import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startModel } from '../../../demo/model/server.ts';
import { claudeCode } from '../../../src/engines/claude-code/claude-code.ts';
import { hiddenFiles } from '../../../src/engines/claude-code/hidden-files.ts';
import { findIsolation } from '../../../src/engines/claude-code/isolation.ts';
import { isRunning, until } from '../../fakes/processes.ts';
import { pathForTools, realClaude } from '../../fakes/real-claude.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const env = { PATH: pathForTools };
const platform = process.platform;

let root: Awaited<ReturnType<typeof temporaryDirectory>>;
let at: (path: string) => string;
beforeEach(async () => {
  root = await temporaryDirectory();
  at = (path) => join(root.path, path);
  for (const path of ['all/mine', 'all/theirs', 'work']) await mkdir(at(path), { recursive: true });
  for (const path of ['all/mine/a', 'all/theirs/b', 'key']) await writeFile(at(path), 'secret');
});
afterEach(() => root.remove());

async function isolated() {
  const files = await hiddenFiles({ hidden: [at('all'), at('key')], needed: [at('all/mine')], programs: [] });
  const answer = await findIsolation(files, { env, cwd: root.path, platform });
  if (answer.outcome === 'not-isolated') throw new Error(answer.reason);
  return answer.isolate;
}

async function shell(text: string) {
  const isolate = await isolated();
  const { command, args } = isolate({ command: 'sh', args: ['-c', text] });
  return await execa(command, args, { cwd: root.path, env, extendEnv: false, reject: false });
}

const possible = await findIsolation({ hidden: [], kept: [] }, { env, cwd: import.meta.dirname, platform });

describe.runIf(possible.outcome === 'isolated')('a program that is isolated', () => {
  it('sees its own part of what is hidden, can write there, and nothing else', async () => {
    const { stdout } = await shell('find all -type f; cat all/mine/a key; echo new > all/mine/new; pwd');
    expect(stdout.split('\n')).toEqual(['all/mine/a', `secret${root.path}`]);
    expect(await readFile(at('all/mine/new'), 'utf8')).toBe('new\n');
    expect(await readFile(at('key'), 'utf8')).toBe('secret');
  });

  it.each([
    ['umount', 'umount all; umount key; umount /proc'],
    [
      'a namespace of its own',
      'unshare --user --map-root-user --mount --pid --fork sh -c "umount all; umount key; umount /proc"',
    ],
    ['the first process', 'kill -9 1; cat /proc/1/root/key /proc/1/root/all/theirs/b; ls /proc/1/fd'],
    ['the namespaces of the first process', 'nsenter --target 1 --mount --user cat key'],
  ])('cannot take the covers off by %s', async (_name, attempt) => {
    const { stdout, exitCode } = await shell(
      `${attempt}; echo; find all/theirs; cat key; ls /proc/${process.pid}/environ; cat /proc/self/status`,
    );
    expect(stdout).not.toContain('secret');
    expect(stdout).not.toContain(`/proc/${process.pid}`);
    expect(stdout).toMatch(/^CapEff:\s*0+$/m);
    expect(stdout).toMatch(/^CapBnd:\s*0+$/m);
    expect(stdout).toMatch(/^NoNewPrivs:\s*1$/m);
    expect(exitCode).toBe(0);
  });

  it('ends with its own exit code, and takes everything along that it started', async () => {
    const mark = `sleep-${randomUUID()}`;
    const { exitCode } = await shell(
      `setsid sh -c 'echo $0 > all/mine/started; sleep 600' ${mark} & while ! test -e all/mine/started; do sleep 0.1; done; exit 7`,
    );
    expect(exitCode).toBe(7);
    const { stdout } = await execa('ps', ['-eo', 'args'], { cwd: root.path });
    expect(stdout).not.toContain(mark);
  });

  it('goes with the process that keeps it', async () => {
    const isolate = await isolated();
    const { command, args } = isolate({ command: 'sh', args: ['-c', 'echo up; sleep 600'] });
    const running = execa(command, args, { cwd: root.path, env, extendEnv: false, reject: false });
    await once(running.stdout, 'data');
    const { stdout } = await execa('ps', ['-eo', 'pid,args'], { cwd: root.path });
    const pids = stdout
      .split('\n')
      .filter((line) => line.includes(at('key')))
      .map((line) => Number.parseInt(line, 10));
    expect(pids.length).toBeGreaterThan(1);
    running.kill('SIGKILL');
    await running;
    await until(async () => !(await Promise.all(pids.map(isRunning))).includes(true));
  });

  it('is the real CLI that can be cancelled, and resumed after it', async () => {
    for (const name of ['config', 'home', 'tmp']) await mkdir(at(name));
    await writeFile(at('work/wait.mjs'), 'setTimeout(() => undefined, 600_000);\n');
    const tasks = [
      { match: /wait/, needs: [], edits: [], run: ['node wait.mjs'], answer: 'Waited.' },
      { match: /again/, needs: [], edits: [], run: [], answer: 'Again.' },
    ];
    const model = await startModel({ tasks });
    try {
      const engine = claudeCode({
        command: realClaude,
        env: { ...env, LANG: 'C.UTF-8' },
        homeDirectory: at('home'),
        temporaryDirectory: at('tmp'),
        projectFolder: 'work',
        baseUrl: model.url,
        apiKey: 'run-key',
        isolate: await isolated(),
        grace: { interruptMs: 20_000, terminateMs: 5_000 },
      });
      const sessionId = randomUUID();
      const task = {
        sessionId,
        workingDirectory: at('work'),
        configDirectory: at('config'),
        model: 'claude-sonnet-4-5',
        allowedTools: ['Bash(node wait.mjs)'],
      };
      const controller = new AbortController();
      const stopAtTool = ({ type }: { type: string }) => {
        if (type === 'tool') setTimeout(() => controller.abort(), 1_000);
      };
      const first = await engine.run(
        { ...task, prompt: 'wait', mode: 'fresh' },
        stopAtTool,
        controller.signal,
      );
      expect(first.stopReason).toBe('cancelled');
      const never = new AbortController().signal;
      const again = await engine.run({ ...task, prompt: 'again', mode: 'resume' }, () => undefined, never);
      expect(again).toMatchObject({ stopReason: 'completed', summary: 'Again.', sessionId });
    } finally {
      await model.close();
    }
  });
});

describe('findIsolation', () => {
  const nothing = { hidden: [], kept: [] };

  it('says why there is none', async () => {
    const without = { env: { PATH: root.path }, cwd: root.path };
    expect(await findIsolation(nothing, { ...without, platform: 'darwin' })).toMatchObject({
      outcome: 'not-isolated',
      reason: 'only Linux has it',
    });
    expect(await findIsolation(nothing, { ...without, platform: 'linux' })).toMatchObject({
      outcome: 'not-isolated',
      reason: expect.stringContaining('unshare'),
    });
  });

  it('is not content with a program that changes nothing', async () => {
    const fake = '#!/bin/sh\nexec readlink /proc/self/ns/pid\n';
    await writeFile(at('work/unshare'), fake, { mode: 0o755 });
    const answer = await findIsolation(nothing, {
      env: { PATH: `${at('work')}:${pathForTools}` },
      cwd: root.path,
      platform: 'linux',
    });
    expect(answer).toEqual({ outcome: 'not-isolated', reason: 'it changed nothing' });
  });
});

describe('hiddenFiles', () => {
  it('covers what is there, and keeps what is needed within it', async () => {
    await symlink(at('all'), at('link'));
    const files = await hiddenFiles({
      hidden: [at('link'), at('all/theirs'), at('key'), at('missing'), '/'],
      needed: [at('all/mine'), at('work')],
      programs: [at('all/theirs/b'), at('work')],
    });
    expect(files).toEqual({ hidden: [at('all'), at('key')], kept: [at('all/mine'), at('all/theirs')] });
  });
});
