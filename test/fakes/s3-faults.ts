import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { forward } from '../../demo/s3/forward.ts';

/** What goes wrong with a request. */
export type Fault =
  /** Answered in place of the server. */
  | { status: number; code: string; retryAfter?: string }
  /** The connection is cut before the server hears of it. */
  | 'reset'
  /** The server does it, and the answer does not arrive. */
  | 'lost'
  | 'silence'
  /** The content breaks off after so many bytes. */
  | { cutAfter: number }
  /** A byte now and then. */
  | 'trickle'
  /** The server does not see the conditions. */
  | 'unconditional'
  /** Something happens before the server hears of it. */
  | { before: () => Promise<unknown> };

interface Injected {
  on: string;
  left: number;
  skip: number;
  fault: Fault;
}

const encryption = 'x-amz-server-side-encryption';

export type FaultyS3 = Awaited<ReturnType<typeof startFaults>>;

/**
 * A proxy in front of an S3 server in which requests fail as told. They are called `GET pointer`, `PUT object`,
 * `PUT probe` (a conditional write to an object), `POST begin`, `PUT part`, `POST end`, `DELETE parts`,
 * `GET list`, `GET uploads` and so on.
 */
export async function startFaults(upstream: URL) {
  let injected: Injected[] = [];
  const seen: { call: string; range: string | undefined; sealed: unknown[] }[] = [];

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const call = callOf(incoming);
    const { range, [encryption]: algorithm, [`${encryption}-aws-kms-key-id`]: key } = incoming.headers;
    seen.push({ call, range, sealed: [algorithm, key] });
    const fault = next(call);
    if (fault === undefined) return forward(incoming, outgoing, upstream);
    if (fault === 'reset') return void incoming.socket.resetAndDestroy();
    if (fault === 'silence') return void incoming.resume();
    if (fault === 'unconditional') {
      delete incoming.headers['if-match'];
      delete incoming.headers['if-none-match'];
      return forward(incoming, outgoing, upstream);
    }
    if (typeof fault === 'object' && 'before' in fault) {
      await fault.before();
      return forward(incoming, outgoing, upstream);
    }
    if (typeof fault === 'object' && 'status' in fault) {
      await buffer(incoming);
      outgoing.writeHead(fault.status, {
        'content-type': 'application/xml',
        ...(fault.retryAfter ? { 'retry-after': fault.retryAfter } : {}),
      });
      const text = `<Error><Code>${fault.code}</Code><Message>&lt;script&gt; said the server</Message></Error>`;
      return void outgoing.end(incoming.method === 'HEAD' ? undefined : text);
    }
    const response = await send(incoming, upstream);
    const body = Buffer.from(await response.arrayBuffer());
    if (fault === 'lost') return void incoming.socket.resetAndDestroy();
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.flushHeaders();
    if (fault === 'trickle') {
      let sent = 0;
      const timer = setInterval(() => outgoing.write(body.subarray(sent, ++sent)), 5);
      outgoing.once('close', () => clearInterval(timer));
      return;
    }
    outgoing.write(body.subarray(0, fault.cutAfter), () => incoming.socket.destroy());
  }

  function next(call: string): Fault | undefined {
    for (const one of injected) {
      if (one.on !== call || one.left === 0) continue;
      if (one.skip > 0) {
        one.skip -= 1;
        continue;
      }
      one.left -= 1;
      return one.fault;
    }
    return undefined;
  }

  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port');

  return {
    url: `http://127.0.0.1:${address.port}`,
    /** Lets `times` requests of a name fail, after `skip` that do not. */
    fail(on: string, fault: Fault, { times = 1, skip = 0 } = {}) {
      injected.push({ on, fault, left: times, skip });
    },
    /** Requests of a name that arrived; `sealed` is the encryption that they ask for, and its key. */
    seen: (call: string) => seen.filter((one) => one.call === call),
    /** Forgets all faults and requests. */
    clear() {
      injected = [];
      seen.length = 0;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function callOf({ method = '', url = '/', headers }: IncomingMessage): string {
  const { pathname, searchParams: query } = new URL(url, 'http://localhost');
  if (query.has('partNumber')) return `${method} part`;
  if (query.has('uploadId')) return method === 'POST' ? 'POST end' : `${method} parts`;
  if (query.has('uploads')) return method === 'POST' ? 'POST begin' : `${method} uploads`;
  if (query.has('list-type')) return `${method} list`;
  if (pathname.endsWith('/HEAD')) return `${method} pointer`;
  const isConditional = (headers['if-match'] ?? headers['if-none-match']) !== undefined;
  return `${method} ${isConditional ? 'probe' : 'object'}`;
}

async function send(incoming: IncomingMessage, upstream: URL): Promise<Response> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (['connection', 'content-length', 'expect', 'host', 'keep-alive', 'transfer-encoding'].includes(name))
      continue;
    if (typeof value === 'string') headers.set(name, value);
  }
  const body = await buffer(incoming);
  return await fetch(new URL(incoming.url ?? '/', upstream), {
    method: incoming.method ?? 'GET',
    headers,
    ...(body.length > 0 ? { body } : {}),
  });
}
