import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startS3 } from '../../demo/s3/start-s3.ts';
import { newMasterKey } from '../../src/core/session-key.ts';
import { formatKey } from '../../src/stores/actions-cache/entry-key.ts';
import { s3Store } from '../../src/stores/s3.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { dexterIn } from './dexter-process.ts';
import { keep, refOf } from './kept-sessions.ts';

describe('dexter with sessions in S3', () => {
  it('lists, rotates, shows and removes them', async () => {
    await using place = await temporaryDirectory();
    const s3 = await startS3();
    try {
      const [oldKey, newKey] = [newMasterKey(), newMasterKey()];
      const store = s3Store({
        bucket: s3.bucket,
        region: s3.region,
        endpoint: s3.url,
        prefix: 'team/sessions',
        forcePathStyle: true,
        credentials: s3,
      });
      await keep(store, refOf('DXTR-1'), { current: oldKey, previous: [] });
      await keep(store, refOf('DXTR-2', 7), { current: oldKey, previous: [] });

      const flags = ['--s3-endpoint', s3.url, '--s3-prefix', 'team/sessions', '--s3-path-style'];
      const dexter = (args: string[], env: Record<string, string> = {}) =>
        dexterIn(place.path, [...args, ...flags], {
          DEXTER_STORE: 's3',
          DEXTER_S3_BUCKET: s3.bucket,
          AWS_REGION: s3.region,
          AWS_ACCESS_KEY_ID: s3.accessKeyId,
          AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
          ...env,
        });

      const listed = await dexter(['session', 'ls', '--json']);
      expect([listed.code, listed.stderr]).toEqual([0, '']);
      expect(JSON.parse(listed.stdout)).toMatchObject([refOf('DXTR-2', 7), refOf('DXTR-1')]);

      const env = { DEXTER_SESSION_KEY: newKey, DEXTER_SESSION_KEY_PREVIOUS: oldKey };
      const rotated = await dexter(['key', 'rotate'], env);
      expect([rotated.code, rotated.stdout]).toEqual([0, expect.stringContaining('2 sessions: 2 rotated')]);
      const shown = await dexter(['session', 'show', 'DXTR-2', '--json'], { DEXTER_SESSION_KEY: newKey });
      expect(JSON.parse(shown.stdout)).toMatchObject({ generation: 2, verified: true });

      const removed = await dexter(['session', 'rm', 'DXTR-1', '--yes']);
      expect(removed).toMatchObject({ code: 0, stdout: expect.stringContaining('2 generations') });
      expect(await store.read(refOf('DXTR-1'))).toEqual({ outcome: 'miss' });
    } finally {
      await s3.close();
    }
  });
});

/** The part of GitHub's API that knows a repository and its cache entries. */
async function startGitHub(keys: string[], createdAt: Date) {
  const entries = new Map(keys.map((key, index) => [index + 1, key]));
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://github');
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.headers.authorization !== 'token token-of-this-test') return answer(401, {});
    if (pathname === '/repos/acme/shop')
      return answer(200, { id: 20, name: 'shop', owner: { login: 'acme' } });
    if (!pathname.startsWith('/repos/acme/shop/actions/caches')) return answer(404, {});
    if (request.method === 'DELETE') {
      entries.delete(Number(pathname.split('/').at(-1)));
      return response.writeHead(204).end();
    }
    const found = [...entries].filter(([, key]) => key.startsWith(searchParams.get('key') ?? ''));
    const actions_caches = found.map(([id, key]) => ({
      id,
      key,
      size_in_bytes: 1000,
      created_at: createdAt.toISOString(),
    }));
    return answer(200, { total_count: found.length, actions_caches });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`,
    keys: () => [...entries.values()],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('dexter with sessions in the Actions cache', () => {
  it('lists and removes entries from outside of a job, and says what takes a job', async () => {
    await using place = await temporaryDirectory();
    const keyOf = (issueKey: string, generation: number) =>
      formatKey({ ref: refOf(issueKey), generation, attempt: 1 });
    const foreign = 'node-modules-linux';
    const keys = [keyOf('DXTR-1', 1), keyOf('DXTR-1', 2), keyOf('DXTR-12', 1), foreign];
    await using github = await startGitHub(keys, new Date(Date.now() - 40 * 24 * 60 * 60 * 1000));
    const dexter = (args: string[]) =>
      dexterIn(place.path, [...args, '--store', 'actions-cache'], {
        GITHUB_REPOSITORY: 'acme/shop',
        GITHUB_API_URL: github.url,
        GH_TOKEN: 'token-of-this-test',
        DEXTER_SESSION_KEY: newMasterKey(),
        DEXTER_SESSION_KEY_PREVIOUS: newMasterKey(),
      });

    const listed = await dexter(['session', 'ls', '--json']);
    expect([listed.code, listed.stderr]).toEqual([0, '']);
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { issueKey: 'DXTR-1', generation: 2 },
      { issueKey: 'DXTR-12', generation: 1 },
    ]);

    expect(await dexter(['session', 'show', 'DXTR-1'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Run inside a GitHub Actions job'),
    });
    expect(await dexter(['key', 'rotate'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('only a job can write to the cache'),
    });

    expect((await dexter(['session', 'rm', 'DXTR-1', '--yes'])).stdout).toContain('2 generations');
    expect(github.keys()).toEqual([keyOf('DXTR-12', 1), foreign]);
    expect((await dexter(['session', 'gc', '--older-than', '30d'])).stdout).toContain('1 session removed');
    expect(github.keys()).toEqual([foreign]);
  });
});
