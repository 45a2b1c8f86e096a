import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { openAccess } from '../../../src/dashboard/sign-in/open-access.ts';

/** How a request is answered that came from an address. */
async function asked(
  remote: string | undefined,
  headers: Record<string, string>,
  appUrl = 'http://localhost:3000',
): Promise<number> {
  const app = new Hono();
  app.get('/', async (c) => {
    const viewer = await openAccess(appUrl).viewerOf(c);
    return viewer instanceof Response ? viewer : c.json(viewer);
  });
  const socket = { remoteAddress: remote, remotePort: 1, remoteFamily: 'IPv4' };
  const env = remote === undefined ? {} : { incoming: { socket } };
  return (await app.request('/', { headers }, env)).status;
}

it.each([
  ['127.0.0.1', 'localhost:3000'],
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '[::1]:3000'],
  ['::ffff:127.0.0.1', 'LOCALHOST'],
])('lets a browser on this machine look, from %s by the name %s', async (remote, host) => {
  expect(await asked(remote, { host })).toBe(200);
});

it.each([
  ['another machine', '10.0.0.7', { host: 'localhost' }],
  ['no socket', undefined, { host: 'localhost' }],
  ['a name that was pointed here', '127.0.0.1', { host: 'rebound.example:3000' }],
  ['a name that only looks like it', '127.0.0.1', { host: 'localhost.example' }],
  ['no name', '127.0.0.1', {}],
  ['a proxy', '127.0.0.1', { host: 'localhost', 'x-forwarded-for': '10.0.0.7' }],
  ['a proxy that speaks the standard', '127.0.0.1', { host: 'localhost', forwarded: 'for=10.0.0.7' }],
  ['a proxy that says its name', '127.0.0.1', { host: 'localhost', via: '1.1 proxy' }],
])('shows nothing to %s', async (_, remote, headers) => {
  expect(await asked(remote, headers)).toBe(403);
});

it('shows nothing by an app that others reach as well: a proxy need not say for whom it asks', async () => {
  expect(await asked('127.0.0.1', { host: 'localhost:3000' }, 'https://dexter.example.com')).toBe(403);
});
