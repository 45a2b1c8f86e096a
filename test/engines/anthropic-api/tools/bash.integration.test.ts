import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { runRunnableTool } from '@anthropic-ai/sdk/lib/tools/BetaRunnableTool';
import { expect, onTestFinished, test, vi } from 'vitest';
import { builtInTools } from '../../../../src/engines/anthropic-api/tools/built-in-tools.ts';
import { findIsolation, type Program } from '../../../../src/engines/claude-code/isolation.ts';
import { temporaryDirectory } from '../../../fakes/temporary-directory.ts';

const nodeFolder = join(process.execPath, '..');
const env = { PATH: `${nodeFolder}:${process.env.PATH}`, HOME: '/nowhere', BASH_ENV: '/nowhere/x', ONE: '1' };

interface Setup {
  rules?: readonly string[];
  isolate?: (program: Program) => Program;
}

async function shell({ rules = ['Bash'], isolate }: Setup = {}) {
  const directory = await temporaryDirectory();
  onTestFinished(directory.remove);
  const path = join(directory.path, 'checkout');
  await mkdir(path);
  const denials: string[] = [];
  const { tools, close } = builtInTools({
    workingDirectory: path,
    allowedTools: rules,
    env,
    isolate,
    temporaryDirectory: directory.path,
    onDenied: (name) => denials.push(name),
  });
  onTestFinished(close);
  const stop = new AbortController();
  async function run(command: string, more: Record<string, unknown> = {}) {
    const tool = tools.find(({ name }) => name === 'Bash');
    if (tool === undefined) throw new Error('Bash is not offered');
    const input = { command, ...more };
    const toolUse = { type: 'tool_use' as const, id: 'call', name: 'Bash', input };
    const context = { toolUse, toolUseBlock: toolUse, signal: stop.signal };
    const { content, isError } = await runRunnableTool(tool, input, context);
    return { text: String(content), isError };
  }
  return { path, outside: directory.path, run, close, stop, denials };
}

/** A program that is in a session of its own, writes its number to the file `pid` and stays. */
const stays = `setsid sh -c 'echo $$ > pid; exec sleep 1000'`;

