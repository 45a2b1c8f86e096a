import { hkdfSync } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import type { z } from 'zod';

export interface SealedCookieOptions<T extends Record<string, unknown>> {
  name: string;
  schema: z.ZodType<T>;
  /** What the key is derived from: whoever knows it can read and make these cookies. */
  secret: string;
  /** Address of the app. */
  url: string;
  now: () => Date;
}

/** A cookie that the browser keeps and only the app can read or write. */
export interface SealedCookie<T> {
  /** False when browsers would not keep it: it is too large. */
  write(c: Context, value: T, lifeSeconds: number): Promise<boolean>;
  /** Undefined when there is none, or one that is damaged, too old, or was made for something else. */
  read(c: Context): Promise<T | undefined>;
  clear(c: Context): void;
}

/** What browsers keep at least of a cookie, its name and attributes included. RFC 6265, section 6.1 */
const mostCharacters = 3_800;

/**
 * Encrypted and authenticated: JWE with A256GCM, under a key that is derived (HKDF) for this one cookie, so that it is
 * worth nothing under another name. Nothing is kept on the server, so that every process of the app reads it. Over https
 * its name begins with `__Host-`: no other host, also none of the same domain, can set it.
 */
export function sealedCookie<T extends Record<string, unknown>>(
  options: SealedCookieOptions<T>,
): SealedCookie<T> {
  const { schema, secret, url, now } = options;
  const secure = url.startsWith('https:');
  const name = secure ? `__Host-${options.name}` : options.name;
  const attributes = { path: '/', httpOnly: true, sameSite: 'Lax', secure } as const;
  const key = new Uint8Array(hkdfSync('sha256', secret, '', `dexter cookie v1 ${name}`, 32));

  return {
    async write(c, value, lifeSeconds) {
      const issued = Math.floor(now().getTime() / 1000);
      const sealed = await new EncryptJWT({ value })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setAudience(url)
        .setExpirationTime(issued + lifeSeconds)
        .encrypt(key);
      if (sealed.length > mostCharacters) return false;
      setCookie(c, name, sealed, { ...attributes, maxAge: lifeSeconds });
      return true;
    },

    async read(c) {
      const sealed = getCookie(c, name);
      if (sealed === undefined || sealed.length > mostCharacters) return undefined;
      try {
        const { payload } = await jwtDecrypt(sealed, key, {
          audience: url,
          currentDate: now(),
          requiredClaims: ['exp'],
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        });
        return schema.safeParse(payload.value).data;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },

    clear(c) {
      deleteCookie(c, name, attributes);
    },
  };
}
