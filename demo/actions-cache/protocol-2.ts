import type { Context } from 'hono';
import { z } from 'zod';
import { type Runner, type Service, writeDenied } from './service.ts';

const base = '/twirp/github.actions.results.api.v1.CacheService';

const Entry = z.object({ key: z.string(), version: z.string() });
const Lookup = Entry.extend({ restore_keys: z.array(z.string()).default([]) });
const Upload = Entry.extend({ size_bytes: z.coerce.number() });

/**
 * The cache service's second protocol, Twirp with JSON; contents go to and from the blob store directly.
 * https://github.com/actions/toolkit/blob/main/packages/cache/src/generated/results/api/v1/cache.ts
 */
export function addProtocol2({ app, state, faults, runnerOf, link }: Service): void {
  app.post(`${base}/GetCacheEntryDownloadURL`, (c) =>
    answer(c, 'lookup', async ({ repository }) => {
      const { key, version, restore_keys } = Lookup.parse(await c.req.json());
      const found = state.find(repository, [key, ...restore_keys], version);
      if (!found) return c.json({ ok: false, signed_download_url: '', matched_key: '' });
      return c.json({
        ok: true,
        signed_download_url: await link(found.blob, 'download'),
        matched_key: found.key,
      });
    }),
  );

  app.post(`${base}/CreateCacheEntry`, (c) =>
    answer(c, 'reserve', async ({ repository, isReadOnly }) => {
      const { key, version } = Entry.parse(await c.req.json());
      if (isReadOnly) return c.json({ ok: false, signed_upload_url: '', message: writeDenied });
      const entry = state.reserve(repository, key, version);
      if (!entry) {
        return problem(
          409,
          'already_exists',
          'cache entry with the same key, version, and scope already exists',
        );
      }
      return c.json({ ok: true, signed_upload_url: await link(entry.blob, 'upload'), message: '' });
    }),
  );

  app.post(`${base}/FinalizeCacheEntryUpload`, (c) =>
    answer(c, 'finalize', async ({ repository }) => {
      const { key, version, size_bytes } = Upload.parse(await c.req.json());
      const entry = state.reserved(
        (one) => one.repository === repository && one.key === key && one.version === version,
      );
      if (!entry || !(await state.finish(entry, size_bytes))) {
        return c.json({ ok: false, entry_id: '0', message: 'nothing of this size was uploaded for the key' });
      }
      return c.json({ ok: true, entry_id: String(entry.id), message: '' });
    }),
  );

  async function answer(
    c: Context,
    operation: 'lookup' | 'reserve' | 'finalize',
    handle: (runner: Runner) => Promise<Response>,
  ): Promise<Response> {
    const status = faults.next(operation);
    if (status !== undefined) return problem(status, 'internal', 'made to fail');
    const runner = runnerOf(c.req.header('authorization'));
    return runner ? handle(runner) : problem(401, 'unauthenticated', 'nobody has this token');
  }
}

function problem(status: number, code: string, msg: string): Response {
  return Response.json({ code, msg }, { status });
}
