import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { Scope, Viewer } from '../../../src/core/viewer.ts';
import type { Changes } from '../../../src/dashboard/live/changes.ts';
import { eventRoutes } from '../../../src/dashboard/live/routes.ts';
import type { DashboardEnv } from '../../../src/dashboard/routes.ts';

/** Changes that the test makes, and who listens to them. */
function app({ isFull = false } = {}) {
  const state: { scope?: Scope; change?: () => void; over?: AbortSignal } = {};
  const stopped = new AbortController();
  const changes: Changes = {
    listen(scope, onChange, signal) {
      if (isFull) return undefined;
      const over = AbortSignal.any([signal, stopped.signal]);
      Object.assign(state, { scope, change: onChange, over });
      return over;
    },
    stop: async () => stopped.abort(),
  };
  const viewer: Viewer = { name: 'maria', scope: [7], isAdministrator: false };
  const routes = new Hono<DashboardEnv>();
  routes.use(async (c, next) => {
    c.set('viewer', viewer);
    await next();
  });
  routes.route('/', eventRoutes(changes));
  return { routes, state, changes };
}

async function open(routes: Hono<DashboardEnv>) {
  const response = await routes.request('/events');
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  /** Reads until the text has what is looked for, or ends. */
  const until = async (wanted?: string) => {
    while (wanted === undefined || !text.includes(wanted)) {
      const part = await reader?.read();
      if (!part || part.done) break;
      text += decoder.decode(part.value);
    }
    return text;
  };
  return { response, until, close: () => reader?.cancel() };
}

describe('GET /events', () => {
  it('says that something has changed, and not what', async () => {
    const { routes, state } = app();
    const { response, until, close } = await open(routes);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(await until('listening')).toBe(': listening\n\n');
    expect(state.scope).toEqual([7]);
    state.change?.();
    expect(await until('change')).toBe(': listening\n\nevent: change\ndata: \n\n');
    await close();
  });

  it('ends when the app stops', async () => {
    const { routes, changes } = app();
    const { until } = await open(routes);
    await until('listening');
    await changes.stop();
    expect(await until()).toBe(': listening\n\n');
  });

  it('gives the place of somebody who went away to others', async () => {
    const { routes, state } = app();
    const { until, close } = await open(routes);
    await until('listening');
    await close();
    await expect.poll(() => state.over?.aborted).toBe(true);
  });

  it('asks to come later where there is no place', async () => {
    const { routes } = app({ isFull: true });
    const response = await routes.request('/events');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('60');
  });
});
