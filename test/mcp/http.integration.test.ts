import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wrapServers } from '../../src/mcp/wrap-servers.ts';
import { until } from '../fakes/processes.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { connectClient, dexterProgram, startProcess } from './everything.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
const servers: Server[] = [];
let client: Client | undefined;

beforeEach(async () => {
  place = await temporaryDirectory();
});

afterEach(async () => {
  await client?.close();
  client = undefined;
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await place.remove();
});

interface Call {
  id: unknown;
  method: string;
  params: { name?: string };
}

/** An MCP server by hand: `answer` says what is done with the call of a tool. */
async function remote(answer: (call: Call, response: ServerResponse, request: IncomingMessage) => void) {
  const requests: { method: string; headers: IncomingMessage['headers']; said?: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const text = Buffer.concat(chunks).toString('utf8');
    const call: Partial<Call> = text === '' ? {} : JSON.parse(text);
    const { headers } = request;
    requests.push({ method: request.method ?? '', headers, ...(call.method ? { said: call.method } : {}) });
    const json = (result: unknown, more = {}) =>
      response
        .writeHead(200, { 'content-type': 'application/json', ...more })
        .end(JSON.stringify({ jsonrpc: '2.0', id: call.id, result }));
    if (request.method === 'GET') response.writeHead(405).end();
    else if (request.method === 'DELETE') response.writeHead(200).end();
    else if (call.method === 'initialize') {
      const serverInfo = { name: 'remote', version: '1' };
      const result = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo };
      json(result, { 'mcp-session-id': 'session-1' });
    } else if (call.method === 'tools/list') {
      const tool = { name: 'read', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } };
      json({ tools: [tool] });
    } else if (call.method === 'tools/call')
      answer({ id: 0, method: '', params: {}, ...call }, response, request);
    else response.writeHead(202).end();
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}/mcp`, requests };
}

async function through(url: string, flags: string[] = [], env: Record<string, string> = {}) {
  const { transport, said } = startProcess(
    place.path,
    [dexterProgram, 'mcp-cache', ...flags, '--url', url],
    env,
  );
  ({ client } = await connectClient(transport));
  const connected = client;
  const read = async (args = {}) => {
    const result = CallToolResultSchema.parse(await connected.callTool({ name: 'read', arguments: args }));
    const [first] = result.content;
    return first?.type === 'text' ? first.text : undefined;
  };
  return { read, said, client: connected };
}

const answered = (id: unknown, text: string) =>
  JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } });

describe('a server at the end of streamable HTTP', () => {
  it('gets the session, the version of the protocol and the headers, and is told at the end', async () => {
    const { url, requests } = await remote(({ id }, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(answered(id, 'hello'));
    });
    const { config } = wrapServers(
      { mcpServers: { x: { type: 'http', url, headers: { Authorization: 'Bearer t0ken' } } } },
      { program: [process.execPath, dexterProgram] },
    );
    const entry = config.mcpServers.x ?? {};
    const [args, env] = [entry.args as string[], entry.env as Record<string, string>];
    const { transport, said } = startProcess(place.path, args, env);
    ({ client } = await connectClient(transport));
    for (const _ of [1, 2]) await client.callTool({ name: 'read', arguments: {} });
    await client.close();
    expect(requests.filter(({ said: method }) => method === 'tools/call')).toHaveLength(1);
    expect(requests.at(-1)?.method).toBe('DELETE');
    expect(requests.every(({ headers }) => headers.authorization === 'Bearer t0ken')).toBe(true);
    const call = requests.find(({ said: method }) => method === 'tools/call');
    expect(call?.headers).toMatchObject({
      'mcp-session-id': 'session-1',
      'mcp-protocol-version': '2025-06-18',
    });
    expect(said()).not.toContain('t0ken');
  });

  it.each([
    [
      'a plain answer that is too long',
      (response: ServerResponse, id: unknown) =>
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(answered(id, 'x'.repeat(200_000))),
      'more than the 100000 bytes',
    ],
    [
      'an event that is too long',
      (response: ServerResponse, id: unknown) =>
        response
          .writeHead(200, { 'content-type': 'text/event-stream' })
          .end(`event: message\ndata: ${answered(id, 'x'.repeat(200_000))}\n\n`),
      'more than the 100000 bytes',
    ],
    [
      'a stream that ends without an answer',
      (response: ServerResponse) =>
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': bye\n\n'),
      'ended the stream without an answer',
    ],
    [
      'a failure',
      (response: ServerResponse) => response.writeHead(503).end('down for repairs'),
      'did not answer: Streamable HTTP error: Error POSTing to endpoint: down for repairs',
    ],
    [
      'a connection that breaks',
      (response: ServerResponse) => response.destroy(),
      'did not answer: fetch failed',
    ],
  ])('is told of as an error, not kept, and goes on after %s', async (_name, fail, problem) => {
    let isFirst = true;
    const { url } = await remote(({ id }, response) => {
      if (isFirst) fail(response, id);
      else response.writeHead(200, { 'content-type': 'application/json' }).end(answered(id, 'fine'));
      isFirst = false;
    });
    const { read } = await through(url, ['--max-message=100kB']);
    await expect(read()).rejects.toThrow(problem);
    expect(await read()).toBe('fine');
  });

  it('takes long streams of short events', async () => {
    const { url } = await remote(({ id }, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const log = {
        jsonrpc: '2.0',
        method: 'notifications/message',
        params: { level: 'info', data: 'x'.repeat(1_000) },
      };
      for (let count = 0; count < 300; count += 1) response.write(`data: ${JSON.stringify(log)}\r\n\r\n`);
      response.end(`data: ${answered(id, 'fine')}\n\n`);
    });
    const { read } = await through(url, ['--max-message=100kB']);
    expect(await read()).toBe('fine');
  });

  it('does not carry the headers to another address', async () => {
    const thief = await remote(() => undefined);
    const { url } = await remote((_call, response) => {
      response.writeHead(307, { location: thief.url }).end();
    });
    const { read } = await through(url, ['--header-from=Authorization=T'], { T: 'Bearer t0ken' });
    await expect(read()).rejects.toThrow('did not answer');
    expect(thief.requests).toEqual([]);
  });

  it('fails the first request where nobody listens', async () => {
    const { url } = await remote(() => undefined);
    for (const server of servers.splice(0)) server.close();
    await expect(through(url)).rejects.toThrow('did not answer: fetch failed');
  });

  it.each([
    [['--url', 'ftp://user:s3cret@x'], 'is not an http(s) address'],
    [['--url', 'http://x', '--', 'y'], 'needs one MCP server'],
    [[], 'needs one MCP server'],
    [['--url', 'http://x', '--header-from', 'A=NOT_SET'], 'NOT_SET is not set'],
    [['--url', 'http://x', '--header-from', 'A: s3cret'], 'is not of the form Name=VARIABLE'],
    [['--url', 'http://x', '--header-from', 'A=BAD'], 'BAD is not set, or no header'],
    [['--ttl', 'soon', '--url', 'http://x'], 'such as 15m'],
  ])('is refused with the flags %j', async (flags, problem) => {
    const { transport, said } = startProcess(place.path, [dexterProgram, 'mcp-cache', ...flags], {
      BAD: 's3cret\nx',
    });
    await expect(connectClient(transport)).rejects.toThrow(/closed/i);
    await until(() => said().includes(problem));
    expect(said()).not.toContain('s3cret');
  });
});
