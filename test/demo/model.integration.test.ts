import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fault, type LoggedRequest, type Model, startModel } from '../../demo/model/server.ts';
import type { Task } from '../../demo/model/task.ts';

const claude = join(import.meta.dirname, '../../node_modules/.bin/claude');

const tasks: Task[] = [
  {
    match: /implement sub/i,
    needs: ['package.json', 'README.md', 'src/math.js', 'test/math.test.js'],
    edits: [
      {
        path: 'src/math.js',
        content: '// Sums.\nexport const add = (a, b) => a + b;\n\nexport const sub = (a, b) => a - b;\n',
      },
      {
        path: 'test/sub.test.js',
        content: testFile('sub', "test('sub', () => assert.equal(sub(3, 1), 2));"),
      },
    ],
    run: ['node --test'],
    answer: 'I added `sub`: {tests}.',
  },
  {
    match: /more tests/i,
    needs: ['src/math.js', 'test/sub.test.js'],
    edits: [
      {
        path: 'test/sub.test.js',
        content: testFile(
          'sub',
          "test('sub', () => assert.equal(sub(3, 1), 2));",
          "test('sub below zero', () => assert.equal(sub(1, 3), -2));",
        ),
      },
    ],
    run: ['node --test'],
    answer: 'I tested `sub` below zero: {tests}.',
  },
];

function testFile(name: string, ...tests: string[]): string {
  const imports = `import assert from 'node:assert';\nimport test from 'node:test';\nimport { ${name} } from '../src/math.js';`;
  return `${imports}\n\n${tests.join('\n\n')}\n`;
}

const files = {
  'package.json': '{ "name": "sums", "type": "module" }\n',
  'README.md': '# Sums\n',
  'src/math.js': '// Sums.\nexport const add = (a, b) => a + b;\n',
  'test/math.test.js': testFile('add', "test('add', () => assert.equal(add(1, 1), 2));"),
};

const allowed = ['Read', 'Edit(./**)', 'Bash(node --test)'];

let root: string;
let work: string;
let model: Model;
let time: number;
let faults: Fault[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'dexter-model-'));
  work = join(root, 'work');
  for (const folder of ['home', 'config', 'tmp', 'work/src', 'work/test']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  for (const [path, content] of Object.entries(files)) await writeFile(join(work, path), content);
  await execa('git', ['init', '--quiet'], { cwd: work });
  time = Date.now();
  faults = [];
  model = await startModel({ tasks, now: () => time, faults, apiKey: 'fake' });
});

afterEach(async () => {
  await model.close();
  await rm(root, { recursive: true, force: true, maxRetries: 5 });
});

interface Run {
  exitCode: number | undefined;
  result: { is_error: boolean; result: string; permission_denials: unknown[] };
  /** Names of the tools that were used, in order. */
  tools: string[];
  requests: LoggedRequest[];
}

interface RunOptions {
  allow?: string[];
  env?: Record<string, string>;
}

/** Runs the real CLI with an environment of its own and one prompt on stdin. */
async function run(
  session: string[],
  prompt: string,
  { allow = allowed, env = {} }: RunOptions = {},
): Promise<Run> {
  const before = model.requests.length;
  const flags = [
    '-p',
    ...['--output-format', 'stream-json', '--verbose', '--model', 'claude-sonnet-4-5'],
    ...['--setting-sources', 'user', '--strict-mcp-config', '--permission-mode', 'dontAsk'],
    ...session,
    ...(allow.length > 0 ? ['--allowedTools', ...allow] : []),
  ];
  const { exitCode, stdout } = await execa(claude, flags, {
    cwd: work,
    input: prompt,
    reject: false,
    timeout: 50_000,
    extendEnv: false,
    env: {
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      HOME: join(root, 'home'),
      CLAUDE_CONFIG_DIR: join(root, 'config'),
      CLAUDE_CODE_TMPDIR: join(root, 'tmp'),
      ANTHROPIC_API_KEY: 'fake',
      ANTHROPIC_BASE_URL: model.url,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      DISABLE_TELEMETRY: '1',
      ...env,
    },
  });
  const events = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const blocks = events.filter(({ type }) => type === 'assistant').flatMap(({ message }) => message.content);
  return {
    exitCode,
    result: events.find(({ type }) => type === 'result'),
    tools: blocks.filter(({ type }) => type === 'tool_use').map(({ name }) => name),
    requests: model.requests.slice(before),
  };
}

function contextOf({ usage }: LoggedRequest): number {
  return usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens;
}

/** Share of the earlier run's last context that the later run's first request read from the cache. */
function warmShare(earlier: Run, later: Run): number {
  const last = earlier.requests.at(-1);
  const first = later.requests[0];
  if (!last || !first) throw new Error('A run without a request');
  return first.usage.cache_read_input_tokens / contextOf(last);
}

