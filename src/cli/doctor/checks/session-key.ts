import { stat } from 'node:fs/promises';
import type { AppConfig, Environment } from '../../../config.ts';
import { AppError } from '../../../core/errors.ts';
import { type MasterKeys, sessionKeys } from '../../../core/session-key.ts';
import { keyIdOf } from '../../../sessions/seal.ts';
import { installationsIn, openStore } from '../../../stores/open-store.ts';
import { masterKeysOf, ownKeyPath } from '../../master-keys-of.ts';
import { sessionsIn } from '../../opened-store.ts';
import type { Check } from '../check.ts';
import { storeOf } from '../store-of.ts';
import { count, failed, ok, type Verdict, warning } from '../verdict.ts';

/** Of 32 random bytes some 30 differ; a key that somebody typed repeats itself. */
const fewestDifferentBytes = 16;

/** Newest sessions that are tried: all of them may be thousands. */
const mostTried = 5;

export interface KeyFacts {
  keys: MasterKeys | undefined;
  /** The file that the app made, where the key does not come from the environment. */
  file?: { path: string; mode: number };
  /** Sessions that were tried, by the key that opens them; absent where the store is not known or cannot be read. */
  tried?: { current: number; previous: number; neither: string[] };
}

export const sessionKey: Check = {
  id: 'session-key',
  area: 'app',
  title: 'Session key',
  looksAt:
    'The key is there, was not made up by a person, is readable by its owner alone, and it or a previous one opens the newest sessions of the store, where the store is known.',
  mend: 'Put back the key that sessions were sealed under; `dexter key new` makes one, `dexter key rotate` moves sessions to it.',
  needs: ['configuration'],
  async inspect({ config, env }) {
    const keys = await masterKeysOf(env);
    return judgeKey({
      keys,
      ...(keys && !env.DEXTER_SESSION_KEY ? { file: await fileAt(ownKeyPath(env)) } : {}),
      ...(keys ? await triedOn(keys, await config(), env) : {}),
    });
  },
};

async function fileAt(path: string): Promise<{ path: string; mode: number }> {
  return { path, mode: (await stat(path)).mode & 0o777 };
}

async function triedOn(
  keys: MasterKeys,
  config: AppConfig,
  env: Environment,
): Promise<Pick<KeyFacts, 'tried'>> {
  try {
    const known = await storeOf(config, env);
    if (known.outcome === 'unknown') return {};
    const store = await openStore(known.config);
    const { sessions } = await sessionsIn(
      { name: known.config.name, place: '', store, installations: () => installationsIn(known.config) },
      {},
    );
    const tried = { current: 0, previous: 0, neither: [] as string[] };
    for (const { ref } of sessions.slice(0, mostTried)) {
      const found = await store.read(ref);
      if (found.outcome === 'miss') continue;
      const id = await keyIdOf(found.archive);
      const { current, previous } = sessionKeys(keys, ref);
      if (id === current.id) tried.current += 1;
      else if (previous.some((one) => one.id === id)) tried.previous += 1;
      else tried.neither.push(ref.issueKey);
    }
    return { tried };
  } catch (error) {
    // What is wrong with the store is said by the check of the store.
    if (error instanceof AppError) return {};
    throw error;
  }
}

export function judgeKey({ keys, file, tried }: KeyFacts): Verdict {
  if (keys === undefined) {
    return ok('The app makes one for itself at its first start.');
  }
  const bytes = Buffer.from(keys.current.slice('dxk1_'.length), 'base64url');
  if (new Set(bytes).size < fewestDifferentBytes) {
    return failed(
      'The session key is not random: whoever reads the store could guess it.',
      'Make one with `dexter key new`, move the old one to DEXTER_SESSION_KEY_PREVIOUS, restart the app, and run `dexter key rotate`.',
    );
  }
  if (tried && tried.neither.length > 0) {
    const all = tried.current + tried.previous + tried.neither.length;
    return failed(
      `Neither the session key nor a previous one opens ${tried.neither.length} of the ${count(all, 'session')} that were tried: ${tried.neither.join(', ')}.`,
      'Put the key that they were sealed under into DEXTER_SESSION_KEY_PREVIOUS, and run `dexter key rotate`. Without it these sessions are lost: `dexter session rm <issue key>`.',
    );
  }
  if (file && (file.mode & 0o077) !== 0) {
    return warning(
      `Others than its owner can read the session key in ${file.path}.`,
      `chmod 600 ${file.path}`,
    );
  }
  const where = file ? `in ${file.path}` : 'in DEXTER_SESSION_KEY';
  const earlier = keys.previous.length > 0 ? `, and ${count(keys.previous.length, 'previous key')}` : '';
  const opens = tried
    ? `; opens ${tried.current + tried.previous} of ${count(tried.current + tried.previous, 'session')} that were tried`
    : '';
  return ok(`There is one ${where}${earlier}${opens}.`);
}
