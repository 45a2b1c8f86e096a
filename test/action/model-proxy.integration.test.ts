import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ModelProxy, startModelProxy } from '../../action/model-proxy.ts';
import { modelUpstream } from '../../action/model-upstream.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let upstream: Server;
let upstreamUrl: string;
let handle: Handler;
let proxy: ModelProxy;

function anthropic(
  baseUrl: string,
  value?: string,
  kind: 'api-key' | 'oauth-token' | 'auth-token' = 'api-key',
) {
  const credential = value === undefined ? undefined : { kind, value };
  return modelUpstream({ provider: 'anthropic', baseUrl, credential }, {});
}

beforeEach(async () => {
  handle = (_request, response) => response.end('{}');
  upstream = createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const address = upstream.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  upstreamUrl = `http://127.0.0.1:${address.port}`;
  proxy = await startModelProxy({ upstream: anthropic(upstreamUrl, 'real-key'), env: {} });
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  upstream.closeAllConnections();
  upstream.close();
});

const send = (path: string, init: RequestInit = {}) =>
  fetch(`${proxy.url}${path}`, {
    method: 'POST',
    body: '{"a":1}',
    ...init,
    headers: { 'x-api-key': proxy.key, ...init.headers },
  });

describe('startModelProxy', () => {
  it('passes a request on with the real key in place of its own', async () => {
    let seen: unknown;
    handle = async (request, response) => {
      seen = {
        url: request.url,
        method: request.method,
        key: request.headers['x-api-key'],
        authorization: request.headers.authorization,
        beta: request.headers['anthropic-beta'],
        body: await text(request),
      };
      response.writeHead(201, { 'request-id': 'r1', 'content-type': 'application/json' }).end('{"ok":true}');
    };
    const response = await send('/v1/messages?beta=true', {
      headers: { 'anthropic-beta': 'x', authorization: 'Bearer theirs' },
    });
    expect([response.status, response.headers.get('request-id'), await response.json()]).toEqual([
      201,
      'r1',
      { ok: true },
    ]);
    expect(seen).toEqual({
      url: '/v1/messages?beta=true',
      method: 'POST',
      key: 'real-key',
      authorization: undefined,
      beta: 'x',
      body: '{"a":1}',
    });
  });

  it('streams the answer as it comes', async () => {
    let more: () => void = () => undefined;
    handle = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n');
      more = () => response.end('data: two\n\n');
    };
    const reader = (await send('/v1/messages')).body?.getReader();
    const decode = (chunk: { value?: Uint8Array } | undefined) => new TextDecoder().decode(chunk?.value);
    expect(decode(await reader?.read())).toBe('data: one\n\n');
    more();
    expect(decode(await reader?.read())).toBe('data: two\n\n');
  });

  it.each(['', 'wrong', 'real-key'])('lets nobody in with the key %j', async (key) => {
    let isReached = false;
    handle = (_request, response) => {
      isReached = true;
      response.end();
    };
    expect((await send('/v1/messages', { headers: { 'x-api-key': key } })).status).toBe(401);
    expect(isReached).toBe(false);
  });

  it('takes the key as a bearer token as well', async () => {
    const response = await fetch(`${proxy.url}/v1/models`, {
      headers: { authorization: `Bearer ${proxy.key}` },
    });
    expect(response.status).toBe(200);
  });

  it('never goes anywhere but to the model', async () => {
    const urls: (string | undefined)[] = [];
    handle = (request, response) => {
      urls.push(request.url);
      response.end('{}');
    };
    const path = '/v1/messages';
    for (const line of [`http://evil.example${path}`, `//evil.example${path}`, `/../..${path}`]) {
      await new Promise<void>((resolve, reject) => {
        request(proxy.url, { path: line, method: 'POST', headers: { 'x-api-key': proxy.key } }, (answer) =>
          answer.resume().once('end', resolve),
        )
          .once('error', reject)
          .end();
      });
    }
    expect(urls).toEqual([path, path, path]);
  });

  it.each([
    ['POST', '/v1/messages/count_tokens?beta=true', 200],
    ['GET', '/v1/models?limit=1', 200],
    ['GET', '/v1/files', 403],
    ['POST', '/v1/messages/batches', 403],
    ['GET', '/v1/messages', 403],
    ['DELETE', '/v1/models', 403],
    ['POST', '/v1/messages/../files', 403],
    ['POST', '/v1/messages/%2e%2e/files', 403],
    ['POST', '//v1/messages', 403],
    ['HEAD', '/', 403],
  ])('answers %s %s with %i', async (method, path, status) => {
    const urls: (string | undefined)[] = [];
    handle = (request, response) => {
      urls.push(request.url);
      response.end('{}');
    };
    const response = await send(path, method === 'POST' ? {} : { method, body: null });
    expect(response.status).toBe(status);
    expect(urls).toEqual(status === 200 ? [path] : []);
    if (status === 403 && method !== 'HEAD') {
      expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'permission_error' } });
    }
  });

  it('keeps the path of a gateway', async () => {
    await using behind = await startModelProxy({
      upstream: anthropic(`${upstreamUrl}/gateway/`),
      env: {},
    });
    let seen: unknown;
    handle = (request, response) => {
      seen = [request.url, request.headers['x-api-key']];
      response.end();
    };
    await fetch(`${behind.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': behind.key } });
    expect(seen).toEqual(['/gateway/v1/messages', undefined]);
  });

  it('passes an early refusal on', async () => {
    handle = (request, response) => {
      request.resume();
      response.writeHead(413).end('{"error":"too large"}');
    };
    const response = await send('/v1/messages', { body: 'x'.repeat(50_000_000) });
    expect(response.status).toBe(413);
  });

  it('says that the model cannot be reached', async () => {
    upstream.closeAllConnections();
    await new Promise((resolve) => upstream.close(resolve));
    const response = await send('/v1/messages');
    expect([response.status, await response.json()]).toEqual([
      502,
      { type: 'error', error: expect.objectContaining({ type: 'api_error' }) },
    ]);
  });

  it('breaks the answer off where the model broke it off', async () => {
    handle = (_request, response) => {
      response.writeHead(200).write('half');
      setTimeout(() => response.destroy(), 50);
    };
    await expect(send('/v1/messages').then((response) => response.text())).rejects.toThrow();
  });

  it('lets go of the model when the CLI does', async () => {
    let isClosed: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => {
      isClosed = resolve;
    });
    const controller = new AbortController();
    handle = (request) => {
      request.socket.once('close', isClosed);
      controller.abort();
    };
    await expect(send('/v1/messages', { signal: controller.signal })).rejects.toThrow();
    await closed;
  });

  it('goes through the proxy of the network', async () => {
    const seen: (string | undefined)[] = [];
    handle = (request, response) => {
      seen.push(request.url);
      response.end('{}');
    };
    await using behind = await startModelProxy({
      upstream: anthropic('http://model.example', 'k'),
      env: { HTTP_PROXY: upstreamUrl },
    });
    await fetch(`${behind.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': behind.key } });
    expect(seen).toEqual(['http://model.example/v1/messages']);
  });

  it('leaves no port open', async () => {
    const { url } = await startModelProxy({ upstream: anthropic(upstreamUrl, 'k'), env: {} }).then(
      async (started) => {
        await started[Symbol.asyncDispose]();
        return started;
      },
    );
    await expect(fetch(url)).rejects.toThrow();
  });
});
