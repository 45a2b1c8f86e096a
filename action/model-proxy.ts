import { randomBytes, timingSafeEqual } from 'node:crypto';
import {
  createServer,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { withEarlierMarker } from '../src/prompt-cache/add-marker.ts';
import type { ModelUpstream } from './model-upstream.ts';
import { proxyVariables } from './proxy.ts';

export interface ModelProxyOptions {
  upstream: ModelUpstream;
  /** For the way out of the network: `HTTPS_PROXY` and its like. */
  env: Readonly<Record<string, string | undefined>>;
  /** Whether a request of the CLI gets a cache marker more where it needs one; true by default. */
  addsMarkers?: boolean;
}

export interface ModelProxy {
  /** Address on loopback for `ANTHROPIC_BASE_URL`. */
  url: string;
  /** Key of this run alone, worth nothing once the proxy is closed. */
  key: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Headers that belong to one connection, and the credentials that the proxy replaces. */
const notForwarded = new Set([
  'connection',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-api-key',
  'authorization',
]);

/** The API takes less than this. */
const mostBodyBytes = 64_000_000;

/**
 * Forwards the model's API on loopback, so that the real key is in this process only: the agent can print its
 * whole environment and finds a key that ends with the run. Answers are streamed.
 */
export async function startModelProxy({
  upstream,
  env,
  addsMarkers = true,
}: ModelProxyOptions): Promise<ModelProxy> {
  const key = `dexter-run-${randomBytes(24).toString('base64url')}`;
  const target = new URL(upstream.address);
  const isSecure = target.protocol === 'https:';
  const send = isSecure ? httpsRequest : httpRequest;
  const agent = new (isSecure ? HttpsAgent : HttpAgent)({ keepAlive: true, proxyEnv: proxyVariables(env) });
  const server = createServer((request, response) => {
    forward(request, response).catch(() => fail(response));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The model proxy has no port');

  return {
    url: `http://127.0.0.1:${address.port}`,
    key,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isOurs(request)) {
      respond(response, 401, 'authentication_error', 'This key does not belong to this run');
      return;
    }
    const address = addressOf(request);
    if (address === undefined) {
      respond(response, 403, 'permission_error', 'Dexter forwards only what the engine needs');
      return;
    }
    const { method = 'GET' } = request;
    const given = upstream.signsBody || method === 'POST' ? await bodyOf(request) : undefined;
    if (given === 'too-large') {
      respond(response, 413, 'request_too_large', 'The request is too large');
      return;
    }
    const headers = headersOf(request);
    const body = given && addsMarkers ? withMarker(given, headers) : given;
    if (body !== given) headers['content-length'] = String(body?.length);
    const signed = await upstream
      .sign({ method, url: address, headers: plain(headers), body: body ?? Buffer.alloc(0) })
      .catch(() => undefined);
    if (signed === undefined) {
      respond(response, 401, 'authentication_error', 'Dexter has no credentials for the model');
      return;
    }
    const outgoing = send(address, { method, headers: { ...headers, ...signed }, agent });
    response.once('close', () => outgoing.destroy());
    // Not a pipeline: an answer that comes before the request is all sent is an answer all the same.
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve).on('error', reject);
      if (body === undefined) request.pipe(outgoing);
      else outgoing.end(body);
    });
    const answered = Object.entries(answer.headers).filter(([name]) => !notForwarded.has(name));
    response.writeHead(answer.statusCode ?? 502, Object.fromEntries(answered));
    response.flushHeaders();
    await pipeline(answer, response);
  }

  function isOurs({ headers }: IncomingMessage): boolean {
    const given = headers['x-api-key'] ?? /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
    const [a, b] = [Buffer.from(String(given)), Buffer.from(key)];
    return a.length === b.length && timingSafeEqual(a, b);
  }

  /** The request's path below the upstream's own; never another host, whatever the request line says. */
  function addressOf({ method, url = '/' }: IncomingMessage): URL | undefined {
    const { pathname, search } = new URL(url, 'http://loopback');
    if (!upstream.allowed.some((each) => each.method === method && each.path.test(pathname)))
      return undefined;
    const address = new URL(target);
    address.pathname = target.pathname.replace(/\/+$/, '') + pathname;
    address.search = search;
    return address;
  }

  function headersOf({ headers }: IncomingMessage): Record<string, string | string[]> {
    const forwarded: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined && !notForwarded.has(name)) forwarded[name] = value;
    }
    return forwarded;
  }
}

/** With a marker more where the provider would write again what it has. Packed requests are not looked into. */
function withMarker(body: Buffer, headers: Record<string, string | string[]>): Buffer {
  if (headers['content-encoding'] !== undefined) return body;
  const marked = withEarlierMarker(body.toString('utf8'));
  return marked === undefined ? body : Buffer.from(marked);
}

/** The body as a whole. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | 'too-large'> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > mostBodyBytes) return 'too-large';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function plain(headers: Record<string, string | string[]>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join() : value]),
  );
}

/** Before the answer began it can still be said what is wrong; after that the connection breaks. */
function fail(response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else respond(response, 502, 'api_error', "The model's API could not be reached");
}

function respond(response: ServerResponse, status: number, type: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ type: 'error', error: { type, message } }));
}
