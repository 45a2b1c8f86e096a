import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { Header } from 'tar';
import { describe, expect, it } from 'vitest';
import { pack } from '../../src/sessions/pack.ts';
import { limits } from '../../src/sessions/session-files.ts';
import { unpack } from '../../src/sessions/unpack.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { describedAs, describedFiles } from './described-files.ts';
import { readTree } from './read-tree.ts';
import { factsOf, ref, sessionFiles, sessionId, writeFiles } from './session-folder.ts';

interface Entry {
  path: string;
  content: string;
  type?: ConstructorParameters<typeof Header>[0] extends infer H
    ? H extends { type?: infer T }
      ? T
      : never
    : never;
  linkpath?: string;
}

const transcript = `projects/work/${sessionId}.jsonl`;
const good: Entry = { path: transcript, content: '{"a":1}\n' };

const described = ({ path, content }: Entry) => describedAs(path, content);

function manifestEntry(files: Entry[], changes: Record<string, unknown> = {}): Entry {
  const manifest = { ...factsOf(2), format: 1, files: files.map(described), ...changes };
  return { path: 'manifest.json', content: JSON.stringify(manifest) };
}

function tar(entries: Entry[]): Buffer {
  const blocks = entries.flatMap(({ path, content, type = 'File', linkpath }) => {
    const header = Buffer.alloc(512);
    const size = Buffer.byteLength(content);
    new Header({
      path,
      size,
      type,
      ...(linkpath ? { linkpath } : {}),
      mode: 0o777,
      mtime: new Date(0),
    }).encode(header);
    return [header, Buffer.from(content), Buffer.alloc((512 - (size % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new Blob([new Uint8Array(bytes)]).stream();
}

const archived = (entries: Entry[]) => zstdCompressSync(tar(entries));

/** Unpacks into a directory that holds something already; answers with the outcome and what is there after. */
async function unpackOver(bytes: Uint8Array, expected = { ref, generation: 2 }) {
  await using parent = await temporaryDirectory();
  const target = join(parent.path, 'config');
  await writeFiles(target, { 'old.txt': 'old' });
  const result = await unpack(streamOf(bytes), expected, target);
  return { result, tree: await readTree(target), beside: await readdir(parent.path) };
}

function inSession(name: string): Entry {
  return { path: `projects/work/${sessionId}/${name}`, content: 'x' };
}

/** A manifest that lists the file as if it were right, and the file. */
function withFile(file: Entry): Entry[] {
  return [manifestEntry([good, file]), good, file];
}

const malformed: [string, Entry[], RegExp][] = [
  ['no entry', [], /empty/],
  ['no manifest', [good], /does not come first/],
  ['a manifest that comes second', [good, manifestEntry([good])], /does not come first/],
  ['a manifest that is no JSON', [{ path: 'manifest.json', content: '{' }, good], /JSON/],
  ['a manifest of another format', [manifestEntry([good], { format: 2 }), good], /format/],
  [
    'a manifest as a link',
    [{ ...manifestEntry([good]), type: 'SymbolicLink', linkpath: '/etc/passwd' }],
    /plain file/,
  ],
  [
    'another issue',
    [manifestEntry([good], { ref: { ...ref, issueKey: 'DXTR-12' } }), good],
    /another session/,
  ],
  [
    'another repository',
    [manifestEntry([good], { ref: { ...ref, repositoryId: 21 } }), good],
    /another session/,
  ],
  [
    'another installation',
    [manifestEntry([good], { ref: { ...ref, installationId: 2 } }), good],
    /another session/,
  ],
  ['an older generation', [manifestEntry([good], { generation: 1 }), good], /generation 1, not 2/],
  ['a session id that is none', [manifestEntry([good], { sessionId: '../x' }), good], /sessionId|UUID/i],
  [
    'another session id',
    [manifestEntry([good], { sessionId: '99999999-2222-4333-8444-555555555555' }), good],
    /no transcript/,
  ],
  [
    'no transcript',
    [manifestEntry([inSession('tool-results/a.txt')]), inSession('tool-results/a.txt')],
    /no transcript/,
  ],
  ['a file that is missing', [manifestEntry([good, inSession('tool-results/a.txt')]), good], /missing/],
  [
    'a file that is not listed',
    [manifestEntry([good]), good, inSession('tool-results/a.txt')],
    /not in the manifest/,
  ],
  ['a file twice', [manifestEntry([good]), good, good], /not in the manifest/],
  ['a file that is listed twice', [manifestEntry([good, good]), good, good], /twice/],
  ['another content', [manifestEntry([good]), { ...good, content: '{"a":2}\n' }], /damaged/],
  ['another size', [manifestEntry([good]), { ...good, content: '{"a":12}\n' }], /size/],
  [
    'a size below zero',
    [manifestEntry([good], { files: [{ ...described(good), bytes: -1 }] }), good],
    /bytes|>=0|small/i,
  ],
  ['settings', withFile({ path: 'settings.json', content: '{}' }), /no part of a session/],
  ['a shell snapshot', withFile({ path: 'shell-snapshots/s.sh', content: 'x' }), /no part of a session/],
  ['a skill', withFile({ path: 'skills/x/SKILL.md', content: 'x' }), /no part of a session/],
  ['memories', withFile({ path: 'projects/work/memory/MEMORY.md', content: 'x' }), /no part of a session/],
  ['an absolute path', withFile({ path: '/tmp/evil', content: 'x' }), /no part of a session/],
  ['a path upwards', withFile(inSession('tool-results/../../../../evil')), /no part of a session/],
  [
    'a path upwards at the start',
    withFile({ path: `../projects/work/${sessionId}.jsonl`, content: 'x' }),
    /no part/,
  ],
  ['a path with a backslash', withFile(inSession('tool-results/..\\evil')), /no part of a session/],
  ['a path with a line end', withFile(inSession('tool-results/a\nb')), /no part of a session/],
  ['a path with an empty part', withFile(inSession('tool-results//a')), /no part of a session/],
  ['a hidden file', withFile(inSession('tool-results/.bashrc')), /no part of a session/],
  [
    'another project',
    withFile({ path: `projects/evil/${sessionId}.jsonl`, content: 'x' }),
    /no part of a session/,
  ],
  [
    'a symbolic link',
    [manifestEntry([good]), { ...good, type: 'SymbolicLink', linkpath: '/etc/passwd' }],
    /plain file/,
  ],
  [
    'a hard link',
    [manifestEntry([good]), { ...good, type: 'Link', linkpath: 'manifest.json' }],
    /plain file/,
  ],
  ['a device', [manifestEntry([good]), { ...good, type: 'CharacterDevice' }], /plain file/],
  ['a pipe', [manifestEntry([good]), { ...good, type: 'FIFO' }], /plain file/],
  [
    'a folder',
    [manifestEntry([good]), { path: 'projects/', content: '', type: 'Directory' }, good],
    /plain file/,
  ],
  [
    'an extension header',
    [
      manifestEntry([good]),
      { path: 'PaxHeader/x', content: '18 path=/tmp/evil\n', type: 'ExtendedHeader' },
      good,
    ],
    /plain file/,
  ],
  [
    'a global extension header',
    [
      { path: 'pax', content: '18 path=/tmp/evil\n', type: 'GlobalExtendedHeader' },
      manifestEntry([good]),
      good,
    ],
    /plain file/,
  ],
  [
    'a long name of GNU tar',
    [
      manifestEntry([good]),
      { path: '././@LongLink', content: '/tmp/evil\0', type: 'NextFileHasLongPath' },
      good,
    ],
    /plain file/,
  ],
  [
    'a long link of GNU tar',
    [
      manifestEntry([good]),
      { path: '././@LongLink', content: '/tmp/evil\0', type: 'NextFileHasLongLinkpath' },
      good,
    ],
    /plain file/,
  ],
  ['a block device', [manifestEntry([good]), { ...good, type: 'BlockDevice' }], /plain file/],
  ['a contiguous file', [manifestEntry([good]), { ...good, type: 'ContiguousFile' }], /plain file/],
  ['a sparse file', [manifestEntry([good]), { ...good, type: 'SparseFile' }], /plain file/],
  ['a path with a NUL', withFile(inSession('tool-results/a\0.txt')), /no part of a session/],
  ['a path with a letter outside ASCII', withFile(inSession('tool-results/ä.txt')), /no part of a session/],
  ['a path with a space', withFile(inSession('tool-results/a b')), /no part of a session/],
  ['a path that is too deep', withFile(inSession('subagents/a/b/c/d/e')), /no part of a session/],
  ['a file beside the allowed folders', withFile(inSession('settings.json')), /no part of a session/],
  ['the manifest as a file of the session', withFile({ path: 'manifest.json', content: '{}' }), /no part/],
  [
    'a file under another name than the listed one',
    [manifestEntry([good, inSession('tool-results/a.txt')]), good, inSession('tool-results/A.txt')],
    /not in the manifest/,
  ],
  [
    'another hash',
    [manifestEntry([good], { files: [{ ...described(good), sha256: '0'.repeat(64) }] }), good],
    /damaged/,
  ],
  ['another generation to come', [manifestEntry([good], { generation: 3 }), good], /generation 3, not 2/],
  ['a second manifest', [manifestEntry([good]), manifestEntry([good]), good], /not in the manifest/],
  [
    'a manifest that is too large',
    [{ path: 'manifest.json', content: ' '.repeat(limits.manifestBytes + 1) }, good],
    /manifest is too large/,
  ],
  [
    'more files than are allowed',
    [manifestEntry([good], { files: Array.from({ length: 5_001 }, () => described(good)) })],
    /5001 files/,
  ],
  [
    'more bytes than are allowed',
    [manifestEntry([good], { files: [{ ...described(good), bytes: limits.totalBytes + 1 }] })],
    /bytes/,
  ],
];

describe('unpack', () => {
  it('replaces what was there', async () => {
    const { result, tree, beside } = await unpackOver(archived([manifestEntry([good]), good]));
    expect(result).toMatchObject({ outcome: 'unpacked', manifest: { generation: 2, sessionId } });
    expect(tree).toEqual({ [transcript]: good.content });
    expect(beside).toEqual(['config']);
  });

  it('makes directories and files that nobody else can read', async () => {
    await using parent = await temporaryDirectory();
    const target = join(parent.path, 'config');
    await unpack(streamOf(archived([manifestEntry([good]), good])), { ref, generation: 2 }, target);
    expect((await stat(target)).mode & 0o777).toBe(0o700);
    expect((await stat(join(target, 'projects'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(target, transcript))).mode & 0o777).toBe(0o600);
  });

  it.each(malformed)('refuses an archive with %s, and changes nothing', async (_name, entries, reason) => {
    const { result, tree, beside } = await unpackOver(archived(entries));
    expect(result).toEqual({ outcome: 'unusable', reason: expect.stringMatching(reason) });
    expect(tree).toEqual({ 'old.txt': 'old' });
    expect(beside).toEqual(['config']);
  });

  it('refuses an archive that is cut off anywhere', async () => {
    const whole = archived([manifestEntry([good]), good]);
    for (const length of [
      0,
      1,
      Math.floor(whole.length / 4),
      Math.floor(whole.length / 2),
      whole.length - 1,
    ]) {
      const { result, tree } = await unpackOver(whole.subarray(0, length));
      expect(result.outcome, `cut at ${length}`).toBe('unusable');
      expect(tree).toEqual({ 'old.txt': 'old' });
    }
  });

  it('refuses a tar that was cut off between two blocks', async () => {
    const whole = tar([manifestEntry([good, inSession('tool-results/a.txt')]), good]);
    const { result } = await unpackOver(zstdCompressSync(whole.subarray(0, -1024)));
    expect(result).toEqual({ outcome: 'unusable', reason: expect.stringContaining('too early') });
  });

  const whole = archived([manifestEntry([good]), good]);
  const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 0x78]);
  it.each<[string, Uint8Array[]]>([
    ['a second frame', [Buffer.concat([whole, archived([manifestEntry([good]), good])])]],
    ['a second frame in a piece of its own', [whole, archived([manifestEntry([good]), good])]],
    ['an empty frame', [Buffer.concat([whole, zstdCompressSync('')])]],
    ['a frame to be skipped', [Buffer.concat([whole, skipped])]],
    ['a single byte', [Buffer.concat([whole, Buffer.from('x')])]],
    ['a single byte in a piece of its own', [whole, Buffer.from('x')]],
    [
      'a gap after the tar',
      [zstdCompressSync(Buffer.concat([tar([manifestEntry([good]), good]), Buffer.alloc(512)]))],
    ],
  ])('refuses an archive that is followed by %s', async (_name, pieces) => {
    await using parent = await temporaryDirectory();
    const result = await unpack(
      ReadableStream.from(pieces.map((piece) => Uint8Array.from(piece))),
      { ref, generation: 2 },
      join(parent.path, 'config'),
    );
    expect(result.outcome).toBe('unusable');
    expect(await readdir(parent.path)).toEqual([]);
  });

  it('reads its source to the end before anything is put in place', async () => {
    await using parent = await temporaryDirectory();
    const source = ReadableStream.from(
      (async function* () {
        yield archived([manifestEntry([good]), good]);
        throw new Error('the seal is broken');
      })(),
    );
    const result = await unpack(source, { ref, generation: 2 }, join(parent.path, 'config'));
    expect(result).toEqual({ outcome: 'unusable', reason: 'the seal is broken' });
    expect(await readdir(parent.path)).toEqual([]);
  });

  it('refuses a window that needs more memory than ours', async () => {
    const params = { [constants.ZSTD_c_windowLog]: 28, [constants.ZSTD_c_enableLongDistanceMatching]: 1 };
    // The window is cut down to the content, so this has to be larger than ours.
    const large = Buffer.alloc(130 * 1024 * 1024);
    const { result } = await unpackOver(zstdCompressSync(large, { params }));
    expect(result).toEqual({ outcome: 'unusable', reason: expect.stringMatching(/memory/i) });
  });

  it('never lets a damaged archive through with other content', async () => {
    await using from = await temporaryDirectory();
    await writeFiles(from.path, sessionFiles);
    const result = await pack(from.path, factsOf(2), await describedFiles(from.path, sessionId));
    if (result.outcome !== 'packed') throw new Error(result.outcome);
    const saved = await new Response(result.archive).bytes();
    await fc.assert(
      fc.asyncProperty(fc.nat(saved.length - 1), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        const damaged = saved.slice();
        damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
        const { result: unpacked, tree } = await unpackOver(damaged);
        // A bit that carries no content, such as one of a checksum's length, may be flipped without harm.
        expect(tree).toEqual(unpacked.outcome === 'unpacked' ? sessionFiles : { 'old.txt': 'old' });
      }),
      { numRuns: 60 },
    );
  });

  it('stops at a bomb before it has unpacked it', async () => {
    const bomb: Entry = { path: transcript, content: 'x'.repeat(200 * 1024 * 1024) };
    // Were the bomb unpacked to its end, its hash would be what is wrong with it.
    const files = [{ ...described(bomb), sha256: '0'.repeat(64) }];
    const { result, tree, beside } = await unpackOver(archived([manifestEntry([], { files }), bomb]));
    expect(result).toEqual({ outcome: 'unusable', reason: expect.stringContaining('more than 1000 times') });
    expect(tree).toEqual({ 'old.txt': 'old' });
    expect(beside).toEqual(['config']);
  });

  it('brings back whatever was packed', async () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,8}$/);
    const contents = fc.dictionary(name, fc.uint8Array({ maxLength: 3_000 }), { maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(contents, fc.uint8Array({ maxLength: 3_000 }), async (results, talk) => {
        await using from = await temporaryDirectory();
        const folder = `projects/work/${sessionId}/tool-results`;
        const files: Record<string, Uint8Array> = { [transcript]: talk };
        for (const [file, content] of Object.entries(results)) files[`${folder}/${file}`] = content;
        for (const [path, content] of Object.entries(files)) {
          await mkdir(dirname(join(from.path, path)), { recursive: true });
          await writeFile(join(from.path, path), content);
        }
        const before = await describedFiles(from.path, sessionId);
        expect(before).toHaveLength(Object.keys(files).length);
        const packed = await pack(from.path, factsOf(2), before);
        if (packed.outcome !== 'packed') throw new Error(packed.outcome);
        const target = join(from.path, 'config');
        const { manifest } = packed;
        expect(await unpack(packed.archive, { ref, generation: 2 }, target)).toEqual({
          outcome: 'unpacked',
          manifest,
        });
        expect(await describedFiles(target, sessionId)).toEqual(before);
      }),
      { numRuns: 25 },
    );
  });

  it('says what a broken source said', async () => {
    await using parent = await temporaryDirectory();
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new Error('cable cut')),
    });
    const result = await unpack(broken, { ref, generation: 2 }, join(parent.path, 'config'));
    expect(result).toEqual({ outcome: 'unusable', reason: expect.stringContaining('cable cut') });
    expect(await readdir(parent.path)).toEqual([]);
  });
});

