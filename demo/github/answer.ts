import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Caller } from './identities.ts';
import { type JsonObject, objectAt, parseJson } from './json.ts';
import type { World } from './world.ts';

/** What the proxy knows of a request: the token as the emulator takes it, and whose it is. */
export type Env = { Variables: { token: string; caller?: Caller } };

export const documentation = { documentation_url: 'https://docs.github.com/rest' };

export function answer(c: Context<Env>, status: number, body: unknown): Response {
  return c.json(body ?? {}, status as ContentfulStatusCode);
}

export function notFound(c: Context<Env>): Response {
  return answer(c, 404, { message: 'Not Found', ...documentation, status: '404' });
}

export function forbidden(c: Context<Env>): Response {
  return answer(c, 403, {
    message: 'Resource not accessible by integration',
    ...documentation,
    status: '403',
  });
}

/** One page of a list, with the `Link` header that octokit's pagination follows. */
export function page(c: Context<Env>, { url }: World, all: unknown[]): Response {
  const perPage = Math.min(Math.max(Number(c.req.query('per_page') ?? 30), 1), 100);
  const number = Math.max(Number(c.req.query('page') ?? 1), 1);
  if (number * perPage < all.length) {
    const next = new URL(c.req.path, url);
    next.searchParams.set('per_page', String(perPage));
    next.searchParams.set('page', String(number + 1));
    c.header('Link', `<${next}>; rel="next"`);
  }
  return c.json(all.slice((number - 1) * perPage, number * perPage));
}

/** The JSON object in the body; an empty one when it is anything else. */
export async function bodyOf(c: Context<Env>): Promise<JsonObject> {
  return objectAt({ body: parseJson(await c.req.text()) }, 'body');
}

/** The request as it came, to the emulator; only who asks is written in the one way that it understands. */
export async function forward(c: Context<Env>, { emulator }: World): Promise<Response> {
  const { pathname, search } = new URL(c.req.url);
  const headers = new Headers(c.req.raw.headers);
  for (const own of ['host', 'connection', 'content-length', 'transfer-encoding', 'authorization']) {
    headers.delete(own);
  }
  if (c.get('token') !== '') headers.set('authorization', `Bearer ${c.get('token')}`);
  const body = await c.req.arrayBuffer();
  const response = await fetch(`${emulator.origin}${pathname}${search}`, {
    method: c.req.method,
    headers,
    redirect: 'manual',
    ...(body.byteLength > 0 ? { body } : {}),
  });
  const answered = new Headers(response.headers);
  for (const own of ['connection', 'transfer-encoding', 'keep-alive']) answered.delete(own);
  return new Response(response.body, { status: response.status, headers: answered });
}

/** What the emulator answers, as GitHub would. */
export async function forwardAmended(c: Context<Env>, world: World): Promise<Response> {
  const response = await forward(c, world);
  if (!response.headers.get('content-type')?.includes('json')) return response;
  const body = await world.amend(parseJson(await response.text()));
  const headers = new Headers(response.headers);
  headers.delete('content-length');
  return new Response(JSON.stringify(body), { status: response.status, headers });
}
