import nock from 'nock';
import { expect, it } from 'vitest';
import { cacheEntries } from '../../src/github/cache-entries.ts';
import { repositoryNamed, tokenClient } from '../../src/github/token-client.ts';

const api = 'https://api.github.example';
const path = '/repos/acme/shop/actions/caches';
const client = () => tokenClient('ghs_token', api);
const entries = () => cacheEntries(client(), { id: 20, owner: 'acme', name: 'shop' });

function listed(first: number, count: number) {
  return {
    total_count: 101,
    actions_caches: Array.from({ length: count }, (_, index) => ({
      id: first + index,
      key: `dexter-v1-${first + index}`,
      size_in_bytes: 12,
      created_at: '2026-11-01T10:00:00.123456700Z',
    })),
  };
}

it('lists every page of the entries whose key begins with a prefix, oldest first', async () => {
  const query = { key: 'dexter-v1-', sort: 'created_at', direction: 'asc', per_page: 100 };
  const asked = nock(api, { reqheaders: { authorization: 'token ghs_token' } })
    .get(path)
    .query({ ...query, page: 1 })
    .reply(200, listed(1, 100))
    .get(path)
    .query({ ...query, page: 2 })
    .reply(200, listed(101, 1));
  const found = await entries().list('dexter-v1-');
  expect(found.map(({ id }) => id)).toEqual(Array.from({ length: 101 }, (_, index) => index + 1));
  expect(found[100]).toEqual({
    id: 101,
    key: 'dexter-v1-101',
    bytes: 12,
    createdAt: new Date('2026-11-01T10:00:00.123Z'),
  });
  expect(asked.isDone()).toBe(true);
});

it('removes an entry by its id, and one that is gone as well', async () => {
  const asked = nock(api)
    .delete(`${path}/7`)
    .reply(204)
    .delete(`${path}/7`)
    .reply(404, { message: 'Not Found' });
  await entries().remove(7);
  await entries().remove(7);
  expect(asked.isDone()).toBe(true);
});

it('says what GitHub refused', async () => {
  nock(api).get(path).query(true).reply(403, {}).delete(`${path}/7`).reply(403, {});
  await expect(entries().list('dexter-v1-')).rejects.toMatchObject({
    code: 'github-failed',
    message: 'GitHub failed while listing the entries of the Actions cache (HTTP 403).',
  });
  await expect(entries().remove(7)).rejects.toMatchObject({
    message: 'GitHub failed while removing an entry of the Actions cache (HTTP 403).',
  });
});

it('finds a repository by its name', async () => {
  nock(api)
    .get('/repos/acme/shop')
    .reply(200, { id: 20, name: 'shop', owner: { login: 'acme' } });
  expect(await repositoryNamed(client(), 'acme', 'shop')).toEqual({ id: 20, owner: 'acme', name: 'shop' });
});

it('says which repository it did not find', async () => {
  nock(api).get('/repos/acme/gone').reply(404, {});
  await expect(repositoryNamed(client(), 'acme', 'gone')).rejects.toThrow('acme/gone (HTTP 404)');
});