describe('unpack of an archive with a compacted copy', () => {
  const copyId = '22222222-2222-4333-8444-555555555555';
  const copy: Entry = { path: `projects/work/${copyId}.jsonl`, content: '{"b":2}\n' };
  const compacted = { compacted: { sessionId: copyId, contextTokens: 5, summedUpTo: 1 } };

  it('brings both back', async () => {
    const { result, tree } = await unpackOver(archived([manifestEntry([good, copy], compacted), good, copy]));
    expect(result).toMatchObject({ outcome: 'unpacked', manifest: compacted });
    expect(tree).toEqual({ [good.path]: good.content, [copy.path]: copy.content });
  });

  it.each<[string, Entry[]]>([
    ['another content', [good, { ...copy, content: '{"b":3}\n' }]],
    ['another size', [good, { ...copy, content: '{"b":33333}\n' }]],
    ['another size, and comes first', [{ ...copy, content: '{"b":33333}\n' }, good]],
    ['no place in the archive', [good]],
  ])('leaves a copy out that has %s', async (_, files) => {
    const { result, tree } = await unpackOver(archived([manifestEntry([good, copy], compacted), ...files]));
    expect(result).toMatchObject({ outcome: 'unpacked', manifest: { files: [described(good)] } });
    expect(result).not.toHaveProperty('manifest.compacted');
    expect(tree).toEqual({ [good.path]: good.content });
  });

  it('leaves out what is said of a copy that the manifest does not list, or that is the whole itself', async () => {
    for (const said of [compacted, { compacted: { ...compacted.compacted, sessionId } }]) {
      const { result, tree } = await unpackOver(archived([manifestEntry([good], said), good]));
      expect(result).toMatchObject({ outcome: 'unpacked' });
      expect(result).not.toHaveProperty('manifest.compacted');
      expect(tree).toEqual({ [good.path]: good.content });
    }
  });

  it('takes no file of a copy that the manifest does not name', async () => {
    const { result } = await unpackOver(archived([manifestEntry([good, copy]), good, copy]));
    expect(result).toMatchObject({ outcome: 'unusable', reason: expect.stringContaining('no part') });
  });

  it('does without the whole for nothing', async () => {
    const { result } = await unpackOver(archived([manifestEntry([good, copy], compacted), copy]));
    expect(result).toMatchObject({ outcome: 'unusable', reason: expect.stringContaining('missing') });
  });
});
