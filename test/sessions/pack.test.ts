import { createCipheriv } from 'node:crypto';
import { appendFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { pack } from '../../src/sessions/pack.ts';
import { limits } from '../../src/sessions/session-files.ts';
import { unpack } from '../../src/sessions/unpack.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { describedAs, describedFiles } from './described-files.ts';
import { readTree } from './read-tree.ts';
import { factsOf, otherFiles, ref, sessionFiles, sessionId, writeFiles } from './session-folder.ts';

const transcript = `projects/work/${sessionId}.jsonl`;
const resultsFolder = `projects/work/${sessionId}/tool-results`;

async function packed(directory: string, generation = 1, files = describedFiles(directory, sessionId)) {
  const result = await pack(directory, factsOf(generation), await files);
  if (result.outcome !== 'packed') throw new Error(result.outcome);
  return result;
}

const bytesOf = (archive: ReadableStream<Uint8Array>) => new Response(archive).bytes();

/** Content that does not compress, the same each time. */
function noise(length: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(length));
}

describe('pack', () => {
  const ratio = limits.ratio;
  afterEach(() => {
    limits.ratio = ratio;
  });

  it('brings every file of the session to where it is unpacked', async () => {
    await using from = await temporaryDirectory();
    await using to = await temporaryDirectory();
    await writeFiles(from.path, { ...sessionFiles, ...otherFiles });
    const { archive, manifest } = await packed(from.path, 3);
    const target = join(to.path, 'config');
    expect(await unpack(archive, { ref, generation: 3 }, target)).toEqual({ outcome: 'unpacked', manifest });
    expect(await readTree(target)).toEqual(sessionFiles);
  });

  it.each([0, 1, 511, 512, 513, 1024 * 1024 - 1, 1024 * 1024, 2 * 1024 * 1024 + 1])(
    'brings a file of %i bytes through as it is',
    async (length) => {
      await using from = await temporaryDirectory();
      await using to = await temporaryDirectory();
      await writeFiles(from.path, { [transcript]: '{}\n', [`${resultsFolder}/noise`]: '' });
      const content = noise(length);
      await writeFile(join(from.path, resultsFolder, 'noise'), content);
      const { archive, manifest } = await packed(from.path);
      expect(await unpack(archive, { ref, generation: 1 }, join(to.path, 'config'))).toEqual({
        outcome: 'unpacked',
        manifest,
      });
      expect(await describedFiles(join(to.path, 'config'), sessionId)).toContainEqual(
        describedAs(`${resultsFolder}/noise`, content),
      );
    },
  );

  it('makes the same archive of the same session', async () => {
    await using from = await temporaryDirectory();
    await writeFiles(from.path, sessionFiles);
    const [one, two] = [await packed(from.path), await packed(from.path)];
    expect(Buffer.from(await bytesOf(one.archive)).equals(await bytesOf(two.archive))).toBe(true);
  });

  it('packs nothing where there is no transcript', async () => {
    await using from = await temporaryDirectory();
    expect(await pack(from.path, factsOf(1), [])).toEqual({ outcome: 'nothing' });
    await writeFiles(from.path, { [`${resultsFolder}/a.txt`]: 'x' });
    const files = await describedFiles(from.path, sessionId);
    expect(files).toHaveLength(1);
    expect(await pack(from.path, factsOf(1), files)).toEqual({ outcome: 'nothing' });
  });

  it('refuses more files than it would unpack', async () => {
    const files = Array.from({ length: 5_000 }, (_, index) =>
      describedAs(`${resultsFolder}/${index}.txt`, ''),
    );
    expect(await pack('/nowhere', factsOf(1), [describedAs(transcript, ''), ...files])).toMatchObject({
      outcome: 'too-large',
      reason: expect.stringContaining('5001 files'),
    });
  });

  it('refuses more bytes than it would unpack', async () => {
    const files = [{ ...describedAs(transcript, ''), bytes: limits.totalBytes + 1 }];
    expect(await pack('/nowhere', factsOf(1), files)).toMatchObject({
      outcome: 'too-large',
      reason: expect.stringContaining(`${limits.totalBytes + 1} bytes`),
    });
  });

  it('does not pack a file that could not be restored', async () => {
    const files = [describedAs(transcript, ''), describedAs('settings.json', '{}')];
    expect(() => pack('/nowhere', factsOf(1), files)).toThrow('"settings.json" is no part of a session');
  });

  it.each<[string, (path: string) => Promise<void>]>([
    ['has grown', (path) => appendFile(path, 'x')],
    ['has shrunk', (path) => writeFile(path, '{}')],
    ['has another content of the same length', (path) => writeFile(path, '{"a":2}\n')],
    ['is gone', (path) => rm(path)],
  ])('fails while it is read when a file %s since it was described', async (_name, change) => {
    await using from = await temporaryDirectory();
    await writeFiles(from.path, { [transcript]: '{"a":1}\n' });
    const { archive } = await packed(from.path);
    await change(join(from.path, transcript));
    await expect(bytesOf(archive)).rejects.toThrow(/changed while it was packed|ENOENT/);
  });

  it('reads nothing before it is read, and can be given up half way', async () => {
    await using from = await temporaryDirectory();
    await writeFiles(from.path, { [transcript]: '{}\n', [`${resultsFolder}/noise`]: '' });
    await writeFile(join(from.path, resultsFolder, 'noise'), noise(3 * 1024 * 1024));
    const before = (await readdir('/proc/self/fd')).length;
    const unread = await packed(from.path);
    await unread.archive.cancel();
    const { archive } = await packed(from.path);
    const reader = archive.getReader();
    expect((await reader.read()).done).toBe(false);
    await reader.cancel();
    expect((await readdir('/proc/self/fd')).length).toBeLessThanOrEqual(before);
  });

  it('makes a repetitive transcript many times smaller', async () => {
    await using from = await temporaryDirectory();
    const line = `${JSON.stringify({ content: 'x'.repeat(200), id: 'abc' })}\n`;
    await writeFiles(from.path, { [transcript]: line.repeat(20_000) });
    const { archive } = await packed(from.path);
    expect((await bytesOf(archive)).byteLength).toBeLessThan(line.length * 200);
  });

  it('finds what it has seen long before', async () => {
    await using from = await temporaryDirectory();
    const unique = noise(100 * 1024 * 1024);
    await writeFiles(from.path, { [transcript]: '' });
    await writeFile(join(from.path, transcript), Buffer.concat([unique, unique.subarray(0, 1024 * 1024)]));
    const { archive } = await packed(from.path);
    expect((await bytesOf(archive)).byteLength).toBeLessThan(unique.length + 200_000);
  });

  it('fails at a content that would be refused as a bomb when it is unpacked', async () => {
    await using from = await temporaryDirectory();
    await writeFiles(from.path, { [transcript]: 'x'.repeat(80 * 1024 * 1024) });
    const { archive } = await packed(from.path);
    await expect(bytesOf(archive)).rejects.toThrow('more than 1000 times');
    limits.ratio = 100_000;
    const again = await packed(from.path);
    await expect(bytesOf(again.archive)).resolves.toBeInstanceOf(Uint8Array);
  });

  it('gives restored files the time of now, so that the CLI does not sweep them', async () => {
    await using from = await temporaryDirectory();
    await using to = await temporaryDirectory();
    await writeFiles(from.path, sessionFiles);
    const old = new Date('2020-01-01');
    await utimes(join(from.path, transcript), old, old);
    const { archive } = await packed(from.path);
    await unpack(archive, { ref, generation: 1 }, to.path);
    const { mtimeMs } = await stat(join(to.path, transcript));
    expect(Date.now() - mtimeMs).toBeLessThan(60_000);
  });
});