async function startedPid(path: string): Promise<number> {
  return await vi.waitFor(
    async () => {
      const text = await readFile(join(path, 'pid'), 'utf8');
      expect(text).toMatch(/\n$/);
      return Number(text);
    },
    { timeout: 30_000 },
  );
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('runs an allowed command in the checkout, with the given environment alone', async () => {
  const { path, outside, run } = await shell();

  expect(await run('pwd')).toEqual({ isError: false, text: path });
  expect((await run('env')).text.split('\n').map((line) => line.split('=')[0])).toEqual(
    expect.arrayContaining(['BASH_ENV', 'HOME', 'ONE', 'PATH', 'TMPDIR']),
  );
  expect((await run('env')).text).not.toContain('VITEST');
  expect(await run('echo $TMPDIR')).toMatchObject({ text: outside });
  expect(await run('cat')).toEqual({ isError: false, text: '(Bash completed with no output)' });
  expect(await run('echo out; echo err >&2; exit 3')).toEqual({
    isError: true,
    text: 'Exit code 3\nout\nerr',
  });
  expect(await run('kill -9 $$')).toMatchObject({
    isError: true,
    text: expect.stringContaining('Exit code 137'),
  });
  expect(await run('printf "\\033[31mred\\033[0m\\377"')).toMatchObject({ text: 'red\uFFFD' });
});

test('a command prepares nothing for the next one', async () => {
  const { path, run } = await shell();

  await run('cd /; ONE=2; export ONE; pwd() { echo wrong; }');
  expect(await run('pwd; echo $ONE')).toMatchObject({ text: `${path}\n1` });
});

test('what no rule allows is denied, and says what is', async () => {
  const { path, outside, run, denials } = await shell({
    rules: ['Bash(echo *)', 'Bash(pwd)', 'Read(//etc/**)'],
  });
  await symlink(outside, join(path, 'link'));
  await symlink('/etc', join(path, 'etc'));
  await mkdir(join(path, 'sub'));

  expect(await run('echo "a; b" && echo $(id)')).toMatchObject({
    isError: true,
    text: expect.stringMatching(/Permission .* denied.*`echo \*`, `pwd`/),
  });
  expect(await run('cd link && pwd')).toMatchObject({
    isError: true,
    text: expect.stringContaining('denied'),
  });
  expect(await run('cd etc && pwd')).toMatchObject({
    isError: true,
    text: expect.stringContaining('denied'),
  });
  expect(denials).toEqual(['Bash', 'Bash', 'Bash']);
  expect(await run('echo "a; $b" x')).toMatchObject({ isError: true });
  expect(await run(`echo 'a; $b'  x | echo y*`)).toEqual({ isError: false, text: 'y*' });
  expect(await run('cd sub && pwd')).toEqual({ isError: false, text: join(path, 'sub') });
});

test('keeps the beginning and the end of a long output', async () => {
  const { run } = await shell();

  const { text } = await run('echo first; head -c 20000000 /dev/zero | tr "\\0" x; echo; echo last');
  expect(text).toMatch(/^first\nx+\n\[… \d+ characters left out …\]\nx+\nlast$/);
  expect(text.length).toBeLessThan(31_000);
});

test('what a command leaves behind is ended with it', async () => {
  const { path, run } = await shell();

  const { text } = await run(
    `${stays} > /dev/null 2>&1 & while [ ! -s pid ]; do sleep 0.02; done; echo done`,
  );
  expect(text).toBe('done');
  await vi.waitFor(async () => expect(isRunning(await startedPid(path))).toBe(false), { timeout: 30_000 });
});

test('a command that takes too long is ended with all that it started', async () => {
  const { path, run } = await shell();
  const waiting = run(`echo begun; ${stays} & while [ ! -s pid ]; do sleep 0.02; done; sleep 1000`, {
    timeout: 5_000,
  });

  expect(await waiting).toMatchObject({
    isError: true,
    text: expect.stringMatching(/^Command timed out after 5 s[\s\S]*begun/),
  });
  await vi.waitFor(async () => expect(isRunning(await startedPid(path))).toBe(false), { timeout: 30_000 });
  expect(await run('pwd', { timeout: 600_001 })).toMatchObject({
    isError: true,
    text: expect.stringContaining('timeout'),
  });
});

test.each(['stop', 'close'] as const)('%s ends a command with all that it started', async (way) => {
  const { path, run, stop, close } = await shell();
  const waiting = run(`${stays} & sleep 1000`);
  const pid = await startedPid(path);

  if (way === 'stop') stop.abort();
  else await close();
  expect(await waiting).toMatchObject({ isError: true, text: expect.stringContaining('was stopped') });
  await vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 30_000 });
  expect(await run('pwd')).toMatchObject({ isError: true, text: expect.stringContaining('stopped') });
});

test('runs by way of the isolation that it is given', async () => {
  const { path, run } = await shell({
    isolate: ({ command, args }) => ({ command: 'env', args: ['ISOLATED=yes', command, ...args] }),
  });

  expect(await run('echo $ISOLATED; pwd')).toEqual({ isError: false, text: `yes\n${path}` });
});

test('an isolation that cannot be started is said', async () => {
  const { run } = await shell({ isolate: () => ({ command: '/nowhere/unshare', args: [] }) });

  expect(await run('pwd')).toMatchObject({
    isError: true,
    text: expect.stringContaining('could not be started'),
  });
});

test('isolated, a command sees no other process and is ended with all that it started', async (context) => {
  const found = await findIsolation(
    { hidden: [], kept: [], readOnly: [], anchored: [] },
    { env: { PATH: env.PATH }, cwd: '/', platform: process.platform },
  );
  if (found.outcome !== 'isolated') return context.skip(found.reason);
  const { path, run, stop } = await shell({ isolate: found.isolate });

  expect((await run('ls /proc')).text).not.toMatch(new RegExp(`^${process.pid}$`, 'm'));
  expect(await run('pwd')).toEqual({ isError: false, text: path });
  // The pipe comes to its end when nobody is left who writes to it.
  await run('mkfifo pipe');
  const pipe = createReadStream(join(path, 'pipe'), 'utf8');
  const ready = once(pipe, 'data');
  const ended = once(pipe, 'end');
  const waiting = run(`setsid sh -c 'exec > pipe; echo ready; exec sleep 1000' & sleep 1000`);
  expect(await ready).toEqual(['ready\n']);
  stop.abort();
  await ended;
  expect(await waiting).toMatchObject({ isError: true });
});
