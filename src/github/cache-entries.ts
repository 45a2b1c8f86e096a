import type { Octokit } from 'octokit';
import { z } from 'zod';
import type { RepositoryRef } from '../core/command.ts';
import type { CacheEntries, CacheEntry } from '../stores/actions-cache/cache-entries.ts';
import { place, say, statusOf } from './github.ts';

const perPage = 100;

const Page = z.object({
  actions_caches: z.array(
    z.object({
      id: z.number(),
      key: z.string(),
      size_in_bytes: z.number(),
      created_at: z.coerce.date(),
    }),
  ),
});

/**
 * The entries of a repository's Actions cache, of all branches. The token needs `actions: write`.
 * https://docs.github.com/en/rest/actions/cache
 */
export function cacheEntries(octokit: Pick<Octokit, 'request'>, repository: RepositoryRef): CacheEntries {
  return {
    async list(keyPrefix) {
      const entries: CacheEntry[] = [];
      for (let page = 1; ; page++) {
        const { data } = await say('listing the entries of the Actions cache', () =>
          octokit.request('GET /repos/{owner}/{repo}/actions/caches', {
            ...place(repository),
            key: keyPrefix,
            // Oldest first, so that an entry that comes while the pages are read does not move the others.
            sort: 'created_at',
            direction: 'asc',
            per_page: perPage,
            page,
          }),
        );
        const { actions_caches } = Page.parse(data);
        for (const { id, key, size_in_bytes, created_at } of actions_caches) {
          entries.push({ id, key, bytes: size_in_bytes, createdAt: created_at });
        }
        if (actions_caches.length < perPage) return entries;
      }
    },

    async remove(id) {
      await say('removing an entry of the Actions cache', async () => {
        try {
          await octokit.request('DELETE /repos/{owner}/{repo}/actions/caches/{cache_id}', {
            ...place(repository),
            cache_id: id,
          });
        } catch (error) {
          // Evicted meanwhile, or removed by somebody else.
          if (statusOf(error) !== 404) throw error;
        }
      });
    },
  };
}
