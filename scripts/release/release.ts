import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withVersion } from './changelog.ts';
import { actionPin, callerPins, type Pin, pinned } from './pins.ts';
import { isHigher, isVersion, movingTag, wantedVersion } from './version.ts';

export interface ReleaseOptions {
  /** Clone that the release is made in. */
  directory: string;
  /** A version, or `major`, `minor` or `patch`. */
  asked: string;
  /** Day of the release, as YYYY-MM-DD. */
  date: string;
  /** Page of the repository. */
  repository: string;
  /** Runs a program in the clone and answers with its output; rejects when it fails. */
  run: (program: string, ...args: string[]) => Promise<string>;
}

export type Release =
  | { outcome: 'released'; version: string; tag: string; movingTag: string | undefined }
  | { outcome: 'refused'; reason: string };

/**
 * Makes a release in the clone, without pushing it. Three commits, because a commit cannot name itself: the version
 * with its bundle; the reusable workflow, which names the first one, and which is tagged; the example, which names
 * the tagged one. When a step fails, the clone is as it was before.
 */
export async function release(options: ReleaseOptions): Promise<Release> {
  const { directory, date, repository, run } = options;
  const read = (file: string) => readFile(join(directory, file), 'utf8');
  const git = async (...args: string[]) => (await run('git', ...args)).trim();

  if ((await git('branch', '--show-current')) !== 'main') return refused('the clone is not on `main`');
  if ((await git('status', '--porcelain')) !== '')
    return refused('there are changes that are not committed: commit or remove them');
  const tags = (await git('tag', '--list', 'v*')).split('\n');
  const released = tags.map((tag) => tag.slice(1)).filter(isVersion);
  const { version: current } = JSON.parse(await read('package.json')) as { version: string };
  const version = wantedVersion(current, options.asked);
  if (version === undefined)
    return refused(`\`${options.asked}\` is neither a version such as 1.2.3 nor major, minor or patch`);
  const notLower = [current, ...released].find((one) => !isHigher(version, one));
  if (notLower !== undefined) return refused(`${version} is not higher than ${notLower}`);
  const previous = released.toSorted((one, other) => (isHigher(one, other) ? -1 : 1))[0];
  const changelog = withVersion(await read('CHANGELOG.md'), { version, date, previous, repository });
  if (changelog.outcome === 'refused') return refused(changelog.reason);

  const tag = `v${version}`;
  const start = await git('rev-parse', 'HEAD');
  const commit = async (message: string) => {
    await git('add', '--all');
    await git('commit', '--quiet', '--message', message);
    return await git('rev-parse', 'HEAD');
  };
  const pin = async (where: Pin, to: string) =>
    await writeFile(join(directory, where.file), pinned(await read(where.file), where, to, tag));

  try {
    await writeFile(join(directory, 'CHANGELOG.md'), changelog.text);
    await run('npm', 'version', '--no-git-tag-version', '--ignore-scripts', version);
    await run('npm', 'run', '--silent', 'generate');
    const action = await commit(`Release ${tag}`);
    await pin(actionPin, action);
    const workflow = await commit(`Let the reusable workflow run the action of ${tag}`);
    await git('tag', '--annotate', '--message', `Dexter ${version}`, tag);
    for (const caller of callerPins) await pin(caller, workflow);
    await commit(`Let the examples call the workflow of ${tag}`);
  } catch (error) {
    // What is reset was made here: nothing was uncommitted before.
    await git('reset', '--quiet', '--hard', start);
    await git('clean', '--quiet', '-d', '--force');
    if ((await git('tag', '--list', tag)) !== '') await git('tag', '--delete', tag);
    throw error;
  }
  const moving = movingTag(version);
  if (moving) await git('tag', '--force', moving, `${tag}^{commit}`);
  return { outcome: 'released', version, tag, movingTag: moving };
}

function refused(reason: string): Release {
  return { outcome: 'refused', reason };
}
