import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PrimeFile } from '../../src/mcp/prime-file.ts';
import { McpStats } from '../../src/mcp/stats-file.ts';
import { isRunning, until } from '../fakes/processes.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { dexterProgram, operationsIn } from './everything.ts';

const fixture = fileURLToPath(new URL('./fixture-server.mjs', import.meta.url));

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
const open: { end: () => Promise<unknown> }[] = [];

beforeEach(async () => {
  place = await temporaryDirectory();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map(({ end }) => end()));
  await place.remove();
});

interface Reply {
  method?: string;
  id: unknown;
  result?: { content?: { text?: string }[]; isError?: boolean };
  error?: { code: number; message: string; data?: unknown };
}

/** The proxy as a process, with a client that writes its messages by hand. */
function start(
  flags: string[] = [],
  env: Record<string, string> = {},
  target = ['--', process.execPath, fixture],
) {
  const child = spawn(process.execPath, [dexterProgram, 'mcp-cache', ...flags, ...target], {
    cwd: place.path,
    env: { PATH: process.env.PATH, HOME: place.path, CALLS: join(place.path, 'calls'), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  child.stdin.on('error', () => undefined);
  const messages: Reply[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => messages.push(JSON.parse(line)));
  let lastId = 0;
  const write = (text: string) => child.stdin.write(`${text}\n`);
  const end = async () => {
    child.kill('SIGKILL');
    return exited;
  };
  open.push({ end });
  const session = {
    child,
    exited,
    messages,
    said: () => said,
    write,
    notify: (method: string, params: unknown) => write(JSON.stringify({ jsonrpc: '2.0', method, params })),
    send(method: string, params: unknown): number {
      lastId += 1;
      write(JSON.stringify({ jsonrpc: '2.0', id: lastId, method, params }));
      return lastId;
    },
    async answer(id: number): Promise<Reply> {
      await until(() => messages.some((message) => message.id === id));
      return messages.find((message) => message.id === id) ?? { id };
    },
    async call(name: string, args: Record<string, unknown> = {}, meta = {}): Promise<string | undefined> {
      const reply = await session.answer(session.send('tools/call', { name, arguments: args, ...meta }));
      return reply.result?.content?.[0]?.text;
    },
  };
  session.send('initialize', {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'c', version: '1' },
  });
  session.notify('notifications/initialized', {});
  return session;
}

const callsSeen = async () =>
  (await readFile(join(place.path, 'calls'), 'utf8').catch(() => '')).split('\n').filter(Boolean);

describe('dexter mcp-cache', () => {
  it('answers the same question once, and forgets when something is written', async () => {
    const session = start();
    expect(await session.call('read', { a: 1, b: { c: 2, d: 3 } })).toBe('answer 1');
    expect(await session.call('read', { b: { d: 3, c: 2 }, a: 1 })).toBe('answer 1');
    expect(await session.call('write', {})).toBe('answer 2');
    expect(await session.call('read', { a: 1, b: { c: 2, d: 3 } })).toBe('answer 3');
    const operations = () => operationsIn(session.said()).map(({ type }) => type);
    await until(() => operations().length === 6);
    expect(operations()).toEqual(['miss', 'set', 'hit', 'invalidate', 'miss', 'set']);
  });

  it('asks for the annotations itself when the client did not', async () => {
    const session = start();
    await session.call('read');
    await session.call('read');
    expect(await callsSeen()).toEqual(['tools/list', 'read {}']);
  });

  it('does as the flags say, whatever the annotations are', async () => {
    const session = start(['--read-only', 'write', '--write', 'read', '--never=env', '--name=x']);
    expect(await session.call('write', { a: 1 })).toBe(await session.call('write', { a: 1 }));
    await session.call('read');
    await session.call('env', { name: 'HOME' });
    await session.call('env', { name: 'HOME' });
    expect(await session.call('write', { a: 1 })).toBe('answer 5');
  });

  it('keeps no error', async () => {
    const session = start();
    for (const count of [1, 2]) {
      const reply = await session.answer(
        session.send('tools/call', { name: 'read', arguments: { fail: true } }),
      );
      expect(reply.error).toEqual({ code: -32050, message: 'as asked', data: { count } });
    }
    expect(await session.call('read', { isError: true })).toBe('failed 3');
    expect(await session.call('read', { isError: true })).toBe('failed 4');
  });

  it('joins identical calls under way, each with its own progress and its own cancellation', async () => {
    const session = start();
    const held = { name: 'read', arguments: { hold: 'x' } };
    const first = session.send('tools/call', { ...held, _meta: { progressToken: 'one' } });
    // The server notes a call before it tells of its progress, which must be here before it is cancelled.
    await until(() => session.messages.some(({ method }) => method === 'notifications/progress'));
    const second = session.send('tools/call', held);
    const third = session.send('tools/call', held);
    session.notify('notifications/cancelled', { requestId: first, reason: 'changed my mind' });
    session.notify('notifications/cancelled', { requestId: second });
    await session.call('read', { release: 'x' });
    expect((await session.answer(third)).result?.content?.[0]?.text).toMatch(/^released/);
    expect(session.messages.some(({ id }) => id === first || id === second)).toBe(false);
    expect(session.messages).toContainEqual(
      expect.objectContaining({
        method: 'notifications/progress',
        params: { progressToken: 'one', progress: 1 },
      }),
    );
    expect((await callsSeen()).filter((line) => line.includes('hold'))).toHaveLength(1);
    expect((await callsSeen()).some((line) => line.startsWith('cancelled'))).toBe(false);
  });

  it('cancels the call when nobody waits any more', async () => {
    const session = start();
    const id = session.send('tools/call', { name: 'read', arguments: { hold: 'x' } });
    await until(async () => (await callsSeen()).length === 2);
    session.notify('notifications/cancelled', { requestId: id });
    await until(async () => (await callsSeen()).includes('cancelled true'));
  });

  it('goes on after lines that are no messages', async () => {
    const session = start();
    session.write('neither is this');
    expect(await session.call('read', { garbage: true })).toBe('answer 1');
    await until(() => session.said().match(/mcp_proxy_problem/g)?.length === 3);
    expect(session.said()).not.toContain('this is no message');
  });

  it.each([
    ['stdio server', 'read', { large: 3_000_000 }],
    ['server that writes', 'write', { large: 3_000_000 }],
  ])('says that a message is too long: %s', async (_name, tool, args) => {
    const session = start(['--max-message=1MB']);
    const reply = await session.answer(session.send('tools/call', { name: tool, arguments: args }));
    expect(reply.error?.message).toMatch(
      /^The MCP server sent a message of 3000\d+ bytes, more than the 1000000/,
    );
    expect(await session.call('read')).toBe('answer 2');
  });

  it('refuses a message of the client that is too long', async () => {
    const session = start(['--max-message=1MB']);
    const id = session.send('tools/call', { name: 'read', arguments: { text: 'x'.repeat(2_000_000) } });
    expect((await session.answer(id)).error?.message).toContain('more than the 1000000 that one may have');
    expect(await session.call('read')).toBe('answer 1');
  });

  it('ends with the server, and answers what is open first', async () => {
    const session = start();
    const held = session.send('tools/call', { name: 'read', arguments: { hold: 'x' } });
    session.send('tools/call', { name: 'write', arguments: { crash: true } });
    expect(await session.exited).toEqual({ code: 7, signal: null });
    expect((await session.answer(held)).error?.message).toBe('The MCP server ended with exit code 7.');
    await until(() =>
      session.said().includes('The MCP server ended with exit code 7. Nothing is answered without it'),
    );
  });

  it('says that there is no such program', async () => {
    const { exited, said } = start([], {}, ['--', join(place.path, 'no-such-server')]);
    expect(await exited).toEqual({ code: 1, signal: null });
    await until(() => said().includes('there is no such program'));
  });

  it.each([
    ['its input ends', {}, (session: ReturnType<typeof start>) => session.child.stdin.end(), 0],
    ['it is told to stop', {}, (session: ReturnType<typeof start>) => session.child.kill('SIGTERM'), 143],
    ['it is interrupted', {}, (session: ReturnType<typeof start>) => session.child.kill('SIGINT'), 130],
    [
      'its input ends',
      { STUBBORN: '1' },
      (session: ReturnType<typeof start>) => session.child.stdin.end(),
      0,
    ],
    [
      'it is told to stop',
      { STUBBORN: '1' },
      (session: ReturnType<typeof start>) => session.child.kill('SIGTERM'),
      143,
    ],
    [
      'nobody reads',
      {},
      (session: ReturnType<typeof start>) => {
        session.child.stdout.destroy();
        session.send('tools/call', { name: 'read', arguments: {} });
      },
      0,
    ],
  ])('leaves no process behind when %s (%o)', async (_when, env: Record<string, string>, leave, code) => {
    const file = join(place.path, 'pids');
    const session = start([], { CHILD_PID_FILE: file, ...env });
    await until(async () => (await readFile(file, 'utf8').catch(() => '')).includes(' '));
    const pids = (await readFile(file, 'utf8')).split(' ').map(Number);
    expect(await Promise.all(pids.map(isRunning))).toEqual([true, true]);
    await session.answer(1);
    leave(session);
    expect(await session.exited).toEqual({ code, signal: null });
    await until(async () => !(await Promise.all(pids.map(isRunning))).includes(true));
  });

  it('gives the server its environment, and loads no .env from the directory', async () => {
    await writeFile(join(place.path, '.env'), 'PLANTED=1\n');
    const session = start([], { SECRET: 'hunter2' });
    expect(await session.call('env', { name: 'SECRET' })).toBe('hunter2');
    expect(await session.call('env', { name: 'PLANTED' })).toBe('');
    expect(session.said()).not.toContain('hunter2');
  });

  it('answers from the prime file at once, and writes the totals', async () => {
    const prime = join(place.path, 'prime.json');
    const stats = join(place.path, 'stats.json');
    const result = { content: [{ type: 'text', text: 'known before' }] };
    const entry = {
      tool: 'read',
      arguments: { key: 'DX-1', more: 1 },
      result,
      storedAt: new Date().toISOString(),
    };
    const entries = [
      { server: 'jira', ...entry },
      { server: 'other', ...entry, arguments: { key: 'DX-2' } },
      { server: 'jira', ...entry, arguments: { key: 'DX-3' }, storedAt: '2020-01-01T00:00:00Z' },
    ];
    await writeFile(prime, JSON.stringify(PrimeFile.parse({ version: 1, entries })));
    const session = start(['--name=jira', `--prime=${prime}`, `--stats-file=${stats}`]);
    expect(await session.call('read', { more: 1, key: 'DX-1' })).toBe('known before');
    expect(await session.call('read', { key: 'DX-2' })).toBe('answer 1');
    expect(await session.call('read', { key: 'DX-3' })).toBe('answer 2');
    session.child.stdin.end();
    await session.exited;
    expect(McpStats.parse(JSON.parse(await readFile(stats, 'utf8')))).toMatchObject({
      server: 'jira',
      hits: 1,
      misses: 2,
      savedCalls: 1,
      primed: 1,
      stored: 2,
      reads: { count: 3 },
      writes: { count: 3 },
    });
  });

  it.each([
    ['is missing', undefined],
    ['is no JSON', 'secret{'],
    ['has another shape', '{"version":1,"entries":[{"tool":"read"}]}'],
  ])('goes on without a prime file that %s', async (_name, content) => {
    const prime = join(place.path, 'prime.json');
    if (content !== undefined) await writeFile(prime, content);
    const session = start([`--prime=${prime}`]);
    expect(await session.call('read')).toBe('answer 1');
    await until(() => session.said().includes('cannot be used, the cache starts empty'));
    expect(session.said()).not.toContain('secret{');
  });

  it('logs no argument', async () => {
    const session = start();
    await session.call('read', { password: 'open-sesame' });
    await session.call('write', { password: 'open-sesame' });
    session.child.stdin.end();
    await session.exited;
    expect(session.said()).not.toContain('open-sesame');
  });
});
