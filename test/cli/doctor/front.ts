import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** What stands between the world and the app, as a reverse proxy does; it can be made to answer in the app's place. */
export async function startFront() {
  let target: string | undefined;
  const answers = new Map<string, number>();
  const server = createServer(async (incoming, outgoing) => {
    const path = (incoming.url ?? '/').split('?')[0] ?? '/';
    const status = answers.get(path);
    const body = await buffer(incoming);
    if (status !== undefined || target === undefined) return void outgoing.writeHead(status ?? 502).end();
    const headers = new Headers();
    for (const [name, value] of Object.entries(incoming.headers)) {
      if (['host', 'connection', 'content-length', 'transfer-encoding'].includes(name)) continue;
      if (typeof value === 'string') headers.set(name, value);
    }
    try {
      const response = await fetch(`${target}${incoming.url}`, {
        method: incoming.method ?? 'GET',
        headers,
        ...(body.length > 0 ? { body } : {}),
      });
      outgoing.writeHead(response.status, { 'content-type': response.headers.get('content-type') ?? '' });
      outgoing.end(Buffer.from(await response.arrayBuffer()));
    } catch {
      outgoing.writeHead(502).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`,
    passTo: (url: string): void => {
      target = url;
    },
    /** Answers a path by itself from now on; without a status it is passed on again. */
    answer(path: string, status?: number): void {
      if (status === undefined) answers.delete(path);
      else answers.set(path, status);
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
