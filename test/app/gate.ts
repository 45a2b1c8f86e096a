import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface Held {
  /** Resolves when the request has come, and with `afterwards` when the server has done it. */
  arrived: Promise<void>;
  /** Lets it through. */
  open(): void;
  /** Answers it as if there were nothing. */
  refuse(): void;
  /** Answers 502, also to what the server has done. */
  fail(): void;
}

interface Rule {
  matches: (method: string, path: string, body: string) => boolean;
  afterwards: boolean;
  arrived: PromiseWithResolvers<void>;
  opened: PromiseWithResolvers<'through' | 'refused' | 'failed'>;
}

export interface HoldOptions {
  /** Only when the server has done it. */
  afterwards?: boolean | undefined;
  /** Requests to a GraphQL API differ by their bodies alone. */
  body?: RegExp | undefined;
}

export interface GateOptions {
  target: string;
  /** Changes the answer of the target: text in, text out. */
  amend?: (path: string, body: string) => string;
}

/**
 * A proxy in front of a server that can hold requests: before the server gets them, or afterwards, when the
 * server has done what they ask and its answer is still on the way.
 */
export async function startGate({ target, amend = (_path, body) => body }: GateOptions) {
  /** Those that wait for their request, and those that have it. */
  const rules: Rule[] = [];
  const held = new Set<Rule>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const text = Buffer.concat(chunks).toString('utf8');
    const found = rules.findIndex(({ matches }) => matches(method, path, text));
    const [rule] = found < 0 ? [] : rules.splice(found, 1);
    if (rule) held.add(rule);
    if (rule && !rule.afterwards) {
      rule.arrived.resolve();
      if ((await rule.opened.promise) === 'refused') {
        response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"Not Found"}');
        return;
      }
    }
    // Whoever asked has gone meanwhile, and so the request was never made.
    if (response.destroyed) return;
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) {
      if (!['host', 'connection', 'content-length', 'transfer-encoding'].includes(name))
        headers.set(name, String(value));
    }
    const body = Buffer.concat(chunks);
    const answered = await fetch(`${target}${path}`, {
      method,
      headers,
      redirect: 'manual',
      ...(body.length > 0 ? { body } : {}),
    });
    const changed = amend(path, await answered.text());
    if (rule?.afterwards) {
      rule.arrived.resolve();
      if ((await rule.opened.promise) === 'failed') {
        response.writeHead(502, { 'content-type': 'application/json' }).end('{"message":"Server Error"}');
        return;
      }
    }
    const kept = [...answered.headers].filter(
      ([name]) => !['content-encoding', 'content-length', 'transfer-encoding', 'connection'].includes(name),
    );
    response.writeHead(answered.status, Object.fromEntries(kept)).end(changed);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  // Longer than any test: a client never finds a connection closed that it wants to use again.
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();

  return {
    url: `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`,
    /** Holds the next request whose method, path and body fit. */
    hold(method: string, path: RegExp, { afterwards = false, body = /^/ }: HoldOptions = {}): Held {
      const rule: Rule = {
        matches: (itsMethod, itsPath, itsBody) =>
          itsMethod === method && path.test(itsPath) && body.test(itsBody),
        afterwards,
        arrived: Promise.withResolvers(),
        opened: Promise.withResolvers(),
      };
      rules.push(rule);
      const end = (how: 'through' | 'refused' | 'failed') => {
        rule.opened.resolve(how);
      };
      return {
        arrived: rule.arrived.promise,
        open: () => end('through'),
        refuse: () => end('refused'),
        fail: () => end('failed'),
      };
    },
    async close() {
      for (const rule of held) rule.opened.resolve('through');
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type Gate = Awaited<ReturnType<typeof startGate>>;
