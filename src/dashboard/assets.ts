import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Hono } from 'hono';

const types = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' } as const;

/** A file of the dashboard under an address that changes with its content, so that browsers may keep it for good. */
function asset(name: string, type: keyof typeof types) {
  const body = readFileSync(new URL(`./assets/${name}.${type}`, import.meta.url), 'utf8');
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
  return { body, path: `/assets/${name}.${hash}.${type}`, type: types[type] };
}

/** What pages name in their head. */
export const styleSheet = asset('dexter', 'css');
export const liveScript = asset('live', 'js');

export function assetRoutes(): Hono {
  const routes = new Hono();
  for (const { body, path, type } of [styleSheet, liveScript]) {
    routes.get(path, (c) =>
      c.body(body, 200, { 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable' }),
    );
  }
  return routes;
}
