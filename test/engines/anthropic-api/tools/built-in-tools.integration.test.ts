import { execFileSync } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runRunnableTool } from '@anthropic-ai/sdk/lib/tools/BetaRunnableTool';
import { expect, onTestFinished, test } from 'vitest';
import { builtInTools } from '../../../../src/engines/anthropic-api/tools/built-in-tools.ts';
import { openDirectory } from '../../../../src/engines/anthropic-api/tools/open-file.ts';
import { temporaryDirectory } from '../../../fakes/temporary-directory.ts';

const rules = ['Read(./**)', 'Edit(./**)'];

interface Setup {
  rules?: readonly string[];
  tools?: readonly string[];
  hidden?: { hidden: string[]; kept: string[] };
}

async function checkout(files: Readonly<Record<string, string | Buffer>> = {}) {
  const directory = await temporaryDirectory();
  onTestFinished(directory.remove);
  const path = join(directory.path, 'checkout');
  await mkdir(path);
  const put = async (name: string, content: string | Buffer) => {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
  };
  for (const [name, content] of Object.entries(files)) await put(name, content);
  const denials: string[] = [];

  function start(setup: Setup = {}) {
    const { rules: allowedTools = rules, ...others } = setup;
    const started = builtInTools({
      workingDirectory: path,
      allowedTools,
      env: { PATH: process.env.PATH ?? '', HOME: join(directory.path, 'home') },
      temporaryDirectory: directory.path,
      onDenied: (name) => denials.push(name),
      ...others,
    });
    onTestFinished(() => started.close());
    return {
      ...started,
      names: started.tools.map((tool) => tool.name),
      async call(name: string, input: Record<string, unknown>) {
        const tool = started.tools.find((one) => one.name === name);
        if (tool === undefined) throw new Error(`${name} is not offered`);
        const toolUse = { type: 'tool_use' as const, id: 'call', name, input };
        const { content, isError } = await runRunnableTool(tool, input, { toolUse, toolUseBlock: toolUse });
        return { text: typeof content === 'string' ? content : '', content, isError };
      },
    };
  }
  return { path, outside: directory.path, denials, put, start };
}

const denied = { isError: true, text: expect.stringMatching(/permission|denied|approval|blocked/i) };

test('reads a file with the numbers of its lines, as the CLI does', async () => {
  const { path, start } = await checkout({ 'src/a.ts': 'one\ntwo\n' });
  const { call } = start();

  const whole = { isError: false, text: '1\tone\n2\ttwo\n3' };
  expect(await call('Read', { file_path: 'src/a.ts' })).toMatchObject(whole);
  expect(await call('Read', { file_path: join(path, 'src/a.ts') })).toMatchObject(whole);
  expect(await call('Read', { file_path: 'src/a.ts', offset: 2, limit: 1 })).toMatchObject({
    text: '2\ttwo',
  });
  expect(await call('Read', { file_path: 'src/a.ts', offset: 9 })).toMatchObject({
    isError: true,
    text: expect.stringContaining('has 3 lines'),
  });
});

test('shows an image as an image, and refuses what is no text', async () => {
  const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(20)]);
  const { start } = await checkout({
    'a.txt': png,
    'b.pdf': '%PDF-1.7 …',
    'c.bin': Buffer.from([1, 0, 2]),
    'd.txt': Buffer.from('\xff\xfea\0', 'latin1'),
    'e.txt': Buffer.from('caf\xe9', 'latin1'),
  });
  const { call } = start();

  expect((await call('Read', { file_path: 'a.txt' })).content).toEqual([
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png.toString('base64') } },
  ]);
  for (const [name, said] of [
    ['b.pdf', 'is a PDF'],
    ['c.bin', 'is a binary file'],
    ['d.txt', 'UTF-16'],
  ] as const) {
    expect(await call('Read', { file_path: name })).toMatchObject({
      isError: true,
      text: expect.stringContaining(said),
    });
  }
  expect((await call('Read', { file_path: 'e.txt' })).text).toMatch(/^1\tcaf\uFFFD\n.*not valid UTF-8/);
});

