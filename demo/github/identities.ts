import { isObject, objectAt, textAt } from './json.ts';

/** Who a token speaks for. */
export type Caller =
  | {
      kind: 'person';
      token: string;
      login: string;
      /** Whether the App speaks for the person, who signed in to it. */
      isByApp?: boolean;
      expires?: number;
    }
  | {
      kind: 'installation';
      token: string;
      login: string;
      permissions: Record<string, string>;
      /** When the token stops working, in milliseconds since 1970. */
      expires: number;
    };

export type Credentials =
  | { outcome: 'anonymous' }
  | { outcome: 'app' }
  | { outcome: 'caller'; caller: Caller }
  | { outcome: 'unknown' };

/**
 * Every token that is valid here. The emulator itself lets an unknown token pass as its first user; GitHub
 * answers 401, and so does the proxy by asking this list first.
 */
export function createIdentities(botLogin: string) {
  const callers = new Map<string, Caller>();

  return {
    addPerson(token: string, login: string): void {
      callers.set(token, { kind: 'person', token, login });
    },

    /** A token by which the App speaks for a person; the emulator is told that person's own one. */
    addUser(token: string, user: { login: string; ownToken: string; expires: number }): void {
      const { login, ownToken, expires } = user;
      callers.set(token, { kind: 'person', token: ownToken, login, isByApp: true, expires });
    },

    /** False for a token by which the App speaks for nobody. */
    revoke(token: string): boolean {
      const caller = callers.get(token);
      return caller?.kind === 'person' && caller.isByApp === true && callers.delete(token);
    },

    /** How often a person is signed in to the App. */
    signIns(login: string): number {
      const all = [...callers.values()];
      return all.filter((caller) => caller.kind === 'person' && caller.isByApp && caller.login === login)
        .length;
    },

    /** Ends every sign-in of a person, who no longer lets the App know who that is. */
    revokeAll(login: string): void {
      for (const [token, caller] of callers) {
        if (caller.kind === 'person' && caller.isByApp && caller.login === login) callers.delete(token);
      }
    },

    /** Remembers a token from the answer of `POST /app/installations/:id/access_tokens`. */
    addInstallation(answer: unknown): void {
      const token = textAt(answer, 'token');
      if (token === '') return;
      const permissions = Object.entries(objectAt(answer, 'permissions')).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      );
      callers.set(token, {
        kind: 'installation',
        token,
        login: botLogin,
        permissions: Object.fromEntries(permissions),
        expires: Date.parse(textAt(answer, 'expires_at')),
      });
    },

    /** Reads an `Authorization` header: `Bearer`, `token` or basic (the password is the token). */
    identify(header: string | undefined): Credentials {
      if (header === undefined) return { outcome: 'anonymous' };
      const token = tokenIn(header);
      // A JSON web token of the App; the emulator verifies it.
      if (token.startsWith('eyJ')) return { outcome: 'app' };
      const caller = callers.get(token);
      if (!caller) return { outcome: 'unknown' };
      if (caller.expires !== undefined && caller.expires <= Date.now()) return { outcome: 'unknown' };
      return { outcome: 'caller', caller };
    },
  };
}
export type Identities = ReturnType<typeof createIdentities>;

function tokenIn(header: string): string {
  const [scheme = '', value = ''] = header.split(/\s+/, 2);
  if (scheme.toLowerCase() !== 'basic') return value;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

/** Whether an installation token was given at least this much; people are judged by the emulator. */
export function mayWrite(caller: Caller, names: string[]): boolean {
  if (caller.kind === 'person') return true;
  return names.some((name) => isObject(caller.permissions) && caller.permissions[name] === 'write');
}

/** Whether an installation token was given this at all; people are judged by the emulator. */
export function mayRead(caller: Caller, name: string): boolean {
  return caller.kind === 'person' || caller.permissions[name] !== undefined;
}
