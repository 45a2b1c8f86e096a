import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import nock from 'nock';
import { expect, test } from 'vitest';
import { allowLoopback } from './fakes/loopback.ts';

test('a unit test cannot reach the network', async () => {
  await expect(fetch('https://api.github.com/')).rejects.toThrow();
});

test('a unit test cannot reach loopback unless it says so', async () => {
  await using server = await listen();
  await expect(fetch(server.url)).rejects.toThrow();
  allowLoopback();
  expect(await (await fetch(server.url)).text()).toBe('here');
  await expect(fetch('https://api.github.com/')).rejects.toThrow();
});

test('nock answers what a test told it to', async () => {
  nock('https://api.github.com').get('/zen').reply(200, 'Keep it simple.');
  expect(await (await fetch('https://api.github.com/zen')).text()).toBe('Keep it simple.');
});

async function listen() {
  const server = createServer((_request, response) => response.end('here'));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
