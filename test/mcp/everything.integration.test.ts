import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../fakes/processes.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { connectClient, dexterProgram, everythingProgram, hitsIn, startProcess } from './everything.ts';
import { wholeSession } from './whole-session.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let remote: ChildProcess | undefined;

beforeEach(async () => {
  place = await temporaryDirectory();
});

afterEach(async () => {
  if (remote !== undefined && remote.exitCode === null) {
    const gone = once(remote, 'exit');
    remote.kill('SIGKILL');
    await gone;
  }
  remote = undefined;
  await place.remove();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function startRemote(): Promise<string> {
  const port = await freePort();
  remote = spawn(process.execPath, [everythingProgram, 'streamableHttp'], {
    cwd: place.path,
    env: { PATH: process.env.PATH, HOME: place.path, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  remote.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  await until(() => said.includes('listening on port'));
  return `http://127.0.0.1:${port}/mcp`;
}

async function sessionOver(transport: Transport) {
  const { client, heard } = await connectClient(transport);
  try {
    return await wholeSession(client, heard);
  } finally {
    await client.close();
  }
}

const proxyTo = (...target: string[]) => startProcess(place.path, [dexterProgram, 'mcp-cache', ...target]);

describe('the proxy in front of the reference server', () => {
  it('gives the answers of the server on standard input and output', async () => {
    const direct = await sessionOver(startProcess(place.path, [everythingProgram]).transport);
    const proxied = proxyTo('--', process.execPath, everythingProgram);
    expect(await sessionOver(proxied.transport)).toEqual(direct);
    expect(Object.keys(direct).length).toBeGreaterThan(40);
    // The same sum was asked for twice, with the arguments in another order.
    await until(() => hitsIn(proxied.said()) === 1);
  });

  it('gives the answers of a server at the end of streamable HTTP', async () => {
    const url = await startRemote();
    const direct = await sessionOver(new StreamableHTTPClientTransport(new URL(url)));
    const proxied = proxyTo('--url', url);
    expect(await sessionOver(proxied.transport)).toEqual(direct);
    await until(() => hitsIn(proxied.said()) === 1);
  });
});
