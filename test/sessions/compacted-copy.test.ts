import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SessionManifest } from '../../src/core/session.ts';
import { graftCopyFile } from '../../src/sessions/compacted-copy.ts';
import { findSessionFiles, transcriptPath } from '../../src/sessions/session-files.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { custody } from './custody.ts';
import { readTree } from './read-tree.ts';
import { conversation, sessionFiles, sessionId, writeFiles } from './session-folder.ts';

const copyId = '22222222-2222-4333-8444-555555555555';
const copyPath = transcriptPath(copyId);
const compacted = { sessionId: copyId, contextTokens: 500, summedUpTo: 1 };
const copyFiles = {
  [copyPath]: conversation(3).replaceAll(sessionId, copyId),
  [`projects/work/${copyId}/tool-results/toolu_02.txt`]: 'long',
};

/** A runner that has saved and restored a conversation and its copy. */
async function twoTranscripts() {
  const store = memoryStore();
  const runner = await custody(store);
  await writeFiles(runner.configDirectory, copyFiles);
  const saved = await runner.save({ compacted });
  const restored = join(runner.directory, 'restored');
  const manifestOf = async (): Promise<SessionManifest> => {
    const found = await runner.restore();
    if (found.outcome !== 'restored') throw new Error(found.outcome);
    return found.manifest;
  };
  return { store, runner, saved, restored, manifestOf, [Symbol.asyncDispose]: runner[Symbol.asyncDispose] };
}

describe('an archive with a compacted copy', () => {
  it('brings both transcripts back', async () => {
    await using both = await twoTranscripts();
    expect(both.saved).toMatchObject({ outcome: 'saved', notices: [] });
    expect((await both.manifestOf()).compacted).toEqual(compacted);
    expect(await readTree(both.restored)).toEqual({ ...sessionFiles, ...copyFiles });
  });

  it('has nothing of other sessions in it, and no copy that is not named', async () => {
    await using runner = await custody(memoryStore());
    await writeFiles(runner.configDirectory, copyFiles);
    await runner.save();
    expect(await runner.restore()).toMatchObject({ outcome: 'restored', notices: [] });
    expect(await readTree(join(runner.directory, 'restored'))).toEqual(sessionFiles);
    expect(await findSessionFiles(runner.configDirectory, sessionId, copyId)).toEqual(
      [...Object.keys(sessionFiles), ...Object.keys(copyFiles)].sort(),
    );
  });

  it('takes secrets out of the copy too, in what was added as well as in what is new', async () => {
    await using both = await twoTranscripts();
    const manifest = await both.manifestOf();
    const path = join(both.restored, copyPath);
    const last = JSON.parse((await readFile(path, 'utf8')).trimEnd().split('\n').at(-1) ?? '');
    const more = {
      ...last,
      uuid: 'u9',
      parentUuid: last.uuid,
      message: { role: 'user', content: 'it is hunter2000!' },
    };
    await writeFile(path, `${JSON.stringify(more)}\n`, { flag: 'a' });
    const options = { configDirectory: both.restored, before: manifest, secrets: ['hunter2000'] };
    expect(await both.runner.save({ generation: 2, compacted }, options)).toMatchObject({ notices: [] });
    await both.manifestOf();
    const copy = await readFile(path, 'utf8');
    expect(copy).toContain('[REDACTED:');
    expect(copy).not.toContain('hunter2000');
    expect(copy.startsWith(copyFiles[copyPath] ?? '?')).toBe(true);
  });

  it('holds the copy alone once that is what the conversation goes on with', async () => {
    await using both = await twoTranscripts();
    const before = await both.manifestOf();
    const facts = { generation: 2, sessionId: copyId, parentGeneration: 1 };
    const options = { configDirectory: both.restored, before };
    expect(await both.runner.save(facts, options)).toMatchObject({ outcome: 'saved', notices: [] });
    const manifest = await both.manifestOf();
    expect(manifest.sessionId).toBe(copyId);
    expect(manifest.compacted).toBeUndefined();
    expect(await readTree(both.restored)).toEqual(copyFiles);
  });
});

