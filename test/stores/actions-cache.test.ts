import { Readable } from 'node:stream';
import fc from 'fast-check';
import { Header } from 'tar';
import { describe, expect, it } from 'vitest';
import type { SessionRef } from '../../src/core/session.ts';
import {
  formatKey,
  generationPrefix,
  keyOf,
  parseKey,
  sessionPrefix,
} from '../../src/stores/actions-cache/entry-key.ts';
import { readOneFile } from '../../src/stores/actions-cache/one-file-tar.ts';
import { explain } from '../../src/stores/actions-cache/save-file.ts';

const ref: SessionRef = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };

describe('the key of an entry', () => {
  const refs = fc.record({
    installationId: fc.nat(),
    repositoryId: fc.integer({ min: 1, max: 2 ** 40 }),
    issueKey: fc.string({ minLength: 1, maxLength: 45, unit: 'grapheme-ascii' }),
  });

  it('says what it was made from, in at most 512 characters, all lower case and without a comma', () => {
    fc.assert(
      fc.property(refs, fc.integer({ min: 1, max: 99_999_999 }), fc.nat(99), (of, generation, attempt) => {
        const key = formatKey({ ref: of, generation, attempt });
        expect(parseKey(key)).toEqual({ ref: of, generation, attempt });
        expect(keyOf(of, key)).toEqual({ ref: of, generation, attempt });
        expect(key).toMatch(/^[a-z\d-]{1,512}$/);
        expect(key.startsWith(generationPrefix(of, generation))).toBe(true);
      }),
    );
  });

  it('never begins with the prefix of another session or generation', () => {
    fc.assert(
      fc.property(refs, refs, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        const key = formatKey({ ref: one, generation: 1, attempt: 1 });
        expect(key.startsWith(sessionPrefix(other))).toBe(false);
        expect(key.startsWith(generationPrefix(one, 10_000_000))).toBe(false);
        expect(keyOf(other, key)).toBeUndefined();
      }),
    );
  });

  const key = formatKey({ ref, generation: 3, attempt: 1 });
  it('is understood as earlier versions made it', () => {
    const earlier = key.replace(/[^-]+$/, Buffer.from('[1,20,"DXTR-1"]').toString('base64url'));
    expect(earlier).not.toBe(key);
    expect(parseKey(earlier)).toEqual({ ref, generation: 3, attempt: 1 });
  });

  const named = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  it.each([
    ['another text', 'npm-linux-1234'],
    ['a name that is not the hashed one', key.replace(/[^-]+$/, named([1, 20, 'DXTR-12']))],
    ['a name that is not JSON', key.replace(/[^-]+$/, 'bm8')],
    ['a name that is null', key.replace(/[^-]+$/, named(null))],
    ['more behind it', `${key}.more`],
    ['another generation form', key.replace('-g00000003-', '-g3-')],
  ])('is refused with %s', (_, other) => {
    expect(parseKey(other)).toBeUndefined();
  });

  it('is refused when it would get too long', () => {
    expect(() =>
      formatKey({ ref: { ...ref, issueKey: 'x'.repeat(500) }, generation: 1, attempt: 1 }),
    ).toThrow('no valid cache key');
  });
});

describe('readOneFile', () => {
  function member(type: 'File' | 'ExtendedHeader' | 'SymbolicLink', content: string, size = content.length) {
    const header = Buffer.alloc(512);
    new Header({ path: '/etc/passwd', type, size, mode: 0o600, mtime: new Date(0) }).encode(header);
    return Buffer.concat([header, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)]);
  }
  const end = Buffer.alloc(1024);

  async function read(...parts: Buffer[]): Promise<string> {
    const { bytes, content } = await readOneFile(Readable.from([Buffer.concat(parts)]));
    const text = Buffer.concat(await Array.fromAsync(content)).toString();
    expect(text).toHaveLength(bytes);
    return text;
  }

  it('reads the one file, however the bytes arrive', async () => {
    const tar = Buffer.concat([
      member('ExtendedHeader', '20 mtime=1.000000001\n'),
      member('File', 'one'),
      end,
    ]);
    for (const size of [1, 7, 512, 100_000]) {
      const chunks = Array.from({ length: Math.ceil(tar.length / size) }, (_, at) =>
        tar.subarray(at * size, (at + 1) * size),
      );
      const { content } = await readOneFile(Readable.from(chunks));
      expect(Buffer.concat(await Array.fromAsync(content)).toString()).toBe('one');
    }
  });

  const damaged = member('File', 'one');
  damaged[0] = 120;
  it.each([
    ['a second file', [member('File', 'one'), member('File', 'two'), end], 'more than one file'],
    ['a link', [member('SymbolicLink', ''), end], 'something else than a plain file'],
    ['a damaged header', [damaged, end], 'a header of it is damaged'],
    ['no file', [end], 'a header of it is damaged'],
    ['nothing', [], 'ends too early'],
    ['less than it says', [member('File', 'one', 2000)], 'ends too early'],
    ['a long end', [member('File', 'one'), Buffer.alloc(100_000)], 'more than one file'],
    [
      'a size in an extended header',
      [member('ExtendedHeader', '11 size=5\n'), member('File', 'one'), end],
      'its size in an extended header',
    ],
    [
      'a long extended header',
      [member('ExtendedHeader', 'x'.repeat(20_000)), member('File', 'one'), end],
      'too long',
    ],
  ])('refuses an archive with %s', async (_, parts, message) => {
    await expect(read(...parts)).rejects.toThrow(message);
  });

  it('lets the source go when it is not read to the end', async () => {
    const source = Readable.from([member('File', 'x'.repeat(2000)), end]);
    const { content } = await readOneFile(source);
    await content.next();
    await content.return(undefined);
    expect(source.destroyed).toBe(true);
  });
});

describe('what the toolkit printed', () => {
  const reserved = '::debug::Attempting to upload cache located at: /tmp/x/cache.tzst';
  it.each([
    [
      'a key that is taken (version 2)',
      '::debug::Failed to reserve cache: Error: Failed to CreateCacheEntry: Received non-retryable error: Failed request: (409) Conflict: cache entry with the same key, version, and scope already exists\nFailed to save: Unable to reserve cache with key k, another job may be creating this cache.',
      { outcome: 'taken', reason: expect.stringContaining('(409) Conflict') },
    ],
    [
      'a key that is taken (version 1)',
      'Failed to save: Unable to reserve cache with key k, another job may be creating this cache. More details: Cache already exists.',
      { outcome: 'taken', reason: expect.stringContaining('Cache already exists') },
    ],
    [
      'a token that may only read',
      '::warning::Failed to save: Unable to reserve cache with key k. More details: cache write denied: token has no writable scopes',
      { outcome: 'denied', reason: expect.stringContaining('cache write denied:') },
    ],
    [
      'a service that is down, though the toolkit blames another job',
      '::debug::Failed to reserve cache: Error: Failed to CreateCacheEntry: Failed request: (500) Internal Server Error\nFailed to save: Unable to reserve cache with key k, another job may be creating this cache.',
      { outcome: 'failed', reason: expect.stringContaining('(500)'), isReserved: false },
    ],
    [
      'a link, which is a credential',
      `${reserved}\n::warning::Failed to save: PUT https://x.blob.core.windows.net/a?sig=s3cret broke%0Aoff`,
      { outcome: 'failed', reason: 'Failed to save: PUT <link> broke off', isReserved: true },
    ],
    ['nothing', '', { outcome: 'failed', reason: 'ended', isReserved: false }],
  ])('tells %s', (_, output, expected) => {
    expect(explain(output, 'ended')).toEqual(expected);
  });
});
