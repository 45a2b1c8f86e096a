import { join } from 'node:path';
import { hasCode } from '../../core/errors.ts';
import { readPlainFile } from '../../core/read-plain-file.ts';

/** Longer ones would be dear in each request. */
const mostBytes = 400_000;

/**
 * The team's instructions, from the session's own configuration directory: whoever starts the run has put those of the
 * base branch there. Those in the checkout are whoever's who pushed the branch.
 */
export async function readInstructions(configDirectory: string): Promise<string | undefined> {
  try {
    const text = (await readPlainFile(join(configDirectory, 'CLAUDE.md'), mostBytes)).toString('utf8').trim();
    return text === '' ? undefined : text.toWellFormed();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