test('edits what is there once, and says what to do where it is not', async () => {
  const { path, start } = await checkout({ 'a.ts': 'a = 1;\nb = 1;\n' });
  const { call } = start();
  const edit = (old_string: string, new_string: string, more = {}) =>
    call('Edit', { file_path: 'a.ts', old_string, new_string, ...more });

  expect(await edit('= 1', '= 2')).toMatchObject({
    isError: true,
    text: expect.stringContaining('2 matches'),
  });
  expect(await edit('c = 1', 'c = 2')).toMatchObject({
    isError: true,
    text: expect.stringContaining('not found'),
  });
  expect(await edit('', 'x')).toMatchObject({ isError: true, text: expect.stringContaining('is not empty') });
  expect(await edit('a = 1', "a = '$&$1'")).toMatchObject({ isError: false });
  expect(await readFile(join(path, 'a.ts'), 'utf8')).toBe("a = '$&$1';\nb = 1;\n");
  expect(await edit(';', '', { replace_all: true })).toMatchObject({ isError: false });
  expect(await readFile(join(path, 'a.ts'), 'utf8')).toBe("a = '$&$1'\nb = 1\n");
});

test('an edit keeps the mode, the byte order mark and the ends of the lines', async () => {
  const { path, put, start } = await checkout({
    'run.sh': '\uFEFFone\r\ntwo\r\n',
    'mixed.txt': 'one\r\ntwo\nthree\r\n',
  });
  await chmod(join(path, 'run.sh'), 0o755);
  const { call } = start();

  await call('Edit', { file_path: 'run.sh', old_string: 'one\ntwo', new_string: 'one\nnew\ntwo' });
  expect(await readFile(join(path, 'run.sh'), 'utf8')).toBe('\uFEFFone\r\nnew\r\ntwo\r\n');
  expect((await stat(join(path, 'run.sh'))).mode & 0o777).toBe(0o755);

  await call('Edit', { file_path: 'mixed.txt', old_string: 'two', new_string: '2' });
  expect(await readFile(join(path, 'mixed.txt'), 'utf8')).toBe('one\r\n2\nthree\r\n');

  await put('new.txt', 'a\r\nb\r\n');
  await call('Read', { file_path: 'new.txt' });
  await call('Write', { file_path: 'new.txt', content: 'a\nc\n' });
  expect(await readFile(join(path, 'new.txt'), 'utf8')).toBe('a\r\nc\r\n');
});

test('a new file has the usual mode, whichever tool makes it', async () => {
  const { path, start } = await checkout();
  const { call } = start();
  const usual = 0o666 & ~process.umask();

  await call('Write', { file_path: 'a/b/c.txt', content: 'x' });
  await call('Edit', { file_path: 'd.txt', old_string: '', new_string: 'x' });
  for (const name of ['a/b/c.txt', 'd.txt']) {
    expect((await stat(join(path, name))).mode & 0o777).toBe(usual);
    expect(await readFile(join(path, name), 'utf8')).toBe('x');
  }
  expect((await stat(join(path, 'a'))).mode & 0o777).toBe(0o777 & ~process.umask());
});

test('a file is only overwritten as it was read', async () => {
  const { path, put, start } = await checkout({ 'a.txt': 'mine' });
  const { call } = start();
  const write = () => call('Write', { file_path: 'a.txt', content: 'theirs' });

  expect(await write()).toMatchObject({ isError: true, text: expect.stringContaining('Read it first') });
  await call('Read', { file_path: 'a.txt' });
  await put('a.txt', 'changed meanwhile');
  expect(await write()).toMatchObject({ isError: true });
  await call('Read', { file_path: 'a.txt' });
  expect(await write()).toMatchObject({ isError: false });
  expect(await readFile(join(path, 'a.txt'), 'utf8')).toBe('theirs');
});

test('bytes that are not UTF-8 are not damaged', async () => {
  const bytes = Buffer.from('caf\xe9 one', 'latin1');
  const { path, start } = await checkout({ 'a.txt': bytes });
  const { call } = start();

  await call('Read', { file_path: 'a.txt' });
  const answers = [
    await call('Edit', { file_path: 'a.txt', old_string: 'one', new_string: 'two' }),
    await call('Write', { file_path: 'a.txt', content: 'x' }),
  ];
  for (const answer of answers) {
    expect(answer).toMatchObject({ isError: true, text: expect.stringContaining('not valid UTF-8') });
  }
  expect(await readFile(join(path, 'a.txt'))).toEqual(bytes);
});