describe('the real CLI against the simulated model', () => {
  it('reads, edits, runs the tests and quotes their real result', async () => {
    const first = await run(
      ['--session-id', randomUUID()],
      'Ticket text\n\n## Instruction\nPlease implement sub',
    );

    expect(first).toMatchObject({ exitCode: 0, result: { is_error: false, permission_denials: [] } });
    expect(first.result.result).toBe('I added `sub`: 2 tests pass.');
    expect(first.tools).toEqual(['Read', 'Read', 'Read', 'Read', 'Edit', 'Write', 'Bash']);
    expect(first.requests.map(({ kind }) => kind)).toEqual(Array(5).fill('task'));
    for (const { path, content } of tasks[0]?.edits ?? []) {
      expect(await readFile(join(work, path), 'utf8')).toBe(content);
    }
  });

  it('is sent the earlier turns by a resumed session, warm, and reads nothing again', async () => {
    const id = randomUUID();
    const first = await run(['--session-id', id], 'implement sub');
    time += 4 * 60_000;
    const second = await run(['--resume', id], 'write more tests');

    expect(second.result.result).toBe('I tested `sub` below zero: 3 tests pass.');
    expect(second.tools).toEqual(['Edit', 'Bash']);
    expect(warmShare(first, second)).toBeGreaterThan(0.9);
  });

  it.each<{ env: Record<string, string>; minutes: number; warm: boolean }>([
    { env: {}, minutes: 6, warm: false },
    { env: { ENABLE_PROMPT_CACHING_1H: '1' }, minutes: 50, warm: true },
    { env: { ENABLE_PROMPT_CACHING_1H: '1' }, minutes: 70, warm: false },
  ])('is warm after $minutes minutes with $env: $warm', async ({ env, minutes, warm }) => {
    const id = randomUUID();
    const first = await run(['--session-id', id], 'implement sub', { env });
    time += minutes * 60_000;
    const second = await run(['--resume', id], 'write more tests', { env });
    expect(warmShare(first, second)).toBe(warm ? 1 : 0);
  });

  it('reads a file again that somebody changed between the runs', async () => {
    const id = randomUUID();
    await run(['--session-id', id], 'implement sub');
    await writeFile(join(work, 'test/sub.test.js'), '// changed by hand\n');
    const second = await run(['--resume', id], 'write more tests');
    expect(second.tools).toEqual(['Edit', 'Read', 'Edit', 'Bash']);
    expect(second.result.result).toContain('3 tests pass');
  });

  it('summarises a compaction by its files, and then reads only what it edits', async () => {
    const id = randomUUID();
    await run(['--session-id', id], 'implement sub');
    const compaction = await run(['--resume', id], '/compact');
    const after = await run(['--resume', id], 'write more tests');

    expect(compaction.requests.map(({ kind }) => kind)).toEqual(['compaction']);
    expect(JSON.stringify(after.requests[0]?.body.messages)).toContain('- src/math.js');
    expect(after.tools).toEqual(['Read', 'Edit', 'Bash']);
    expect(after.result.result).toContain('3 tests pass');
  });

  it('says what was denied instead of trying it again', async () => {
    const { exitCode, result, tools } = await run(['--session-id', randomUUID()], 'implement sub', {
      allow: [],
    });
    expect(exitCode).toBe(0);
    expect(tools).toEqual(['Read', 'Read', 'Read', 'Read', 'Edit', 'Write', 'Bash']);
    expect(result.result).toMatch(/^I could not do everything:\n- change src\/math.js: Edit was denied/);
    expect(result.permission_denials).toHaveLength(3);
  });

  it('does the task with the few tools of the bare mode too', async () => {
    const { result, tools } = await run(['--bare', '--session-id', randomUUID()], 'implement sub');
    expect(result.result).toBe('I added `sub`: 2 tests pass.');
    expect(tools).toEqual(['Read', 'Read', 'Read', 'Read', 'Edit', 'Edit', 'Bash']);
  });

  it('follows a session that is resumed in another directory', async () => {
    const id = randomUUID();
    const first = await run(['--session-id', id], 'implement sub');
    await rename(work, join(root, 'moved'));
    work = join(root, 'moved');
    const second = await run(['--resume', id], 'write more tests');
    expect(warmShare(first, second)).toBe(1);
    expect(second.result.result).toContain('3 tests pass');
  });

  it('says that it is simulated when it is asked for something else', async () => {
    const { result, requests } = await run(['--session-id', randomUUID()], 'write me a poem');
    expect(result.result).toContain('I am a simulated model');
    expect(requests.map(({ kind }) => kind)).toEqual(['help']);
  });

  it.each<{ name: string; fault: Fault }>([
    { name: 'a rate limit', fault: { kind: 'status', status: 429, retryAfterSeconds: 0 } },
    { name: 'an error of the server', fault: { kind: 'status', status: 500 } },
    { name: 'overload', fault: { kind: 'status', status: 529 } },
    { name: 'a stream cut before its content', fault: { kind: 'cut', afterEvents: 2 } },
    { name: 'a stream cut in its content', fault: { kind: 'cut', afterEvents: 5 } },
    { name: 'a slow answer', fault: { kind: 'slow', ms: 300 } },
  ])('finishes the task after $name', async ({ fault }) => {
    faults.push({ kind: 'none' }, fault);
    const { exitCode, result } = await run(['--session-id', randomUUID()], 'implement sub');
    expect(exitCode).toBe(0);
    expect(result.result).toContain('2 tests pass');
  });

  it('refuses a wrong key, and lets the same session go on with the right one', async () => {
    const id = randomUUID();
    const env = { ANTHROPIC_API_KEY: 'wrong', CLAUDE_CODE_MAX_RETRIES: '0' };
    const refused = await run(['--session-id', id], 'implement sub', { env });
    const accepted = await run(['--resume', id], 'implement sub');
    expect(refused).toMatchObject({ exitCode: 1, result: { is_error: true, api_error_status: 401 } });
    expect(accepted.result.result).toContain('2 tests pass');
  });
});
