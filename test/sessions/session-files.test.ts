import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countLeftOut, findSessionFiles, isSessionFile } from '../../src/sessions/session-files.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { otherFiles, sessionFiles, sessionId, writeFiles } from './session-folder.ts';

const beside = `projects/work/${sessionId}`;

describe('findSessionFiles', () => {
  it('leaves out what is executed, holds credentials, or belongs to another session', async () => {
    await using from = await temporaryDirectory();
    await writeFiles(from.path, { ...sessionFiles, ...otherFiles });
    expect(await findSessionFiles(from.path, sessionId)).toEqual(Object.keys(sessionFiles).sort());
  });

  it('follows no link', async () => {
    await using from = await temporaryDirectory();
    await writeFiles(from.path, { ...sessionFiles, 'outside/secret.txt': 'secret' });
    await symlink(join(from.path, 'outside/secret.txt'), join(from.path, beside, 'tool-results/link.txt'));
    await symlink(join(from.path, 'outside'), join(from.path, beside, 'tool-results/folder'));
    expect(await findSessionFiles(from.path, sessionId)).toEqual(Object.keys(sessionFiles).sort());
  });

  it('does not take a folder or a link for the transcript', async () => {
    await using from = await temporaryDirectory();
    const transcript = join(from.path, `${beside}.jsonl`);
    await mkdir(transcript, { recursive: true });
    expect(await findSessionFiles(from.path, sessionId)).toEqual([]);

    await using other = await temporaryDirectory();
    await mkdir(dirname(join(other.path, beside)), { recursive: true });
    await writeFile(join(other.path, 'elsewhere.jsonl'), '{}');
    await symlink(join(other.path, 'elsewhere.jsonl'), join(other.path, `${beside}.jsonl`));
    expect(await findSessionFiles(other.path, sessionId)).toEqual([]);
  });

  it('finds nothing where there is no directory', async () => {
    await using from = await temporaryDirectory();
    expect(await findSessionFiles(join(from.path, 'not-there'), sessionId)).toEqual([]);
  });
});

describe('countLeftOut', () => {
  it('counts what has a name that cannot be kept, and nothing that does not belong to a session', async () => {
    await using from = await temporaryDirectory();
    await writeFiles(from.path, sessionFiles);
    expect(await countLeftOut(from.path, sessionId)).toBe(0);
    await writeFiles(from.path, {
      [`${beside}/tool-results/${'a'.repeat(120)}.txt`]: 'x',
      [`${beside}/subagents/ä.jsonl`]: '{}',
      [`${beside}/elsewhere/ä.txt`]: 'x',
    });
    expect(await countLeftOut(from.path, sessionId)).toBe(2);
  });
});

describe('isSessionFile', () => {
  it('takes the long names that tools of other servers have', () => {
    const name = `mcp-${'server'.repeat(10)}-tool-1795300000000.txt`;
    expect(isSessionFile(`${beside}/tool-results/${name}`, sessionId)).toBe(true);
  });

  it.each([
    [`${beside}/subagents/${'a/'.repeat(5)}b.jsonl`, 'is too deep'],
    [`${beside}/tool-results/${'a'.repeat(101)}`, 'is too long'],
    [`${beside}/tool-results/${'a/'.repeat(3)}${'b'.repeat(101)}`, 'has a name that is too long'],
    [`${beside}/tool-results/`, 'has an empty name'],
    [`${beside}/tool-results/-\u0000`, 'has a NUL'],
    [`${beside}/tool-results/ä.txt`, 'is not ASCII'],
    [`/${beside}.jsonl`, 'is absolute'],
    [`./${beside}.jsonl`, 'starts with a dot'],
    [`${beside}.jsonl/`, 'ends with a slash'],
    [`${beside}/tool-results/..`, 'leads upwards'],
  ])('does not take %j, which %s', (path) => {
    expect(isSessionFile(path, sessionId)).toBe(false);
  });
});
