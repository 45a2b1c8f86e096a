import { lstat, mkdir, readFile, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bringProjectFolderHome,
  lendProjectFolder,
  projectFolderOf,
} from '../../../src/engines/claude-code/project-folder.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';
import { readTree } from '../../sessions/read-tree.ts';
import { writeFiles } from '../../sessions/session-folder.ts';

const long = `/runner/${'a'.repeat(240)}`;

describe('projectFolderOf', () => {
  it.each([
    ['2.1.20', '/home/runner/work/My_app.2', '-home-runner-work-My-app-2'],
    ['2.1.233', '/home/runner/work/app', '-home-runner-work-app'],
    ['2.1.234', '/home/runner/work/app', 'work'],
    ['2.1.330', long, 'work'],
    ['3.0.0', '/a', 'work'],
    [undefined, '/home/runner/work/app', 'work'],
    ['2.1.197', '/größe', '-gr--e'],
    // The same name in two Unicode forms stays two names, and an emoji is two units.
    ['2.1.197', '/gro\u0308ße', '-gro--e'],
    ['2.1.197', '/🐙', '---'],
    ['2.1.46', long, `-runner-${'a'.repeat(240)}`],
    ['2.1.197', `/${'a'.repeat(199)}`, `-${'a'.repeat(199)}`],
  ])('%s keeps the sessions of %s in %s', (version, workingDirectory, name) => {
    expect(projectFolderOf(version, { workingDirectory, projectFolder: 'work' })).toBe(name);
  });

  it('shortens a long name from 2.1.47 on, and tells long names apart', () => {
    const nameOf = (workingDirectory: string) =>
      projectFolderOf('2.1.47', { workingDirectory, projectFolder: 'work' });
    expect(nameOf(long)).toMatch(new RegExp(`^-runner-${'a'.repeat(192)}-[0-9a-z]{1,6}$`));
    expect(nameOf(`${long}/x`)).not.toBe(nameOf(`${long}/y`));
    // 31 times the hash plus the unit, by hand: ('a' × 31 + 'b') over a prefix that hashes to 0.
    const zeros = '\0'.repeat(200);
    expect(nameOf(`${zeros}ab`)).toBe(`${'-'.repeat(200)}-${(97 * 31 + 98).toString(36)}`);
  });

  it('is one safe segment of a path for whatever directory', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 400 }), (workingDirectory) => {
        const name = projectFolderOf('2.1.200', { workingDirectory, projectFolder: 'work' });
        expect(name).toMatch(/^[A-Za-z0-9-]{1,208}$/);
      }),
      { numRuns: 30 },
    );
  });
});

const transcript = 'one.jsonl';
const session = { [transcript]: '{"turn":1}\n', 'one/tool-results/a.txt': 'long output' };

function inFolder(name: string, files: Record<string, string> = session): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`projects/${name}/${path}`, text]));
}

describe('lendProjectFolder', () => {
  it('renames the whole folder, and makes no link', async () => {
    await using config = await temporaryDirectory();
    await writeFiles(config.path, inFolder('work'));
    await lendProjectFolder(config.path, 'work', '-a-b');
    expect(await readTree(config.path)).toEqual(inFolder('-a-b'));
    expect((await lstat(join(config.path, 'projects/-a-b'))).isDirectory()).toBe(true);
  });

  it('does nothing before the first session', async () => {
    await using config = await temporaryDirectory();
    await lendProjectFolder(config.path, 'work', '-a-b');
    expect(await readTree(config.path)).toEqual({});
  });

  it('replaces what lies under the wanted name', async () => {
    await using config = await temporaryDirectory();
    await writeFiles(config.path, { ...inFolder('work'), ...inFolder('-a-b', { 'two.jsonl': '{}\n' }) });
    await lendProjectFolder(config.path, 'work', '-a-b');
    expect(await readTree(config.path)).toEqual(inFolder('-a-b'));
  });
});

describe('bringProjectFolderHome', () => {
  it('finds the session under any name, and leaves the folders of other sessions alone', async () => {
    await using config = await temporaryDirectory();
    const other = inFolder('-other', { 'two.jsonl': '{}\n' });
    await writeFiles(config.path, {
      ...inFolder('-a-b'),
      ...other,
      ...inFolder('work', { 'memory/M.md': '' }),
    });
    await bringProjectFolderHome(config.path, 'one', 'work');
    expect(await readTree(config.path)).toEqual({ ...inFolder('work'), ...other });
  });

  it('takes the transcript that was written last', async () => {
    await using config = await temporaryDirectory();
    const newer = { [transcript]: '{"turn":2}\n' };
    await writeFiles(config.path, { ...inFolder('-new', newer), ...inFolder('-old') });
    await utimes(join(config.path, 'projects/-old', transcript), 1_000, 1_000);
    await bringProjectFolderHome(config.path, 'one', 'work');
    expect(await readTree(config.path)).toEqual({ ...inFolder('work', newer), ...inFolder('-old') });
  });

  it('leaves a session that is at home as it is, and does nothing without one', async () => {
    await using config = await temporaryDirectory();
    await bringProjectFolderHome(config.path, 'one', 'work');
    await writeFiles(config.path, { ...inFolder('work'), ...inFolder('-a-b', { [transcript]: 'planted' }) });
    await bringProjectFolderHome(config.path, 'one', 'work');
    expect(await readFile(join(config.path, 'projects/work', transcript), 'utf8')).toBe('{"turn":1}\n');
  });

  it('follows no links', async () => {
    await using config = await temporaryDirectory();
    await writeFiles(config.path, { [`outside/${transcript}`]: 'secret' });
    await mkdir(join(config.path, 'projects/-b'), { recursive: true });
    await symlink(join(config.path, 'outside'), join(config.path, 'projects/-a'));
    await symlink(join(config.path, 'outside', transcript), join(config.path, 'projects/-b', transcript));
    await bringProjectFolderHome(config.path, 'one', 'work');
    await expect(lstat(join(config.path, 'projects/work'))).rejects.toThrow('ENOENT');
  });
});
