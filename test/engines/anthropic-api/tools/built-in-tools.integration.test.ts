import { execFile } from 'node:child_process';
import { chmod, lstat, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { runRunnableTool } from '@anthropic-ai/sdk/lib/tools/BetaRunnableTool';
import { expect, onTestFinished, test, vi } from 'vitest';
import { builtInTools } from '../../../../src/engines/anthropic-api/tools/built-in-tools.ts';
import { readPlace, writePlace } from '../../../../src/engines/anthropic-api/tools/open-file.ts';
import type { Program } from '../../../../src/engines/claude-code/isolation.ts';
import { temporaryDirectory } from '../../../fakes/temporary-directory.ts';

const rules = ['Read(./**)', 'Edit(./**)'];

interface Setup {
  rules?: readonly string[];
  tools?: readonly string[];
  hidden?: { hidden: string[]; kept: string[] };
  isolate?: (program: Program) => Program;
  temporaryDirectory?: string;
  workingDirectory?: string;
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

test('offers what a rule can allow, by name, and the same for the same rules', async () => {
  const { start } = await checkout();
  const described = (setup: Setup) => JSON.stringify(start(setup).tools);

  expect(start({ rules: [] }).names).toEqual(['Glob', 'Grep', 'LS', 'Read']);
  expect(start({ rules: ['Bash(npm test)', 'Edit(./**)', 'mcp__a', 'WebSearch'] }).names).toEqual([
    ...['Bash', 'Edit', 'Glob', 'Grep', 'LS', 'Read', 'Write'],
  ]);
  // A run that may do less than the others of its session describes the same tools as they do.
  expect(start({ rules: [], tools: ['Read', 'Bash', 'Write'] }).names).toEqual(['Bash', 'Read', 'Write']);
  expect(described({ rules: ['Bash(npm test)'] })).toBe(described({ rules: ['Bash(npm test)'] }));
  const schema = start({ rules: [] }).tools.map((tool) => ('input_schema' in tool ? tool.input_schema : {}));
  expect(schema).toMatchObject([
    { type: 'object', required: ['pattern'] },
    { type: 'object', required: ['pattern'] },
    { type: 'object' },
    { type: 'object', required: ['file_path'], properties: { offset: { type: 'integer', minimum: 1 } } },
  ]);
  const { start: elsewhere } = await checkout();
  expect(JSON.stringify(elsewhere().tools)).toBe(described({}));
});

test('says what is wrong with an input', async () => {
  const { start } = await checkout({ 'a.ts': 'a' });
  const { call } = start();

  expect(await call('Read', {})).toMatchObject({ isError: true, text: expect.stringContaining('file_path') });
  expect(await call('Read', { file_path: 'a.ts', offset: -1 })).toMatchObject({ isError: true });
  expect(await call('Read', { file_path: 'a.ts', offset: '1' })).toMatchObject({ isError: false });
  expect(await call('Read', { file_path: 'b.ts' })).toMatchObject({
    isError: true,
    text: 'There is no file b.ts. Look with Glob or LS for what there is.',
  });
  expect(await call('Read', { file_path: 'a.ts/b' })).toMatchObject({
    isError: true,
    text: expect.stringContaining('is no directory'),
  });
  expect(await call('Read', { file_path: '.' })).toMatchObject({
    isError: true,
    text: expect.stringContaining('LS'),
  });
});

test.each([
  ['..', '../secret.txt'],
  ['.. within', 'src/../../secret.txt'],
  ['a link to a file', 'file-link'],
  ['a link to a directory', 'directory-link/secret.txt'],
  ['a link to nothing yet', 'dangling'],
  ['a link by way of another', 'second-link'],
  ['a link that leads to itself', 'circle'],
  ['the system', '/etc/passwd'],
  ['this process', '/proc/self/environ'],
  ['a link to this process', 'process/environ'],
  ['git', '.git/config'],
  ['a link to git', 'git-link/config'],
  ['a name with nothing in it', ''],
  ['a name with a zero byte', 'a\0b'],
])('no tool goes out of the checkout by %s', async (_, path) => {
  const {
    path: root,
    outside,
    denials,
    start,
  } = await checkout({ 'src/a.ts': 'a', '.git/config': 'url = secret' });
  await writeFile(join(outside, 'secret.txt'), 'secret');
  await symlink(join(outside, 'secret.txt'), join(root, 'file-link'));
  await symlink(outside, join(root, 'directory-link'));
  await symlink(join(outside, 'made.txt'), join(root, 'dangling'));
  await symlink('file-link', join(root, 'second-link'));
  await symlink('circle', join(root, 'circle'));
  await symlink('/proc/self', join(root, 'process'));
  await symlink('.git', join(root, 'git-link'));
  const { call } = start({ rules: ['Read', 'Edit', 'Read(//**)', 'Edit(//**)', 'Read(//proc/**)'] });

  const answers = [
    await call('Read', { file_path: path }),
    await call('Edit', { file_path: path, old_string: '', new_string: 'x' }),
    await call('Write', { file_path: path, content: 'x' }),
    await call('LS', { path }),
    await call('Grep', { pattern: 'secret', path, output_mode: 'content' }),
    await call('Glob', { pattern: '*', path }),
  ];
  for (const answer of answers) {
    expect(answer).toMatchObject(denied);
    expect(answer.text).not.toContain(outside.split('/').at(-1));
  }
  expect(denials).toEqual(['Read', 'Edit', 'Write', 'LS', 'Grep', 'Glob']);
  expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe('secret');
  expect(await readFile(join(root, '.git/config'), 'utf8')).toBe('url = secret');
  await expect(lstat(join(outside, 'made.txt'))).rejects.toThrow('ENOENT');
});

test('a link within the checkout is followed, and a rule counts where it leads', async () => {
  const { path, start } = await checkout({ 'src/a.ts': 'a', 'README.md': 'r' });
  await symlink('../README.md', join(path, 'src/link'));
  const { call } = start({ rules: ['Edit(src/**)'] });

  expect(await call('Read', { file_path: 'src/link' })).toMatchObject({ text: '1\tr' });
  expect(await call('Edit', { file_path: 'src/link', old_string: 'r', new_string: 's' })).toMatchObject(
    denied,
  );
  expect(await call('Edit', { file_path: 'src/a.ts', old_string: 'a', new_string: 'b' })).toMatchObject({
    isError: false,
  });
});

test('a checkout that is reached by a link is worked in by either name', async () => {
  const { path, outside, start } = await checkout({ 'src/a.ts': 'one' });
  await symlink(path, join(outside, 'link'));
  const { call } = start({ workingDirectory: join(outside, 'link') });

  for (const file_path of ['src/a.ts', join(outside, 'link/src/a.ts'), join(path, 'src/a.ts')]) {
    expect(await call('Read', { file_path })).toMatchObject({ text: '1\tone' });
  }
  expect(await call('Write', { file_path: join(path, 'b.ts'), content: 'x' })).toMatchObject({
    isError: false,
  });
  expect(await call('Glob', { pattern: '**/a.ts' })).toMatchObject({ text: 'src/a.ts' });
});

test('a directory that a rule names can be read, but for what is hidden in it', async () => {
  const { outside, start } = await checkout();
  await mkdir(join(outside, 'context/keys/open'), { recursive: true });
  await writeFile(join(outside, 'context/a.md'), 'one');
  await writeFile(join(outside, 'context/keys/b.md'), 'two');
  await writeFile(join(outside, 'context/keys/open/c.md'), 'three');
  const { call } = start({
    rules: [`Read(/${outside}/context/**)`, 'Edit(./**)'],
    hidden: { hidden: [join(outside, 'context/keys')], kept: [join(outside, 'context/keys/open')] },
  });

  expect(await call('Read', { file_path: join(outside, 'context/a.md') })).toMatchObject({ text: '1\tone' });
  expect(await call('Read', { file_path: join(outside, 'context/keys/b.md') })).toMatchObject(denied);
  expect(await call('Read', { file_path: join(outside, 'context/keys/open/c.md') })).toMatchObject({
    text: '1\tthree',
  });
  expect(await call('Write', { file_path: join(outside, 'context/n.md'), content: '' })).toMatchObject(
    denied,
  );
  const found = await call('Glob', { pattern: '**/*.md', path: join(outside, 'context') });
  expect(found.text.split('\n').sort()).toEqual([
    join(outside, 'context/a.md'),
    join(outside, 'context/keys/open/c.md'),
  ]);
  const searched = await call('Grep', { pattern: 't', path: join(outside, 'context') });
  expect(searched.text).toBe(join(outside, 'context/keys/open/c.md'));
});

test('a link that is put in the place of a directory after the look at it is not followed', async () => {
  const { path, outside } = await checkout({ 'a/b/c.txt': 'mine' });
  await mkdir(join(outside, 'b'));
  await writeFile(join(outside, 'b/c.txt'), 'secret');
  const place = { path: join(path, 'a/b/c.txt'), root: path, shown: 'a/b/c.txt' };
  await rename(join(path, 'a'), join(path, 'was'));
  await symlink(outside, join(path, 'a'));

  await expect(readPlace(place, 100, '')).rejects.toThrow(
    /^a\/b\/c.txt: a (?:link was put|part of this path)/,
  );
  await expect(writePlace(place, Buffer.from('x'), undefined)).rejects.toThrow(
    /^a\/b\/c.txt: a (?:link was put|part of this path)/,
  );
  await rm(join(path, 'a'));
  await mkdir(join(path, 'a/b'), { recursive: true });
  await symlink(join(outside, 'b/c.txt'), join(path, 'a/b/c.txt'));
  await expect(readPlace(place, 100, '')).rejects.toThrow('a link was put in its place');
  await writePlace(place, Buffer.from('x'), undefined);
  expect(await readFile(join(outside, 'b/c.txt'), 'utf8')).toBe('secret');
  expect((await lstat(place.path)).isSymbolicLink()).toBe(false);
});

test.each(['the checkout', 'a directory that a rule names', 'a directory that came later'])(
  'a link that is put in the place of %s is not followed',
  async (what) => {
    const { path, outside, start } = await checkout({ 'a.txt': 'mine' });
    await mkdir(join(outside, 'context'));
    await mkdir(join(outside, 'secrets'));
    await writeFile(join(outside, 'secrets/a.txt'), 'secret');
    const { call } = start({
      rules: [`Edit(/${outside}/context/**)`, `Edit(/${outside}/later/**)`, 'Edit(./**)'],
    });
    const root = { 'the checkout': path, 'a directory that a rule names': join(outside, 'context') }[what];
    if (root !== undefined) await rename(root, join(outside, 'was'));
    await symlink(join(outside, 'secrets'), root ?? join(outside, 'later'));

    const file_path = join(root ?? join(outside, 'later'), 'a.txt');
    expect(await call('Read', { file_path })).toMatchObject(denied);
    expect(await call('Edit', { file_path, old_string: 'secret', new_string: 'x' })).toMatchObject(denied);
    expect(await call('Grep', { pattern: 'secret', path: dirname(file_path) })).toMatchObject(denied);
    expect(await call('Glob', { pattern: '*', path: dirname(file_path) })).toMatchObject(denied);
    expect(await readFile(join(outside, 'secrets/a.txt'), 'utf8')).toBe('secret');
  },
);

test('with an isolation, rules open what it is known not to hide', async () => {
  const { path, outside, start } = await checkout();
  await mkdir(join(outside, 'session/tmp'), { recursive: true });
  await writeFile(join(outside, 'session/a.md'), 'one');
  await mkdir(join(outside, 'data'));
  await writeFile(join(outside, 'data/b.md'), 'two');
  const reads = async (hidden: Setup['hidden']) => {
    const { call } = start({
      rules: [`Read(/${outside}/data/**)`, `Read(/${outside}/session/**)`],
      isolate: (program) => program,
      temporaryDirectory: join(outside, 'session/tmp'),
      ...(hidden === undefined ? {} : { hidden }),
    });
    const texts = await Promise.all(
      ['session/a.md', 'data/b.md'].map((name) => call('Read', { file_path: join(outside, name) })),
    );
    return texts.map(({ isError }) => !isError);
  };

  expect(await reads(undefined)).toEqual([true, false]);
  expect(await reads({ hidden: [], kept: [] })).toEqual([true, true]);
  expect(await reads({ hidden: [outside], kept: [path] })).toEqual([false, false]);
});

test('nothing is waited for at a pipe', async () => {
  const { path, start } = await checkout();
  await promisify(execFile)('mkfifo', ['pipe'], { cwd: path });
  const { call } = start();

  expect(await call('Read', { file_path: 'pipe' })).toMatchObject({
    isError: true,
    text: expect.stringContaining('no plain file'),
  });
  expect(await call('Write', { file_path: 'pipe', content: 'x' })).toMatchObject({ isError: true });
  expect(await call('Edit', { file_path: 'pipe', old_string: 'a', new_string: 'x' })).toMatchObject({
    isError: true,
  });
  expect(await call('Grep', { pattern: 'x' })).toMatchObject({ text: 'No matches found' });
  expect(await call('Glob', { pattern: '*' })).toMatchObject({ text: 'No files found' });
});

test('a large file is read in parts', async () => {
  const { start } = await checkout({ 'a.txt': 'a line of words\n'.repeat(20_000) });
  const { call } = start();

  expect(await call('Read', { file_path: 'a.txt' })).toMatchObject({
    isError: true,
    text: expect.stringMatching(/20001 lines.*offset and limit/),
  });
  expect(await call('Read', { file_path: 'a.txt', offset: 19_999, limit: 1 })).toMatchObject({
    text: '19999\ta line of words',
  });
  const found = await call('Grep', { pattern: 'words', output_mode: 'content', head_limit: 3 });
  expect(found.text.split('\n')).toHaveLength(5);
  expect(found.text).toContain('output truncated');
});

test('finds and lists files', async () => {
  const { denials, start } = await checkout({
    'src/a.ts': 'Hello\nhello\n',
    'src/b.js': 'hello',
    'docs/c.ts': 'bye',
    '.git/d.ts': 'hello',
    '.hidden.ts': 'hello',
  });
  const { call } = start();
  const lines = async (name: string, input: Record<string, unknown>) =>
    (await call(name, input)).text.split('\n').sort();

  expect(await lines('Glob', { pattern: '**/*.ts' })).toEqual(['docs/c.ts', 'src/a.ts']);
  expect(await lines('Glob', { pattern: '.hid*' })).toEqual(['.hidden.ts']);
  expect(await lines('Glob', { pattern: '*.ts', path: 'src' })).toEqual(['src/a.ts']);
  expect(await lines('Glob', { pattern: '../docs/*', path: 'src' })).toEqual(['docs/c.ts']);
  expect(denials).toEqual([]);
  expect(await call('Glob', { pattern: '../**' })).toMatchObject({ isError: true });
  expect(denials).toEqual(['Glob']);
  expect(await lines('Glob', { pattern: '.git/**' })).toEqual(['No files found']);
  expect(await lines('LS', {})).toEqual(['.hidden.ts', 'docs/', 'src/']);
  expect(await call('LS', { path: 'src/a.ts' })).toMatchObject({ isError: true });
  expect(await lines('Grep', { pattern: 'hello', path: 'src' })).toEqual(['src/a.ts', 'src/b.js']);
  expect(
    await lines('Grep', { pattern: 'hello', glob: '*.ts', output_mode: 'count', path: 'src', '-i': true }),
  ).toEqual(['src/a.ts:2']);
  expect(await lines('Grep', { pattern: 'h.l+o', glob: 'src/**/*.{ts,js}', output_mode: 'content' })).toEqual(
    ['src/a.ts:2:hello', 'src/b.js:1:hello'],
  );
  expect(await lines('Grep', { pattern: 'hello', path: 'src/a.ts', output_mode: 'content' })).toEqual([
    'src/a.ts:2:hello',
  ]);
  expect(await lines('Grep', { pattern: 'nowhere' })).toEqual(['No matches found']);
  expect(await call('Grep', { pattern: '(' })).toMatchObject({ isError: true });
  expect(await call('Glob', { pattern: 'a{1..999999999}' })).toMatchObject({ isError: true });
  expect(await call('Grep', { pattern: 'a', glob: '{a,b}'.repeat(9) })).toMatchObject({ isError: true });
});

test('no pattern for paths keeps this process busy', async () => {
  const { start } = await checkout({ [`src/${'a'.repeat(250)}`]: 'a' });
  const { call } = start();
  for (const pattern of [
    `${'*a'.repeat(20)}b`,
    // What is in one name only once the groups are taken apart.
    `${'*a*a{a,/}'.repeat(4)}b`,
    `${'**/a/'.repeat(20)}b`,
    '*(*(*(*(a))))b',
    `{${'a,'.repeat(60)}b}`.repeat(3),
  ]) {
    expect(await call('Glob', { pattern })).toMatchObject({ isError: true });
    expect(await call('Grep', { pattern: 'a', glob: pattern })).toMatchObject({ isError: true });
  }
  expect(await call('Glob', { pattern: '{src,test}/**/*aa*.{ts,tsx}' })).toMatchObject({ isError: false });
});

test('what changes a file waits for what stands before it, and is waited for', async () => {
  const { path, start } = await checkout({ 'a.txt': '0' });
  const { call } = start({ rules: ['Edit', 'Bash(cat a.txt)'] });

  const answers = await Promise.all([
    call('Bash', { command: 'cat a.txt' }),
    call('Edit', { file_path: 'a.txt', old_string: '0', new_string: '1' }),
    call('Read', { file_path: 'a.txt' }),
    call('Edit', { file_path: 'a.txt', old_string: '1', new_string: '2' }),
    call('Bash', { command: 'cat a.txt' }),
  ]);
  expect(answers.map(({ text }) => text)).toMatchObject(
    ['0', {}, '1\t1', {}, '2'].map((text) => (typeof text === 'string' ? text : expect.any(String))),
  );
  expect(await readFile(join(path, 'a.txt'), 'utf8')).toBe('2');
});

test('reads what ripgrep answers, which is another form for a single file', async () => {
  const { outside, start } = await checkout({ 'src/a.ts': 'hello:1:\n', 'src/b.ts': 'hello' });
  // It has the arguments of the SDK, in this order: --no-config -n --no-heading -e PATTERN -- PATH.
  const program = `#!/bin/sh\n: > ${outside}/asked\n[ -f "$7" ] && exec grep -nP -e "$5" -- "$7"\nexec grep -rnP -e "$5" -- "$7"\n`;
  await writeFile(join(outside, 'rg'), program, { mode: 0o755 });
  vi.stubEnv('PATH', `${outside}:${process.env.PATH}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { call } = start();
  const lines = async (input: Record<string, unknown>) =>
    (await call('Grep', { output_mode: 'content', ...input })).text.split('\n').sort();

  expect(await lines({ pattern: 'HELLO', '-i': true })).toEqual(['src/a.ts:1:hello:1:', 'src/b.ts:1:hello']);
  expect(await lines({ pattern: 'hello', path: 'src/a.ts' })).toEqual(['src/a.ts:1:hello:1:']);
  expect(await readFile(join(outside, 'asked'), 'utf8')).toBe('');
  expect(await lines({ pattern: 'bye' })).toEqual(['No matches found']);
  expect(await call('Grep', { pattern: '(' })).toMatchObject({ isError: true });
});

test('git and what programs take as instructions stay as they are', async () => {
  const { path, start, denials } = await checkout({ '.git/HEAD': 'ref', '.npmrc': 'a=b\n' });
  await symlink('.npmrc', join(path, 'link'));
  const { call } = start({ rules: ['Edit', 'Edit(./**)', 'Edit(.npmrc)'] });

  await call('Read', { file_path: '.npmrc' });
  for (const file_path of ['.npmrc', 'link', 'sub/.vscode/tasks.json', '.git/HEAD', '.GIT/HEAD', '.git']) {
    expect(await call('Write', { file_path, content: 'x' })).toMatchObject(denied);
  }
  expect(await call('Edit', { file_path: '.npmrc', old_string: 'a', new_string: 'c' })).toMatchObject({
    isError: true,
    text: expect.stringContaining('is blocked, as programs take it as instructions'),
  });
  expect(denials).toHaveLength(7);
  expect(await readFile(join(path, '.npmrc'), 'utf8')).toBe('a=b\n');
});
