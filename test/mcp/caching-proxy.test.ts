import { describe, expect, it } from 'vitest';
import { cachingProxy } from '../../src/mcp/caching-proxy.ts';
import { readMessage } from '../../src/mcp/message.ts';
import type { PrimedKey } from '../../src/mcp/prime-file.ts';
import { responseCache } from '../../src/mcp/response-cache.ts';
import { toolPolicy } from '../../src/mcp/tool-policy.ts';

interface Wire {
  id?: string | number;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: { code: number; message: string };
}

function world({ listed = true, primedKey }: { listed?: boolean; primedKey?: PrimedKey } = {}) {
  const toClient: string[] = [];
  const toServer: string[] = [];
  let ids = 0;
  const cache = responseCache({ ttlMs: 60_000, maxEntries: 100, maxBytes: 1e6 }, () => undefined);
  const proxy = cachingProxy({
    identity: 'test',
    policy: toolPolicy({ readOnly: [], write: [], never: [] }),
    cache,
    ...(primedKey ? { primedKey } : {}),
    toClient: (text) => toClient.push(text),
    toServer: (text) => toServer.push(text),
    newId: () => {
      ids += 1;
      return `own-${ids}`;
    },
    now: Date.now,
  });
  const read = (text: string) => {
    const message = readMessage(text);
    if (message === undefined) throw new Error(`no message: ${text}`);
    return message;
  };
  const client = (message: Wire) => proxy.fromClient(read(JSON.stringify({ jsonrpc: '2.0', ...message })));
  const server = (message: Wire) => proxy.fromServer(read(JSON.stringify({ jsonrpc: '2.0', ...message })));
  const parsed = (texts: string[]): Wire[] => texts.map((text) => JSON.parse(text));
  const tools = [
    { name: 'get', annotations: { readOnlyHint: true } },
    { name: 'search', annotations: { readOnlyHint: true } },
    { name: 'set' },
  ];
  const text = (said: string) => ({ content: [{ type: 'text', text: said }] });
  const call = (id: number, name: string, args: unknown, more: Record<string, unknown> = {}) =>
    client({ id, method: 'tools/call', params: { name, arguments: args, ...more } });
  const lastId = () => parsed(toServer).findLast(({ method }) => method === 'tools/call')?.id;
  /** What the server was asked by calls of tools, as names. */
  const asked = () =>
    parsed(toServer)
      .filter(({ method }) => method === 'tools/call')
      .map(({ params }) => params?.name);
  /** Asks, lets the server answer, and says what the client hears. */
  const ask = (id: number, name: string, args: unknown, said: string) => {
    const before = toServer.length;
    call(id, name, args);
    if (toServer.length > before) server({ id: lastId() ?? '', result: text(said) });
    const heard = parsed(toClient).find((message) => message.id === id)?.result;
    return JSON.stringify(heard).match(/"text":"([^"]*)"/)?.[1];
  };
  if (listed) {
    client({ id: 'list', method: 'tools/list' });
    server({ id: 'list', result: { tools } });
    toClient.length = 0;
    toServer.length = 0;
  }
  return {
    proxy,
    cache,
    client,
    server,
    toClient,
    toServer,
    parsed,
    tools,
    text,
    call,
    ask,
    asked,
    lastId,
    read,
  };
}

