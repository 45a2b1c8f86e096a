import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../config.ts';
import { AppError, hasCode, whyUnreadable } from '../core/errors.ts';
import { type MasterKeys, PreviousMasterKeys, SessionMasterKey } from '../core/session-key.ts';
import { dataDirectoryOf } from './open-store-of.ts';

/**
 * The keys that sessions are sealed under: those of the environment, or else the one that the app has made for
 * itself; undefined when there is none. The command line never makes one: it would be another one than the app's.
 * @throws AppError `config-invalid` when something else than a key is there. No error holds a key.
 */
export async function masterKeysOf(env: Environment): Promise<MasterKeys | undefined> {
  if (!env.DEXTER_SESSION_KEY) {
    if (!env.DEXTER_SESSION_KEY_PREVIOUS) return ownKey(env);
    throw new AppError('config-invalid', {
      message: 'DEXTER_SESSION_KEY_PREVIOUS is set and DEXTER_SESSION_KEY is not.',
      hint: 'Set DEXTER_SESSION_KEY to the key that sessions are sealed under from now on.',
    });
  }
  const current = SessionMasterKey.safeParse(env.DEXTER_SESSION_KEY);
  const earlier = PreviousMasterKeys.safeParse(env.DEXTER_SESSION_KEY_PREVIOUS ?? '');
  if (current.success && earlier.success) {
    return { current: current.data, previous: earlier.data.filter((key) => key !== current.data) };
  }
  const wrong = [
    ...(current.success ? [] : ['DEXTER_SESSION_KEY must be a key that `dexter key new` made']),
    ...(earlier.success
      ? []
      : [
          'DEXTER_SESSION_KEY_PREVIOUS must be keys that `dexter key new` made, at most 8, with commas between them',
        ]),
  ];
  throw new AppError('config-invalid', {
    message: `${wrong.join('; ')}.`,
    hint: 'Copy the key as a whole: `dxk1_` and 43 characters.',
  });
}

/** Where the app keeps the key that it has made for itself. */
export function ownKeyPath(env: Environment): string {
  return join(dataDirectoryOf(env), 'session-key');
}

async function ownKey(env: Environment): Promise<MasterKeys | undefined> {
  const path = ownKeyPath(env);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'ENOTDIR')) return undefined;
    throw new AppError('config-invalid', {
      message: `The session key in ${path} cannot be read: ${whyUnreadable(cause)}.`,
      hint: 'Run this as the user who runs the app, or set DEXTER_SESSION_KEY.',
      cause,
    });
  }
  const key = SessionMasterKey.safeParse(text);
  if (key.success) return { current: key.data, previous: [] };
  throw new AppError('config-invalid', {
    message: `${path} does not hold a session key.`,
    hint: 'Restore the file from a backup, or set DEXTER_SESSION_KEY.',
  });
}
