import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { sameSecret } from '../../core/same-secret.ts';
import type { Viewer } from '../../core/viewer.ts';

export type TokenCheck =
  /** `id` is of this one form: sent twice, it is asked once. */
  | { outcome: 'good'; id: string }
  /** It was good some time ago. */
  | { outcome: 'old' }
  /** There is none, or it was made for somebody or something else. */
  | { outcome: 'wrong' };

/** What a form carries so that only the page which the app itself made for this viewer can send it. */
export interface FormTokens {
  make(viewer: Viewer, purpose: string): string;
  check(token: string | undefined, viewer: Viewer, purpose: string): TokenCheck;
}

/** A page may stand open for a working day. */
const lifeSeconds = 8 * 60 * 60;

/** Processes of one app differ in their clocks by less. */
const skewSeconds = 5 * 60;

const shape = /^([0-9a-z]{1,11})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/;

/**
 * Time, a random id, and an HMAC-SHA-256 over both, the viewer and the purpose, under a key derived from the secret by
 * HKDF: nothing is kept on the server, so that any process of the app can check what another one made.
 */
export function formTokens(secret: string, now: () => Date = () => new Date()): FormTokens {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'dexter dashboard forms v1', 32));
  const seconds = () => Math.floor(now().getTime() / 1000);
  const mac = (viewer: Viewer, purpose: string, time: string, id: string) =>
    createHmac('sha256', key)
      .update(JSON.stringify([viewerKey(viewer), purpose, time, id]))
      .digest('base64url');

  return {
    make(viewer, purpose) {
      const time = seconds().toString(36);
      const id = randomBytes(16).toString('base64url');
      return `${time}.${id}.${mac(viewer, purpose, time, id)}`;
    },
    check(token, viewer, purpose) {
      const [, time = '', id = '', sent = ''] = shape.exec(token ?? '') ?? [];
      if (!sameSecret(sent, mac(viewer, purpose, time, id))) return { outcome: 'wrong' };
      const age = seconds() - Number.parseInt(time, 36);
      if (age < -skewSeconds) return { outcome: 'wrong' };
      return age > lifeSeconds ? { outcome: 'old' } : { outcome: 'good', id };
    },
  };
}

/** One text per viewer; a login changes hands, an id does not. */
export function viewerKey({ id, name }: Viewer): string {
  return id === undefined ? `open:${name}` : `github:${id}`;
}
