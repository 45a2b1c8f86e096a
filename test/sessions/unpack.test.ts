import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { Header } from 'tar';
import { describe, expect, it } from 'vitest';
import type { SessionManifest } from '../../src/core/session.ts';
import { pack } from '../../src/sessions/pack.ts';
import { unpack } from '../../src/sessions/unpack.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
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

function described({ path, content }: Entry): SessionManifest['files'][number] {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { path, bytes: Buffer.byteLength(content), sha256 };
}

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
    'more files than are allowed',
    [manifestEntry([good], { files: Array.from({ length: 5_001 }, () => described(good)) })],
    /5001 files/,
  ],
  [
    'more bytes than are allowed',
    [manifestEntry([good], { files: [{ ...described(good), bytes: 300 * 1024 * 1024 }] })],
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

  it('refuses a plain tar that was cut off between two blocks', async () => {
    const whole = tar([manifestEntry([good, inSession('tool-results/a.txt')]), good]);
    const { result } = await unpackOver(zstdCompressSync(whole.subarray(0, -1024)));
    expect(result.outcome).toBe('unusable');
  });

  it('never lets a damaged archive through with other content', async () => {
    await using from = await temporaryDirectory();
    await writeFiles(from.path, sessionFiles);
    const result = await pack(from.path, factsOf(2));
    if (result.outcome !== 'packed') throw new Error(result.outcome);
    const whole = await new Response(result.archive).bytes();
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        const damaged = whole.slice();
        damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
        const { result: unpacked, tree } = await unpackOver(damaged);
        // A bit that carries no content, such as one of a checksum's length, may be flipped without harm.
        expect(tree).toEqual(unpacked.outcome === 'unpacked' ? sessionFiles : { 'old.txt': 'old' });
      }),
      { numRuns: 60 },
    );
  });

  it('stops at a bomb before it has unpacked it', async () => {
    const bomb = Buffer.alloc(16 * 1024 * 1024);
    const { result, tree } = await unpackOver(zstdCompressSync(Buffer.concat([bomb.fill(1), bomb])));
    expect(result.outcome).toBe('unusable');
    expect(tree).toEqual({ 'old.txt': 'old' });
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
