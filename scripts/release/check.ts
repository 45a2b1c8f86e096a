import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sectionOf } from './changelog.ts';
import { actionPin, pinOf } from './pins.ts';
import type { ReleaseOptions } from './release.ts';

/** Why what is checked out is not the release of a tag; undefined when it is, however the tag was made. */
export async function releaseProblem({
  directory,
  tag,
  run,
}: Pick<ReleaseOptions, 'directory' | 'run'> & { tag: string }): Promise<string | undefined> {
  const read = (file: string) => readFile(join(directory, file), 'utf8');
  const tags = (await run('git', 'tag', '--points-at', 'HEAD')).split('\n');
  if (!tags.includes(tag)) return 'the commit that is checked out does not have that tag';
  const { version } = JSON.parse(await read('package.json')) as { version: string };
  if (tag !== `v${version}`) return `package.json says ${version}`;
  if (sectionOf(await read('CHANGELOG.md'), version) === undefined) return 'the changelog does not list it';
  const action = pinOf(await read(actionPin.file), actionPin);
  if (action === undefined) return `${actionPin.file} names no commit of the action`;
  try {
    // All but the pin itself is to be the same: then what is run is what is tagged.
    await run('git', 'diff', '--quiet', action, 'HEAD', '--', '.', `:!${actionPin.file}`);
    return undefined;
  } catch {
    return `${actionPin.file} runs the action of ${action}, which is not in the history or has other files`;
  }
}