describe('a damaged copy', () => {
  it.each<[string, (path: string) => Promise<void>]>([
    ['is missing', (path) => rm(path)],
    ['is empty', (path) => writeFile(path, '')],
    ['is broken in the middle', (path) => writeFile(path, '{"type":"user"}\n{"ty\n{"type":"user"}\n')],
    [
      'has lost a record',
      async (path) => {
        const lines = (await readFile(path, 'utf8')).split('\n');
        await writeFile(path, lines.toSpliced(2, 1).join('\n'));
      },
    ],
  ])('that %s is left out when the session is saved, and the whole is kept', async (_, damage) => {
    await using runner = await custody(memoryStore());
    await writeFiles(runner.configDirectory, copyFiles);
    await damage(join(runner.configDirectory, copyPath));
    expect(await runner.save({ compacted })).toMatchObject({
      outcome: 'saved',
      notices: [expect.stringContaining('compacted copy')],
    });
    const restored = await runner.restore();
    expect(restored).toMatchObject({ outcome: 'restored', notices: [] });
    expect(restored).not.toHaveProperty('manifest.compacted');
    expect(await readTree(join(runner.directory, 'restored'))).toEqual(sessionFiles);
  });

  it('under the id of the whole is no copy', async () => {
    await using runner = await custody(memoryStore());
    await runner.save({ compacted: { ...compacted, sessionId } });
    const restored = await runner.restore();
    expect(restored).toMatchObject({ outcome: 'restored' });
    expect(restored).not.toHaveProperty('manifest.compacted');
    expect(await readTree(join(runner.directory, 'restored'))).toEqual(sessionFiles);
  });
});

describe('graftCopyFile', () => {
  const whole = conversation(4);
  const bytesBefore = Buffer.byteLength(conversation(2));
  const options = { sessionId, copyId, bytesBefore };

  async function setUp(files: Record<string, string> = {}) {
    const directory = await temporaryDirectory();
    const copy = `${JSON.stringify({ parentUuid: null, type: 'user', uuid: 'end', sessionId: copyId })}\n`;
    await writeFiles(directory.path, { [transcriptPath(sessionId)]: whole, [copyPath]: copy, ...files });
    return { path: directory.path, copy, [Symbol.asyncDispose]: directory.remove };
  }
  const linesOf = async (directory: string) =>
    (await readFile(join(directory, copyPath), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('appends what came after the bytes that there were, once', async () => {
    await using at = await setUp();
    expect(await graftCopyFile(at.path, options)).toMatchObject({ outcome: 'made' });
    const lines = await linesOf(at.path);
    expect(lines).toHaveLength(1 + 4);
    expect(lines[1]).toMatchObject({ parentUuid: 'end', sessionId: copyId });
    expect(lines.map(({ message }) => message?.content[0].text).slice(1)).toEqual(
      [4, 5, 6, 7].map((number) => `Grüße Nummer ${number}`),
    );
    // The post step of a run that died cannot know how far it came.
    expect(await graftCopyFile(at.path, options)).toEqual({ outcome: 'made', messageTokens: 0 });
    expect(await linesOf(at.path)).toEqual(lines);
    expect(await readFile(join(at.path, transcriptPath(sessionId)), 'utf8')).toBe(whole);
  });

  it('passes over a last line that was cut', async () => {
    await using at = await setUp({ [transcriptPath(sessionId)]: whole.slice(0, -20) });
    await graftCopyFile(at.path, options);
    expect(await linesOf(at.path)).toHaveLength(1 + 3);
  });

  it('has nothing to append to without a copy, and nothing to append of another whole', async () => {
    await using at = await setUp({ [copyPath]: '' });
    expect(await graftCopyFile(at.path, options)).toMatchObject({ outcome: 'unfit' });
    await rm(join(at.path, copyPath));
    expect(await graftCopyFile(at.path, options)).toMatchObject({ outcome: 'unfit' });
    await using other = await setUp({ [transcriptPath(sessionId)]: conversation(1) });
    expect(await graftCopyFile(other.path, options)).toMatchObject({ outcome: 'unfit' });
    expect(await readFile(join(other.path, copyPath), 'utf8')).toBe(other.copy);
  });
});
