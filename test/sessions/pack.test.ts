import { mkdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pack } from '../../src/sessions/pack.ts';
import { unpack } from '../../src/sessions/unpack.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { readTree } from './read-tree.ts';
import { factsOf, otherFiles, ref, sessionFiles, sessionId, writeFiles } from './session-folder.ts';

async function packed(directory: string, generation = 1) {
  const result = await pack(directory, factsOf(generation));
  if (result.outcome !== 'packed') throw new Error(result.outcome);
  return result;
}

describe('pack', () => {
  it('brings every file of the session to where it is unpacked', async () => {
    await using from = await temporaryDirectory();
    await using to = await temporaryDirectory();
    await writeFiles(from.path, sessionFiles);
    const { archive, manifest } = await packed(from.path, 3);
    const target = join(to.path, 'config');
    expect(await unpack(archive, { ref, generation: 3 }, target)).toEqual({ outcome: 'unpacked', manifest });
    expect(await readTree(target)).toEqual(sessionFiles);
  });

  it('leaves out what is executed, holds credentials, or belongs to another session', async () => {
    await using from = await temporaryDirectory();
    await writeFiles(from.path, { ...sessionFiles, ...otherFiles });
    const { archive, manifest } = await packed(from.path);
    await archive.cancel();
    expect(manifest.files.map(({ path }) => path).sort()).toEqual(Object.keys(sessionFiles).sort());
  });

  it('follows no link', async () => {
    await using from = await temporaryDirectory();
    await writeFiles(from.path, { ...sessionFiles, 'outside/secret.txt': 'secret' });
    const beside = join(from.path, 'projects/work', sessionId);
    await symlink(join(from.path, 'outside/secret.txt'), join(beside, 'tool-results/link.txt'));
    await symlink(join(from.path, 'outside'), join(beside, 'tool-results/folder'));
    const { archive, manifest } = await packed(from.path);
    await archive.cancel();
    expect(manifest.files.map(({ path }) => path).filter((path) => /link|folder|secret/.test(path))).toEqual(
      [],
    );
  });

  it('packs nothing where there is no transcript', async () => {
    await using from = await temporaryDirectory();
    await writeFiles(from.path, otherFiles);
    expect(await pack(from.path, factsOf(1))).toEqual({ outcome: 'nothing' });
    expect(await pack(join(from.path, 'not-there'), factsOf(1))).toEqual({ outcome: 'nothing' });
  });

  it('does not take a folder or a link for the transcript', async () => {
    await using from = await temporaryDirectory();
    const transcript = join(from.path, 'projects/work', `${sessionId}.jsonl`);
    await mkdir(transcript, { recursive: true });
    expect(await pack(from.path, factsOf(1))).toEqual({ outcome: 'nothing' });
  });

  it('refuses to pack more than it would unpack', async () => {
    await using from = await temporaryDirectory();
    await writeFiles(from.path, sessionFiles);
    const folder = join(from.path, 'projects/work', sessionId, 'tool-results');
    await Promise.all(
      Array.from({ length: 5_001 }, (_, index) => writeFile(join(folder, `${index}.txt`), '')),
    );
    expect(await pack(from.path, factsOf(1))).toMatchObject({
      outcome: 'too-large',
      reason: expect.stringContaining('5005 files'),
    });
  });

  it('makes a repetitive transcript many times smaller', async () => {
    await using from = await temporaryDirectory();
    const line = `${JSON.stringify({ content: 'x'.repeat(200), id: 'abc' })}\n`;
    await writeFiles(from.path, { [`projects/work/${sessionId}.jsonl`]: line.repeat(20_000) });
    const { archive } = await packed(from.path);
    expect((await new Response(archive).bytes()).byteLength).toBeLessThan(line.length * 200);
  });

  it('gives restored files the time of now, so that the CLI does not sweep them', async () => {
    await using from = await temporaryDirectory();
    await using to = await temporaryDirectory();
    await writeFiles(from.path, sessionFiles);
    const old = new Date('2020-01-01');
    await utimes(join(from.path, `projects/work/${sessionId}.jsonl`), old, old);
    const { archive } = await packed(from.path);
    await unpack(archive, { ref, generation: 1 }, to.path);
    const { mtimeMs } = await stat(join(to.path, `projects/work/${sessionId}.jsonl`));
    expect(Date.now() - mtimeMs).toBeLessThan(60_000);
  });
});
