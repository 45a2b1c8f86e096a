import { join } from 'node:path';
import { AppError, messageOf } from '../src/core/errors.ts';
import type { Checkout } from './checkout.ts';
import { takeBack } from './take-back.ts';

const mostNamed = 5;

/** For the person who asked for a plan: what the run did, or wanted to do, beyond reading. */
export function planNotices(changed: readonly string[], denials: readonly string[]): string[] {
  const tools = [...new Set(denials)];
  return [
    ...(changed.length === 0
      ? []
      : [`A plan changes nothing: what the run changed was thrown away (${named(changed, 'file')}).`]),
    ...(tools.length === 0
      ? []
      : [`A plan is made by reading alone, so that ${named(tools, 'tool')} could not be used.`]),
  ];
}

function named(names: readonly string[], what: string): string {
  const shown = names.slice(0, mostNamed).map((name) => `\`${name.slice(0, 200).replaceAll('`', '')}\``);
  const more = names.length - shown.length;
  return `${names.length === 1 ? what : `${what}s`} ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/**
 * Brings the working tree back to where the run began, and answers with the files that were changed, the agent's own
 * commits among them. What git ignores stays, as after any run. `home` marks the processes of git as the session's own.
 */
export async function discardChanges(
  { directory, git, mirror, start }: Pick<Checkout, 'directory' | 'git' | 'mirror' | 'start'>,
  home: string,
): Promise<string[]> {
  const env = { HOME: home };
  try {
    await takeBack(join(directory, '.git'), mirror);
    await git(['add', '--all', '--', '.'], { env });
    const listed = await git([
      'diff',
      '--cached',
      '--name-only',
      '-z',
      '--no-renames',
      '--no-ext-diff',
      start,
      '--',
    ]);
    await git(['reset', '--quiet', '--hard', start], { env });
    return listed.split('\0').filter((path) => path !== '');
  } catch (cause) {
    throw new AppError('checkout-failed', {
      message: `What the run changed could not be undone: ${messageOf(cause)}`,
      hint: 'Nothing of it is pushed, and the next run begins with a new checkout. Try again with `retry`.',
      cause,
    });
  }
}
