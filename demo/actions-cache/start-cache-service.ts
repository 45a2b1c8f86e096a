import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { machinePath } from '../machine-path.ts';
import { createCacheState, type StoredEntry } from './cache-state.ts';
import { createFaults, type Operation } from './faults.ts';
import { addProtocol1 } from './protocol-1.ts';
import { addProtocol2 } from './protocol-2.ts';
import { addRest } from './rest.ts';
import type { Runner, Service } from './service.ts';
import { type Blobs, startBlobs } from './start-blobs.ts';

export interface CacheServiceOptions {
  /** `owner/name` of the repository that entries belong to, where nothing else is said. */
  repository?: string;
  /** A blob store that several services share; without it one is started and closed with the service. */
  blobs?: Blobs;
}

export interface RunnerOptions {
  repository?: string;
  /** 2 is GitHub's own, 1 that of enterprise servers. */
  protocol?: 1 | 2;
  /** A job whose token may not write, as after a comment of anybody's. */
  isReadOnly?: boolean;
}

/** Answers a request instead of the service; undefined lets the service answer. */
export type Interception = (request: Request) => Response | undefined | Promise<Response | undefined>;

/** A simulated Actions cache on loopback. */
export type CacheService = Awaited<ReturnType<typeof startCacheService>>;

/** Starts the simulated Actions cache: both protocols of the toolkit, and the REST API over the same entries. */
export async function startCacheService(options: CacheServiceOptions = {}) {
  const repository = options.repository ?? 'acme/shop';
  const blobs = options.blobs ?? (await startBlobs());
  const state = createCacheState(blobs);
  const faults = createFaults();
  const runners = new Map<string, Runner>();
  let intercept: Interception | undefined;

  const app = new Hono();
  // The globals of the process that asks stay Node's own.
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`;

  const service: Service = {
    app,
    blobs,
    state,
    faults,
    runnerOf: (authorization) => runners.get(authorization?.replace(/^Bearer /, '') ?? ''),
    // Contents do not pass through here, so a link that is to fail leads to a route that does.
    link: (blob, operation) =>
      faults.isArmed(operation)
        ? Promise.resolve(`${url}/failing/${operation}/${blob}`)
        : blobs.link(blob, operation === 'upload' ? 'cw' : 'r'),
  };
  app.use(async (c, next) => (await intercept?.(c.req.raw)) ?? (await next()));
  addProtocol2(service);
  addProtocol1(service);
  addRest(service);
  app.get('/failing/download/:blob', async (c) => {
    const status = faults.next('download');
    if (status !== undefined) return new Response('made to fail', { status });
    return c.redirect(await blobs.link(c.req.param('blob'), 'r'));
  });
  app.put('/failing/upload/:blob', async (c) => {
    const status = faults.next('upload');
    if (status !== undefined) return new Response('made to fail', { status });
    await blobs.put(c.req.param('blob'), new Uint8Array(await c.req.arrayBuffer()));
    return c.body(null, 201);
  });

  function runner({
    repository: of = repository,
    protocol = 2,
    isReadOnly = false,
  }: RunnerOptions = {}): Record<string, string> {
    const token = `simulated-${randomBytes(18).toString('hex')}`;
    runners.set(token, { repository: of, isReadOnly });
    const variables: Record<string, string> = { PATH: machinePath, ACTIONS_RUNTIME_TOKEN: token };
    return protocol === 2
      ? { ...variables, ACTIONS_CACHE_SERVICE_V2: 'true', ACTIONS_RESULTS_URL: `${url}/` }
      : { ...variables, ACTIONS_CACHE_URL: `${url}/` };
  }

  async function reserve(key: string, version: string): Promise<StoredEntry> {
    const entry = state.reserve(repository, key, version);
    if (!entry) throw new Error(`the key ${key} is taken in the simulated cache`);
    return entry;
  }

  return {
    url,
    /** The variables of a job of the repository. */
    env: runner(),
    /** The variables of another job. */
    runner,
    /** Finished entries of the repository, oldest first. */
    stored: (prefix = ''): StoredEntry[] => state.finished(repository, prefix),
    /** Makes the next requests of a kind fail, all of them where no number is given. */
    fail: (operation: Operation, status = 500, times = Number.POSITIVE_INFINITY): void =>
      faults.arm(operation, status, times),
    /** Ends all failures and interceptions. */
    mend(): void {
      faults.clear();
      intercept = undefined;
    },
    /** Removes entries as GitHub does with unused ones; returns how many. */
    evict: (prefix: string): Promise<number> =>
      state.remove((entry) => entry.repository === repository && entry.key.startsWith(prefix)),
    /** Most bytes of a repository; the least recently used entries go first. */
    limit: state.limit,
    /** A reservation whose writer has died. */
    holdKey: async (key: string, version: string): Promise<void> => {
      await reserve(key, version);
    },
    /** An entry with any contents, as anybody with a cache token of the repository can make one. */
    plant: async (key: string, version: string, content: Uint8Array): Promise<void> => {
      const entry = await reserve(key, version);
      await blobs.put(entry.blob, content);
      await state.finish(entry, content.byteLength);
    },
    /** Changes the contents of a finished entry behind everybody's back. */
    replace: async (key: string, change: (content: Buffer) => Uint8Array): Promise<void> => {
      const entry = state.finished(repository, key).find((one) => one.key === key);
      if (!entry) throw new Error(`no entry has the key ${key} in the simulated cache`);
      const content = change(await blobs.get(entry.blob));
      await blobs.put(entry.blob, content);
      entry.bytes = content.byteLength;
    },
    answerWith(interception: Interception): void {
      intercept = interception;
    },
    close: async (): Promise<void> => {
      server.close();
      server.closeAllConnections();
      if (!options.blobs) await blobs.close();
    },
  };
}
