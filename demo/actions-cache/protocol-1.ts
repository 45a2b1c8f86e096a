import type { Context } from 'hono';
import { z } from 'zod';
import type { Operation } from './faults.ts';
import { type Runner, type Service, writeDenied } from './service.ts';

const base = '/_apis/artifactcache';

const Reservation = z.object({ key: z.string(), version: z.string() });
const Commit = z.object({ size: z.number() });

/**
 * The cache service's first protocol, which enterprise servers speak: contents are uploaded in pieces to the
 * service itself. https://github.com/actions/toolkit/blob/main/packages/cache/src/internal/cacheHttpClient.ts
 */
export function addProtocol1({ app, blobs, state, faults, runnerOf, link }: Service): void {
  const pieces = new Map<number, Map<number, Uint8Array>>();

  app.get(`${base}/cache`, (c) =>
    answer(c, 'lookup', async ({ repository }) => {
      const keys = (c.req.query('keys') ?? '').split(',');
      const found = state.find(repository, keys, c.req.query('version') ?? '');
      if (!found) return c.body(null, 204);
      return c.json({
        cacheKey: found.key,
        cacheVersion: found.version,
        scope: 'refs/heads/main',
        creationTime: found.createdAt.toISOString(),
        archiveLocation: await link(found.blob, 'download'),
      });
    }),
  );

  app.post(`${base}/caches`, (c) =>
    answer(c, 'reserve', async ({ repository, isReadOnly }) => {
      const { key, version } = Reservation.parse(await c.req.json());
      if (isReadOnly) return problem(403, writeDenied);
      const entry = state.reserve(repository, key, version);
      if (!entry) return problem(409, `Cache already exists. Key: ${key}, Version: ${version}`);
      pieces.set(entry.id, new Map());
      return c.json({ cacheId: entry.id }, 201);
    }),
  );

  app.patch(`${base}/caches/:id`, (c) =>
    answer(c, 'upload', async () => {
      const [, start] = /^bytes (\d+)-\d+\/\*$/.exec(c.req.header('content-range') ?? '') ?? [];
      const uploaded = pieces.get(Number(c.req.param('id')));
      if (!uploaded || start === undefined) return problem(400, 'no such reservation, or no range');
      uploaded.set(Number(start), new Uint8Array(await c.req.arrayBuffer()));
      return c.body(null, 204);
    }),
  );

  app.post(`${base}/caches/:id`, (c) =>
    answer(c, 'finalize', async ({ repository }) => {
      const id = Number(c.req.param('id'));
      const { size } = Commit.parse(await c.req.json());
      const entry = state.reserved((one) => one.repository === repository && one.id === id);
      const uploaded = pieces.get(id);
      if (!entry || !uploaded) return problem(400, 'no such reservation');
      const inOrder = [...uploaded].sort(([a], [b]) => a - b).map(([, piece]) => piece);
      await blobs.put(entry.blob, Buffer.concat(inOrder));
      pieces.delete(id);
      return (await state.finish(entry, size))
        ? c.body(null, 204)
        : problem(400, 'another size was uploaded');
    }),
  );

  async function answer(
    c: Context,
    operation: Operation,
    handle: (runner: Runner) => Promise<Response>,
  ): Promise<Response> {
    const status = faults.next(operation);
    if (status !== undefined) return problem(status, 'made to fail');
    const runner = runnerOf(c.req.header('authorization'));
    return runner ? handle(runner) : problem(401, 'nobody has this token');
  }
}

function problem(status: number, message: string): Response {
  return Response.json({ message }, { status });
}
