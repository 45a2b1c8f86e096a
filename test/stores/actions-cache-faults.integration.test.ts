import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CacheService } from '../../demo/actions-cache/start-cache-service.ts';
import { versionOf } from '../../src/stores/actions-cache/cache-service.ts';
import { formatKey, generationPrefix, sessionPrefix } from '../../src/stores/actions-cache/entry-key.ts';
import { type ActionsCacheOptions, actionsCacheStore } from '../../src/stores/actions-cache.ts';
import { archiveOf, newestText } from '../contracts/session-store.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { actionsCacheWorld } from './actions-cache-world.ts';

const run = promisify(execFile);
const ref = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };
const zstd = versionOf('zstd-without-long');

const world = actionsCacheWorld();

describe('actionsCacheStore', () => {
  let service: CacheService;
  let options: ActionsCacheOptions;
  let temporary: string;
  let store: ReturnType<typeof actionsCacheStore>;
  let warnings: string[];

  beforeEach(async () => {
    warnings = [];
    const under = await world.start(2, { warn: (message) => warnings.push(message) });
    ({ service, options, temporary, store } = under);
    return under.cleanUp;
  });

  it('leaves nothing in its temporary directory', async () => {
    await store.write(ref, 1, archiveOf('one'));
    await store.write(ref, 1, archiveOf('conflict'));
    await newestText(store);
    expect(await readdir(temporary)).toEqual([]);
  });

  it('saves by the program beside it as well as by a bundled one', async () => {
    const { program: _, ...without } = options;
    expect(await actionsCacheStore(without).write(ref, 1, archiveOf('one'))).toMatchObject({
      outcome: 'saved',
    });
    expect(await newestText(store)).toBe('one');
  });

  it('keeps three generations', async () => {
    for (const generation of [1, 2, 3, 4, 5]) await store.write(ref, generation, archiveOf('x'));
    expect(service.stored().map(({ key }) => key)).toEqual(
      [3, 4, 5].map((generation) => formatKey({ ref, generation, attempt: 1 })),
    );
  });

  it('saves all the same when old generations cannot be removed, and warns', async () => {
    for (const generation of [1, 2, 3]) await store.write(ref, generation, archiveOf('x'));
    service.fail('remove', 403);
    expect(await store.write(ref, 4, archiveOf('four'))).toMatchObject({ outcome: 'saved' });
    expect(warnings.join()).toMatch(/Old generations of DXTR-1 stay .* \(HTTP 403\)/);
  });

  it('passes no secret of the job on to the toolkit', async () => {
    const program = join(temporary, 'print.mjs');
    await writeFile(
      program,
      "process.stdin.once('data', () => { console.log('::warning::Failed to save: ' + Object.keys(process.env).sort()); process.exit(3); });",
    );
    const env = { ...options.env, GITHUB_TOKEN: 'ghs_secret', ANTHROPIC_API_KEY: 'secret' };
    const failed = actionsCacheStore({ ...options, env, program }).write(ref, 1, archiveOf('x'));
    await expect(failed).rejects.toThrow(
      'Failed to save: ACTIONS_CACHE_SERVICE_V2,ACTIONS_RESULTS_URL,ACTIONS_RUNTIME_TOKEN,GITHUB_WORKSPACE,PATH,RUNNER_TEMP',
    );
  });

  it('takes a download up again where it broke off', async () => {
    const bytes = randomBytes(60_000);
    await store.write(ref, 1, new Blob([bytes]).stream());
    const [entry] = service.stored();
    const packed = await world.blobs().get(entry?.blob ?? '');
    const ranges: (string | undefined)[] = [];
    await using _ = await downloadsFrom((request, response) => {
      const { range } = request.headers;
      ranges.push(range);
      const rest = packed.subarray(Number(/^bytes=(\d+)-$/.exec(range ?? 'bytes=0-')?.[1]));
      response.writeHead(range ? 206 : 200, { 'content-length': rest.length, etag: '"1"' });
      if (ranges.length === 3) response.end(rest);
      else response.write(rest.subarray(0, 20_000), () => setTimeout(() => response.destroy(), 50));
    });
    const found = await store.read(ref);
    if (found.outcome !== 'hit') throw new Error('miss');
    expect(Buffer.from(await new Response(found.archive).bytes()).equals(bytes)).toBe(true);
    expect(ranges).toEqual([undefined, 'bytes=20000-', 'bytes=40000-']);
  });

  it.each(['before its first byte', 'after some of it'])(
    'ends a download that is given up %s',
    async (when) => {
      await store.write(ref, 1, new Blob([randomBytes(600_000)]).stream());
      const packed = await world.blobs().get(service.stored()[0]?.blob ?? '');
      const closed = Promise.withResolvers<string>();
      await using _ = await downloadsFrom((_request, response) => {
        response.on('close', () => closed.resolve('closed'));
        // What is left never comes.
        response.writeHead(200, { 'content-length': packed.length }).write(packed.subarray(0, -1000));
      });
      const found = await store.read(ref);
      if (found.outcome !== 'hit') throw new Error('miss');
      const reader = found.archive.getReader();
      if (when !== 'before its first byte') await reader.read();
      await reader.cancel();
      expect(await closed.promise).toBe('closed');
    },
  );

  it('says so when somebody else saved the generation under the next key meanwhile', async () => {
    service.answerWith(async (request) => {
      if (!request.url.endsWith('/FinalizeCacheEntryUpload')) return undefined;
      service.mend();
      const key = formatKey({ ref, generation: 1, attempt: 2 });
      await service.plant(key, zstd, zstdCompressSync(Buffer.from('theirs')));
      return undefined;
    });
    expect(await store.write(ref, 1, archiveOf('mine'))).toEqual({ outcome: 'conflict', newest: 1 });
  });

  /** A server of its own for the contents of the one entry that there is. */
  async function downloadsFrom(answer: RequestListener) {
    const server = createServer(answer);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    const signed_download_url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`;
    const matched_key = service.stored()[0]?.key;
    service.answerWith((request) =>
      request.url.endsWith('/GetCacheEntryDownloadURL')
        ? Response.json({ ok: true, signed_download_url, matched_key })
        : undefined,
    );
    return {
      async [Symbol.asyncDispose]() {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      },
    };
  }

  describe('when the cache fails', () => {
    it.each([
      ['lookup', 500, /could not be read: the cache service answered with HTTP 500/],
      ['lookup', 401, /could not be read: the cache service answered with HTTP 401/],
      ['download', 503, /could not be read: the contents of the cache entry were answered with HTTP 503/],
      ['download', 404, /could not be read: the contents of the cache entry were answered with HTTP 404/],
    ] as const)('tells a %s that fails with %i from a miss', async (operation, status, message) => {
      await store.write(ref, 1, archiveOf('one'));
      service.fail(operation, status);
      await expect(store.read(ref)).rejects.toMatchObject({
        code: 'session-unreadable',
        message: expect.stringMatching(message),
      });
      service.mend();
      expect(await newestText(store)).toBe('one');
    });

    it('asks again after a bad moment', async () => {
      await store.write(ref, 1, archiveOf('one'));
      service.fail('lookup', 502, 2);
      service.fail('download', 502, 1);
      expect(await newestText(store)).toBe('one');
    });

    it.each([
      [2, 'reserve', 400, /\(400\)/],
      [2, 'upload', 403, /made to fail/],
      [2, 'finalize', 400, /\(400\)/],
      [1, 'reserve', 400, /made to fail/],
      [1, 'upload', 400, /400 during upload chunk/],
      [1, 'finalize', 400, /400 during commit cache/],
    ] as const)(
      'says why it was not saved (version %i, %s fails)',
      async (protocol, operation, status, why) => {
        const env = service.runner({ protocol });
        await store.write(ref, 1, archiveOf('one'));
        service.fail(operation, status);
        const failed = actionsCacheStore({ ...options, env }).write(ref, 2, archiveOf('two'));
        await expect(failed).rejects.toMatchObject({
          code: 'session-not-saved',
          message: expect.stringMatching(why),
        });
        await expect(failed).rejects.not.toMatchObject({ message: expect.stringMatching(/sig=|http:/) });
        service.mend();
        expect(await newestText(store)).toBe('one');
      },
    );

    it.each([2, 1] as const)('says that the job may only read (version %i)', async (protocol) => {
      const env = service.runner({ protocol, isReadOnly: true });
      await expect(
        actionsCacheStore({ ...options, env }).write(ref, 1, archiveOf('one')),
      ).rejects.toMatchObject({
        code: 'session-not-saved',
        message: expect.stringContaining('may only read the Actions cache'),
        hint: expect.stringContaining('actions: write'),
      });
    });

    it.each([
      [{ ACTIONS_CACHE_MODE: 'read' }, 'hit', 'cache-mode: read'],
      [{ ACTIONS_CACHE_MODE: 'none' }, 'cache-mode: none', 'cache-mode: none'],
      [{ ACTIONS_CACHE_MODE: 'write-only' }, 'cache-mode: write-only', 'cache-mode: write-only'],
      [{ ACTIONS_RESULTS_URL: '' }, 'ACTIONS_RESULTS_URL', 'ACTIONS_RESULTS_URL'],
      [{ ACTIONS_RUNTIME_TOKEN: undefined }, 'ACTIONS_RUNTIME_TOKEN', 'ACTIONS_RUNTIME_TOKEN'],
    ])('explains an environment with %o', async (variables, read, written) => {
      await store.write(ref, 1, archiveOf('one'));
      const other = actionsCacheStore({ ...options, env: { ...options.env, ...variables } });
      const said = async (result: Promise<{ outcome: string }>) =>
        result.then(
          ({ outcome }) => outcome,
          (error: Error) => error.message,
        );
      expect(await said(other.read(ref))).toContain(read);
      expect(await said(other.write(ref, 2, archiveOf('two')))).toContain(written);
    });

    it('speaks the first protocol on an enterprise server, whatever its runner sets', async () => {
      const asked: string[] = [];
      service.answerWith((request) => {
        asked.push(new URL(request.url).pathname);
        return undefined;
      });
      const env = { ...options.env, GITHUB_SERVER_URL: 'https://github.acme.example' };
      expect(await actionsCacheStore({ ...options, env }).read(ref)).toEqual({ outcome: 'miss' });
      expect(new Set(asked)).toEqual(new Set(['/_apis/artifactcache/cache']));
    });

    it('does not take an answer that it cannot understand for a miss', async () => {
      for (const answer of ['<html>', '{"ok":"yes"}', '{"ok":true}', 'null']) {
        service.answerWith(() => new Response(answer));
        await expect(store.read(ref), answer).rejects.toMatchObject({ code: 'session-unreadable' });
      }
    });

    it('misses what was evicted, and writes it anew', async () => {
      await store.write(ref, 1, archiveOf('one'));
      expect(await service.evict(sessionPrefix(ref))).toBe(1);
      expect(await store.read(ref)).toEqual({ outcome: 'miss' });
      expect(await store.write(ref, 1, archiveOf('again'))).toMatchObject({ outcome: 'saved' });
      expect(await newestText(store)).toBe('again');
    });

    it('cannot list or remove without a token of the repository', async () => {
      const { entries: _, ...without } = options;
      const other = actionsCacheStore({ ...without, env: {} });
      await expect(other.remove(ref)).rejects.toMatchObject({
        hint: expect.stringContaining('GITHUB_TOKEN'),
      });
      await expect(Array.fromAsync(other.list(1))).rejects.toMatchObject({ code: 'session-unreadable' });
    });
  });

  describe('with entries of somebody else under its keys', () => {
    it('refuses an entry that matches by prefix alone, and removes it with the session', async () => {
      const written = await store.write(ref, 1, archiveOf('one'));
      if (written.outcome !== 'saved') throw new Error('conflict');
      await service.plant(`${sessionPrefix(ref)}planted`, zstd, new Uint8Array(9));
      await expect(store.read(ref)).rejects.toMatchObject({
        code: 'session-unreadable',
        hint: expect.stringContaining(sessionPrefix(ref)),
      });
      await expect(store.write(ref, 2, archiveOf('two'))).rejects.toMatchObject({
        code: 'session-not-saved',
      });
      expect(await newestText(store, ref, { entry: written.entry ?? '' })).toBe('one');
      expect(await store.remove(ref)).toBe(1);
      expect(service.stored()).toEqual([]);
    });

    it('believes the ledger when an older generation, or another of the same, was put on top', async () => {
      let entry = '';
      for (const generation of [1, 2]) {
        const written = await store.write(ref, generation, archiveOf(`g${generation}`));
        if (written.outcome === 'saved') entry = written.entry ?? '';
      }
      const [first] = service.stored(generationPrefix(ref, 1));
      if (!first) throw new Error('nothing was stored');
      const old = await world.blobs().get(first.blob);
      for (const generation of [2, 1]) {
        await service.plant(formatKey({ ref, generation, attempt: 9 }), zstd, old);
        expect(await newestText(store, ref, { entry })).toBe('g2');
      }
    });

    it.each([
      ['an absolute path and a second file', ['secret', 'outside'], /holds more than one file/],
      ['a link', ['link'], /something else than a plain file/],
      ['a folder', ['folder'], /something else than a plain file/],
    ])('writes nothing from an archive with %s', async (_, names, message) => {
      await using elsewhere = await temporaryDirectory();
      await run('bash', ['-c', 'mkdir folder; ln -s /etc/passwd link; echo a > secret; echo b > outside'], {
        cwd: elsewhere.path,
      });
      const paths = names.map((name) => join(elsewhere.path, name));
      const { stdout } = await run('tar', ['--posix', '-P', '-cf', '-', ...paths], {
        cwd: elsewhere.path,
        encoding: 'buffer',
      });
      await run('rm', ['-r', 'folder', 'link', 'secret', 'outside'], { cwd: elsewhere.path });
      await service.plant(formatKey({ ref, generation: 1, attempt: 1 }), zstd, zstdCompressSync(stdout));
      await expect(newestText(store)).rejects.toMatchObject({
        code: 'session-unreadable',
        message: expect.stringMatching(message),
      });
      expect(await readdir(elsewhere.path)).toEqual([]);
      expect(await readdir(temporary)).toEqual([]);
    });

    it.each([
      ['cut off', (content: Buffer) => content.subarray(0, content.length - 40)],
      ['empty', () => Buffer.alloc(0)],
      ['something else', () => Buffer.from('not an archive')],
      [
        'too long',
        (content: Buffer) =>
          zstdCompressSync(Buffer.concat([zstdDecompressSync(content), Buffer.alloc(1e6)])),
      ],
    ])('refuses contents that are %s', async (_, change) => {
      const written = await store.write(ref, 1, archiveOf('one'));
      await service.replace((written.outcome === 'saved' && written.entry) || '', change);
      await expect(newestText(store)).rejects.toMatchObject({
        code: 'session-unreadable',
        message: expect.stringContaining('damaged'),
      });
    });
  });

  it('saves under the next key when a writer died with the first', async () => {
    await service.holdKey(formatKey({ ref, generation: 1, attempt: 1 }), zstd);
    const entry = formatKey({ ref, generation: 1, attempt: 2 });
    expect(await store.write(ref, 1, archiveOf('one'))).toEqual({ outcome: 'saved', bytes: 3, entry });
    expect(await newestText(store)).toBe('one');
  });

  it('gives up when dead writers hold every key', async () => {
    for (const attempt of [1, 2, 3]) await service.holdKey(formatKey({ ref, generation: 1, attempt }), zstd);
    await expect(store.write(ref, 1, archiveOf('one'))).rejects.toMatchObject({
      code: 'session-not-saved',
      message: expect.stringContaining('writers that never finished hold all keys'),
    });
  });

  it('lets one of two runners win, and the other try again on top of it', async () => {
    const other = actionsCacheStore({ ...options, env: service.runner() });
    const results = await Promise.all([
      store.write(ref, 1, archiveOf('mine')),
      other.write(ref, 1, archiveOf('theirs')),
    ]);
    expect(results.map(({ outcome }) => outcome).sort()).toEqual(['conflict', 'saved']);
    expect(await newestText(store)).toBe(results[0]?.outcome === 'saved' ? 'mine' : 'theirs');
    expect(await other.write(ref, 2, archiveOf('later'))).toMatchObject({ outcome: 'saved' });
  });

  it('finds on a machine with zstd what one without it has saved', async () => {
    await using tools = await temporaryDirectory();
    await run('bash', ['-c', 'for tool in tar gzip sh; do ln -s "$(command -v $tool)" .; done'], {
      cwd: tools.path,
    });
    const bare = actionsCacheStore({ ...options, env: { ...options.env, PATH: tools.path } });
    const written = await bare.write(ref, 1, archiveOf('one'));
    expect(written).toMatchObject({ outcome: 'saved' });
    const [entry] = service.stored();
    expect(entry?.version).toBe(versionOf('gzip'));
    expect(gunzipSync(await world.blobs().get(entry?.blob ?? '')).toString('latin1')).toContain(
      'session.dxs',
    );
    expect(await newestText(store)).toBe('one');
    expect(await store.write(ref, 1, archiveOf('again'))).toEqual({ outcome: 'conflict', newest: 1 });
    expect(await store.write(ref, 2, archiveOf('two'))).toMatchObject({ outcome: 'saved' });
    expect(await newestText(bare)).toBe('two');
  });

  it('loses the oldest sessions when the repository has no space left', async () => {
    const noise = () => new Blob([crypto.getRandomValues(new Uint8Array(40_000))]).stream();
    service.limit(100_000);
    const refs = ['DXTR-1', 'DXTR-2', 'DXTR-3'].map((issueKey) => ({ ...ref, issueKey }));
    for (const one of refs) await store.write(one, 1, noise());
    const outcomes = await Promise.all(
      refs.map(async (one) => {
        const found = await store.read(one);
        if (found.outcome === 'hit') await found.archive.cancel();
        return found.outcome;
      }),
    );
    expect(outcomes).toEqual(['miss', 'hit', 'hit']);
  });
});
