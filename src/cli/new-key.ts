import { existsSync } from 'node:fs';
import { newMasterKey } from '../core/session-key.ts';
import { ownKeyPath } from './master-keys-of.ts';
import type { Terminal } from './terminal.ts';

/** `dexter key new`: the key alone on standard output, so that it can go into a file; what to do with it beside. */
export function newKey({ print, tell, env }: Terminal): number {
  print(`DEXTER_SESSION_KEY=${newMasterKey()}`);
  tell('');
  tell('Put this line where the app gets its environment from (.env, or a secret of what runs it).');
  tell('Keep a copy in a safe place: without this key the sessions that are sealed under it are lost.');
  const own = ownKeyPath(env);
  if (!env.DEXTER_SESSION_KEY && existsSync(own)) {
    tell('');
    tell(`The app has made a key for itself, in ${own}, and its sessions are sealed under that one. To`);
    tell('replace it, put that key into DEXTER_SESSION_KEY_PREVIOUS, restart the app with both, and run');
    tell('`dexter key rotate`.');
  }
  if (!env.DEXTER_SESSION_KEY) return 0;
  tell('');
  tell('There is a key already. To replace it, move it to DEXTER_SESSION_KEY_PREVIOUS, restart the app with');
  tell('both, and run `dexter key rotate`.');
  return 0;
}
