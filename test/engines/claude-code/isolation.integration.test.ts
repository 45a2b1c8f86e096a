import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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
  const directories = ['all/mine', 'all/theirs', 'all/tool/bin', 'later/action/dist', 'later/mine', 'work'];
  for (const path of directories) await mkdir(at(path), { recursive: true });
  for (const path of ['all/mine/a', 'all/theirs/b', 'key']) await writeFile(at(path), 'secret');
  for (const path of ['all/tool/bin/run', 'later/action/dist/post.js']) await writeFile(at(path), 'true');
});
afterEach(() => root.remove());

async function isolated() {
  const hiding = await hiddenFiles({
    hidden: [at('all'), at('key')],
    needed: [at('all/mine'), at('later/mine')],
    programs: [at('all/tool/bin/run')],
    readOnly: [at('later/action'), at('later')],
  });
  if (hiding.outcome !== 'hidden') throw new Error(hiding.path);
  const { files } = hiding;
  const answer = await findIsolation(files, { env, cwd: root.path, platform });
  if (answer.outcome === 'not-isolated') throw new Error(answer.reason);
  return answer.isolate;
}

async function shell(text: string) {
  const isolate = await isolated();
  const { command, args } = isolate({ command: 'sh', args: ['-c', text] });
  return await execa(command, args, { cwd: root.path, env, extendEnv: false, reject: false });
}

const nothing = { hidden: [], kept: [], readOnly: [], anchored: [] };
const possible = await findIsolation(nothing, { env, cwd: import.meta.dirname, platform });

describe.runIf(possible.outcome === 'isolated')('a program that is isolated', () => {
  it('sees its own part of what is hidden, can write there, and nothing else', async () => {
    const { stdout } = await shell(
      'find all -type f | sort; cat all/mine/a key; echo new > all/mine/new; pwd',
    );
    expect(stdout.split('\n')).toEqual(['all/mine/a', 'all/tool/bin/run', `secret${root.path}`]);
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

  it.each([
    ['writing', 'echo bad > FILE'],
    ['removing', 'rm -f FILE'],
    ['a change of its mode', 'chmod 777 FILE'],
    ['another file in its place', 'echo bad > work/bad; mv -f work/bad FILE'],
    ['a link in its place', 'ln -sf /dev/null FILE'],
    ['a new file beside it', 'echo bad > FILE.new'],
    ['another mount', 'mount -o remount,bind,rw later; echo bad > FILE'],
    [
      'a namespace of its own',
      'unshare --user --map-root-user --mount sh -c "mount -o remount,bind,rw later; umount later/action; umount later; echo bad > FILE"',
    ],
  ])('cannot change by %s what is read-only', async (_name, attempt) => {
    for (const file of ['later/action/dist/post.js', 'all/tool/bin/run']) {
      const { stdout } = await shell(
        `${attempt.replaceAll('FILE', file)}; cat ${file}; test -e ${file}.new && echo new`,
      );
      expect(stdout).toBe('true');
      expect(await readFile(at(file), 'utf8')).toBe('true');
      expect((await stat(at(file))).mode & 0o777).toBe(0o644);
      expect((await readdir(dirname(at(file)))).length).toBe(1);
    }
  });

  it('cannot rename what is read-only or hidden, nor a directory around it', async () => {
    const names = ['later/action', 'later', 'all', 'all/tool', 'key', root.path];
    const { stdout } = await shell(names.map((name) => `mv ${name} ${name}.old && echo moved`).join('; '));
    expect(stdout).toBe('');
    expect((await readdir(root.path)).toSorted()).toEqual(['all', 'key', 'later', 'work']);
  });

  it('can write what it needs within what is read-only, and what is neither', async () => {
    const { stderr } = await shell('echo 1 > later/mine/new; echo 2 > work/new; echo 3 > all/mine/new');
    expect(stderr).toBe('');
    const written = ['later/mine/new', 'work/new', 'all/mine/new'].map((path) => readFile(at(path), 'utf8'));
    expect(await Promise.all(written)).toEqual(['1\n', '2\n', '3\n']);
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

  it('is not content when something cannot be made read-only', async () => {
    const answer = await findIsolation(
      { ...nothing, readOnly: [root.path] },
      { env: { PATH: `${at('work')}:${pathForTools}` }, cwd: root.path, platform },
    );
    expect(answer.outcome).toBe(possible.outcome);
    const fake = '#!/bin/sh\ncase "$*" in *remount*) echo no remount >&2; exit 1;; esac\nexit 0\n';
    await writeFile(at('work/mount'), fake, { mode: 0o755 });
    expect(
      await findIsolation(
        { ...nothing, readOnly: [root.path] },
        { env: { PATH: `${at('work')}:${pathForTools}` }, cwd: root.path, platform: 'linux' },
      ),
    ).toMatchObject({ outcome: 'not-isolated' });
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
      readOnly: [at('later/action'), at('missing'), '/'],
    });
    expect(files).toMatchObject({
      outcome: 'hidden',
      files: {
        hidden: [at('all'), at('key')],
        kept: [at('all/mine'), at('all/theirs')],
        readOnly: [at('all/theirs'), at('later/action')],
        anchored: expect.arrayContaining([root.path, at('later')]),
      },
    });
  });

  it('says when what is needed lies directly in what is to be hidden', async () => {
    const nothingElse = { hidden: [at('all/theirs')], needed: [], programs: [], readOnly: [] };
    const inTheOpen = { outcome: 'in-the-open', path: at('all/theirs') };
    expect(await hiddenFiles({ ...nothingElse, programs: [at('all/theirs/b')] })).toEqual(inTheOpen);
    expect(await hiddenFiles({ ...nothingElse, needed: [at('all/theirs')] })).toEqual(inTheOpen);
  });
});
