import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, hasCode } from '../core/errors.ts';
import { type MasterKeys, newMasterKey, SessionMasterKey } from '../core/session-key.ts';

/**
 * The key of an app that was given none: kept in its data directory, made at the first start.
 * @throws AppError `config-invalid` when the file holds something else.
 */
export async function ownMasterKeys(dataDirectory: string): Promise<MasterKeys> {
  const path = join(dataDirectory, 'session-key');
  const kept = (await readKey(path)) ?? (await makeKey(path));
  const key = SessionMasterKey.safeParse(kept.trim());
  if (key.success) return { current: key.data, previous: [] };
  throw new AppError('config-invalid', {
    message: `${path} does not hold a session key.`,
    hint: 'Restore the file from a backup, or delete it: then a new key is made, and earlier sessions cannot be opened any more.',
  });
}

async function readKey(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Of two processes that start at once, both use the key of the first. */
async function makeKey(path: string): Promise<string> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, `${newMasterKey()}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    await link(temporary, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  return await readFile(path, 'utf8');
}
