import type { Context } from 'hono';
import type { Service } from './service.ts';

/** The part of GitHub's REST API that lists and removes entries. https://docs.github.com/en/rest/actions/cache */
export function addRest({ app, state, faults }: Service): void {
  app.get('/repos/:owner/:repo/actions/caches', (c) => {
    const refused = refusal(c, faults.next('list'));
    if (refused) return refused;
    const perPage = Number(c.req.query('per_page') ?? 30);
    const first = (Number(c.req.query('page') ?? 1) - 1) * perPage;
    const found = state.finished(`${c.req.param('owner')}/${c.req.param('repo')}`, c.req.query('key') ?? '');
    const sorted = c.req.query('direction') === 'asc' ? found : found.toReversed();
    return c.json({
      total_count: sorted.length,
      actions_caches: sorted.slice(first, first + perPage).map((entry) => ({
        id: entry.id,
        ref: 'refs/heads/main',
        key: entry.key,
        version: entry.version,
        last_accessed_at: entry.usedAt.toISOString(),
        created_at: entry.createdAt.toISOString(),
        size_in_bytes: entry.bytes,
      })),
    });
  });

  app.delete('/repos/:owner/:repo/actions/caches/:id', async (c) => {
    const refused = refusal(c, faults.next('remove'));
    if (refused) return refused;
    const repository = `${c.req.param('owner')}/${c.req.param('repo')}`;
    const id = Number(c.req.param('id'));
    const removed = await state.remove((entry) => entry.repository === repository && entry.id === id);
    return removed > 0 ? c.body(null, 204) : c.json({ message: 'Not Found' }, 404);
  });
}

function refusal(c: Context, fault: number | undefined): Response | undefined {
  const status = fault ?? (c.req.header('authorization') ? undefined : 401);
  if (status === undefined) return undefined;
  const message = fault === undefined ? 'Requires authentication' : 'made to fail';
  return Response.json({ message }, { status });
}
