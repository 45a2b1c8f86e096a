import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { viewerKey } from '../actions/form-tokens.ts';
import type { DashboardEnv } from '../routes.ts';
import type { Changes } from './changes.ts';

/** Proxies close what is silent for a minute. */
const heartbeatMs = 20_000;

/** Then the browser comes again, and it is looked anew what it may see. */
const longestMs = 10 * 60_000;

/** Pages that one person has open at the same time. */
const mostOfViewer = 20;

/** `GET /events`: says `change` whenever something that the viewer may see has changed. */
export function eventRoutes(changes: Changes): Hono<DashboardEnv> {
  const routes = new Hono<DashboardEnv>();
  const open = new Map<string, number>();
  routes.get('/events', (c) => {
    const key = viewerKey(c.var.viewer);
    const others = open.get(key) ?? 0;
    const gone = new AbortController();
    let wake: () => void = () => undefined;
    let isChanged = false;
    const over =
      others < mostOfViewer
        ? changes.listen(
            c.var.viewer.scope,
            () => {
              isChanged = true;
              wake();
            },
            AbortSignal.any([gone.signal, AbortSignal.timeout(longestMs)]),
          )
        : undefined;
    if (!over) {
      c.header('retry-after', '60');
      return c.text('Too many pages are open, or Dexter is being stopped.', 503);
    }
    open.set(key, others + 1);
    over.addEventListener('abort', () => {
      const left = (open.get(key) ?? 1) - 1;
      if (left === 0) open.delete(key);
      else open.set(key, left);
      wake();
    });
    c.header('x-accel-buffering', 'no');
    return streamSSE(c, async (stream) => {
      stream.onAbort(() => gone.abort());
      await stream.write(': listening\n\n');
      while (!over.aborted) {
        if (isChanged) {
          isChanged = false;
          await stream.writeSSE({ event: 'change', data: '' });
          continue;
        }
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const beat = setTimeout(resolve, heartbeatMs);
        await promise;
        clearTimeout(beat);
        if (!isChanged && !over.aborted) await stream.write(': still here\n\n');
      }
      gone.abort();
    });
  });
  return routes;
}