describe('the caching proxy', () => {
  it('answers with what was known before, until a write makes that out of date', () => {
    const { cache, ask, asked, text } = world({
      primedKey: (tool) => (tool === 'get' ? 'known' : undefined),
    });
    const argumentsJson = '{"issue_key":"DX-1"}';
    const known = {
      tool: 'get',
      argumentsJson,
      resultJson: JSON.stringify(text('known')),
      storedAt: Date.now(),
    };
    cache.set('known', known);
    expect(ask(1, 'get', { issue_key: 'DX-1', limit: 5 }, 'asked')).toBe('known');
    expect(ask(2, 'search', { issue_key: 'DX-1' }, 'found')).toBe('found');
    expect(ask(3, 'set', { issue_key: 'DX-1' }, 'written')).toBe('written');
    expect(ask(4, 'get', { issue_key: 'DX-1', limit: 5 }, 'asked again')).toBe('asked again');
    expect(asked()).toEqual(['search', 'set', 'get']);
  });

  it.each([
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","x":1e2}}',
    '{ "jsonrpc": "2.0", "method": "notifications/x", "params": {"big": 12345678901234567890} }',
    '{"jsonrpc":"2.0","id":"a","method":"x/unknown"}',
    '{"jsonrpc":"2.0","id":4,"result":{"roots":[]}}',
    '{"jsonrpc":"2.0","id":5,"error":{"code":-1,"message":"no","extra":true}}',
    '[{"jsonrpc":"2.0","id":6,"method":"ping"}]',
    '{"jsonrpc":"3.0","new":true}',
  ])('passes on what it does not look at as it came, both ways: %s', (line) => {
    const { proxy, read, toServer, toClient } = world();
    proxy.fromClient(read(line));
    expect(toServer).toEqual([line]);
    proxy.fromServer(read(line));
    expect(toClient).toEqual([line]);
  });

  it('sends an answer again, byte for byte, under the id of who asks', () => {
    const { ask, toClient } = world();
    expect(ask(1, 'get', { key: 'DX-1' }, 'first')).toBe('first');
    expect(ask(2, 'get', { key: 'DX-1' }, 'never asked')).toBe('first');
    expect(toClient[1]).toBe(toClient[0]?.replace('"id":1', '"id":2'));
  });

  it('does not keep what was read before a write had ended', () => {
    const { call, server, lastId, text, ask, asked } = world();
    call(1, 'get', { key: 'DX-1' });
    const reading = lastId() ?? '';
    call(2, 'set', { key: 'DX-1' });
    server({ id: reading, result: text('old') });
    expect(ask(3, 'get', { key: 'DX-1' }, 'between')).toBe('between');
    server({ id: 2, result: text('done') });
    expect(ask(4, 'get', { key: 'DX-1' }, 'new')).toBe('new');
    expect(asked()).toEqual(['get', 'set', 'get', 'get']);
  });

  it('lets nobody join a call that began before a write', () => {
    const { call, asked } = world();
    call(1, 'get', { key: 'DX-1' });
    call(2, 'set', { key: 'DX-1' });
    call(3, 'get', { key: 'DX-1' });
    expect(asked()).toEqual(['get', 'set', 'get']);
  });

  it('keeps what a write of one ticket does not touch', () => {
    const { ask, asked } = world();
    ask(1, 'get', { key: 'DX-1' }, 'one');
    ask(2, 'get', { key: 'DX-2' }, 'two');
    ask(3, 'search', { jql: 'x' }, 'found');
    ask(4, 'set', { key: 'DX-1' }, 'done');
    expect(ask(5, 'get', { key: 'DX-2' }, 'asked again')).toBe('two');
    expect(ask(6, 'get', { key: 'DX-1' }, 'one, new')).toBe('one, new');
    expect(ask(7, 'search', { jql: 'x' }, 'found more')).toBe('found more');
    expect(asked()).toHaveLength(6);
  });

  it.each([
    ['tools/list_changed', 'server', { method: 'notifications/tools/list_changed' }],
    ['resources/updated', 'server', { method: 'notifications/resources/updated', params: { uri: 'x:y' } }],
    ['resources/list_changed', 'server', { method: 'notifications/resources/list_changed' }],
    ['roots/list_changed', 'client', { method: 'notifications/roots/list_changed' }],
    ['a request that it does not know', 'client', { id: 'u', method: 'x/change' }],
  ] as const)('forgets everything at %s', (_name, from, message) => {
    const { ask, cache, client, server } = world();
    ask(1, 'get', { key: 'DX-1' }, 'first');
    expect(cache.totals().entries).toBe(1);
    (from === 'client' ? client : server)(message);
    expect(cache.totals().entries).toBe(0);
  });

  it('keeps no answer that the client had a part in', () => {
    const { call, server, lastId, text, cache } = world();
    call(1, 'get', { key: 'DX-1' });
    server({ id: 's1', method: 'sampling/createMessage', params: {} });
    server({ id: lastId() ?? '', result: text('as the client says') });
    expect(cache.totals().entries).toBe(0);
  });

  it.each([
    [{ content: [], isError: true }],
    [{ task: { taskId: '1' } }],
    [{ content: [], resultType: 'input_required' }],
    [{ content: [], isError: 'yes' }],
    [{}],
    [null],
  ])('passes %j on, and does not keep it', (result) => {
    const { call, server, lastId, cache, parsed, toClient } = world();
    call(1, 'get', {});
    server({ id: lastId() ?? '', result });
    expect(parsed(toClient)).toEqual([{ jsonrpc: '2.0', id: 1, result }]);
    expect(cache.totals().entries).toBe(0);
  });

  it('leaves tasks alone', () => {
    const { call, parsed, toServer } = world();
    call(1, 'get', {}, { task: { ttl: 1 } });
    call(2, 'get', {}, { task: { ttl: 1 } });
    expect(parsed(toServer).map(({ id }) => id)).toEqual([1, 2]);
  });

  it('gives each asker its progress under its own token', () => {
    const { call, server, lastId, parsed, toClient } = world();
    call(1, 'get', {}, { _meta: { progressToken: 'a', other: 1 } });
    call(2, 'get', {}, { _meta: { progressToken: 2 } });
    call(3, 'get', {});
    server({ method: 'notifications/progress', params: { progressToken: lastId(), progress: 1, total: 2 } });
    server({ method: 'notifications/progress', params: { progressToken: 'foreign', progress: 1 } });
    expect(parsed(toClient).map(({ params }) => params)).toEqual([
      { progressToken: 'a', progress: 1, total: 2 },
      { progressToken: 2, progress: 1, total: 2 },
      { progressToken: 'foreign', progress: 1 },
    ]);
  });

  it('asks for all pages of the list before the first call of an unknown tool, and once', () => {
    const { call, server, parsed, toServer, tools, text, lastId } = world({ listed: false });
    call(1, 'get', {});
    call(2, 'get', {});
    server({ id: 'own-1', result: { tools: [], nextCursor: 'p2' } });
    server({ id: 'own-2', result: { tools } });
    server({ id: lastId() ?? '', result: text('x') });
    expect(parsed(toServer).map(({ method, params }) => [method, params?.cursor])).toEqual([
      ['tools/list', undefined],
      ['tools/list', 'p2'],
      ['tools/call', undefined],
    ]);
  });

  it('sends no call that was cancelled while it waited for the list', () => {
    const { call, client, server, asked, tools } = world({ listed: false });
    call(1, 'get', {});
    client({ method: 'notifications/cancelled', params: { requestId: 1 } });
    server({ id: 'own-1', result: { tools } });
    expect(asked()).toEqual([]);
  });

  it('takes every tool for one that writes when the server cannot list them', () => {
    const { call, server, parsed, toServer } = world({ listed: false });
    call(1, 'get', {});
    server({ id: 'own-1', error: { code: -32601, message: 'no' } });
    expect(parsed(toServer).at(-1)?.id).toBe(1);
  });

  it('ends with a list whose pages never end', () => {
    const { call, server, parsed, toServer, asked } = world({ listed: false });
    call(1, 'get', {});
    for (let page = 0; page < 200 && asked().length === 0; page += 1) {
      server({ id: parsed(toServer).at(-1)?.id ?? '', result: { tools: [], nextCursor: 'again' } });
    }
    expect(asked()).toEqual(['get']);
    expect(toServer.length).toBeLessThanOrEqual(101);
  });

  it('does not take in a page of a list that has changed since', () => {
    const { client, server, call, parsed, toServer } = world();
    client({ id: 'l2', method: 'tools/list' });
    server({ method: 'notifications/tools/list_changed' });
    server({ id: 'l2', result: { tools: [{ name: 'set', annotations: { readOnlyHint: true } }] } });
    call(1, 'set', {});
    expect(parsed(toServer).at(-1)?.method).toBe('tools/list');
  });

  it('answers everything that is open when the server is gone', () => {
    const { call, client, proxy, parsed, toClient } = world();
    call(1, 'get', {});
    call(2, 'get', {});
    call(3, 'set', {});
    client({ id: 4, method: 'prompts/list' });
    proxy.failOpen('It ended.');
    const heard = parsed(toClient);
    expect(heard.map(({ id }) => id).sort()).toEqual([1, 2, 3, 4]);
    expect(new Set(heard.map(({ error }) => error?.message))).toEqual(new Set(['It ended.']));
    expect(proxy.fail(4, 'again')).toBe(false);
  });

  it('does not answer with what it cannot tell apart', () => {
    const { client, asked } = world();
    for (const id of [1, 2]) {
      client({ id, method: 'tools/call', params: { name: 'get', arguments: { id: 2 ** 60 } } });
    }
    expect(asked()).toEqual(['get', 'get']);
  });
});
