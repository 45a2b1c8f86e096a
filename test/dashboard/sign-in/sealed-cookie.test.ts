import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { sealedCookie } from '../../../src/dashboard/sign-in/sealed-cookie.ts';

const Value = z.object({ token: z.string() });
const secret = 'secret-of-the-client-0123456789';

interface Options {
  name?: string;
  secret?: string;
  url?: string;
  at?: string;
  schema?: z.ZodType<Record<string, unknown>>;
}

/** A server with one cookie, at a time. */
function server({ at = '2026-03-01T12:00:00Z', schema = Value, ...options }: Options = {}) {
  const cookie = sealedCookie({
    name: 'viewer',
    secret,
    url: 'https://dexter.example',
    schema,
    now: () => new Date(at),
    ...options,
  });
  const app = new Hono();
  app.get('/write', async (c) =>
    c.json(await cookie.write(c, { token: c.req.query('token') ?? 'the token' }, 3_600)),
  );
  app.get('/read', async (c) => c.json((await cookie.read(c)) ?? null));
  app.get('/clear', (c) => {
    cookie.clear(c);
    return c.body(null);
  });
  return {
    async write(token?: string) {
      const response = await app.request(`/write${token ? `?token=${token}` : ''}`);
      return { line: response.headers.get('set-cookie') ?? '', isWritten: await response.json() };
    },
    async read(cookies: string) {
      const response = await app.request('/read', { headers: { cookie: cookies } });
      expect(response.status).toBe(200);
      return response.json();
    },
    cleared: async () => (await app.request('/clear')).headers.get('set-cookie') ?? '',
  };
}

const pairOf = (line: string) => line.split('; ')[0] ?? '';

it('is read again by any process with the same secret, until its time is over', async () => {
  const { line } = await server().write();
  expect(await server().read(pairOf(line))).toEqual({ token: 'the token' });
  expect(await server({ at: '2026-03-01T12:59:59Z' }).read(pairOf(line))).toEqual({ token: 'the token' });
  expect(await server({ at: '2026-03-01T13:00:01Z' }).read(pairOf(line))).toBeNull();
});

it('is for one host alone over https, out of reach of scripts and of other sites', async () => {
  const { line } = await server().write();
  const [pair = '', ...attributes] = line.split('; ');
  expect(pair).toMatch(/^__Host-viewer=eyJ[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/);
  expect(attributes.toSorted()).toEqual(['HttpOnly', 'Max-Age=3600', 'Path=/', 'SameSite=Lax', 'Secure']);
  expect(await server().cleared()).toMatch(
    /^__Host-viewer=; Max-Age=0; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
});

it('does without what only https can do on a plain address', async () => {
  const { line } = await server({ url: 'http://localhost:3000' }).write();
  expect(line).toMatch(/^viewer=/);
  expect(line).not.toContain('Secure');
});

it.each([
  ['under another secret', { secret: 'another secret of the client' }],
  ['of another app', { url: 'https://other.example' }],
  ['of another form', { schema: z.object({ id: z.number() }) }],
])('is none %s', async (_, options) => {
  const { line } = await server().write();
  expect(await server(options).read(pairOf(line))).toBeNull();
});

it('is worth nothing under another name', async () => {
  const { line } = await server({ name: 'sign-in' }).write();
  expect(await server({ name: 'sign-in' }).read(pairOf(line))).not.toBeNull();
  expect(await server().read(pairOf(line).replace('sign-in', 'viewer'))).toBeNull();
});

it('is none once a single character of it is another one', async () => {
  const [name = '', value = ''] = pairOf((await server().write()).line).split('=');
  for (let at = 0; at < value.length; at++) {
    const other = value[at] === 'A' ? 'Q' : 'A';
    const changed = value.slice(0, at) + other + value.slice(at + 1);
    // The last character of a part carries bits that nobody reads.
    const same = changed
      .split('.')
      .every((part, index) =>
        Buffer.from(part, 'base64url').equals(Buffer.from(value.split('.')[index] ?? '', 'base64url')),
      );
    if (!same) expect(await server().read(`${name}=${changed}`), changed).toBeNull();
  }
});

it('is not written when it would be too large for a browser', async () => {
  expect(await server().write('t'.repeat(4_000))).toEqual({ line: '', isWritten: false });
  expect(await server().write('t'.repeat(2_000))).toMatchObject({ isWritten: true });
});

it('takes no JWE of another kind, such as one that is encrypted for everybody', async () => {
  const { CompactEncrypt, generateKeyPair } = await import('jose');
  const { publicKey } = await generateKeyPair('RSA-OAEP-256');
  const foreign = await new CompactEncrypt(new TextEncoder().encode('{"value":{"token":"x"}}'))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
    .encrypt(publicKey);
  expect(await server().read(`__Host-viewer=${foreign}`)).toBeNull();
});
