import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { createEmulator, type SeedConfig } from 'emulate';
import { isObject, parseJson } from './json.ts';
import type { Person } from './people.ts';

/** Answer of the emulator, its body parsed. */
export type Answer = { status: number; body: unknown };

export type Emulator = {
  /** Where the emulator itself listens; only the proxy talks to it. */
  origin: string;
  privateKey: string;
  /** Token of the simulation itself: an owner of the organisation. */
  ownToken: string;
  /** Token of each person, by login. */
  tokens: Map<string, string>;
  request(method: string, path: string, token: string, body?: unknown): Promise<Answer>;
  close(): Promise<void>;
};

export type EmulatorOptions = {
  /** Address that the emulator writes into its answers: the proxy's. */
  publicUrl: string;
  owner: string;
  name: string;
  private: boolean;
  people: readonly Person[];
  app: {
    id: number;
    slug: string;
    installationId: number;
    webhookUrl: string;
    webhookSecret: string;
    permissions: Record<string, string>;
    events: string[];
  };
};

const ownLogin = 'simulation';

/**
 * Starts the npm package `emulate` with one organisation, one repository that has no commits yet, and one
 * GitHub App that is installed on it.
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const tokens = new Map(options.people.map((person) => [person.login, newToken()]));
  const ownToken = newToken();
  const { emulator, origin } = await listenSomewhere(options.publicUrl, {
    tokens: Object.fromEntries(
      [[ownLogin, ownToken] as const, ...tokens].map(([login, token]) => [
        token,
        { login, scopes: ['repo'] },
      ]),
    ),
    github: seedOf(options),
  });
  const privateKey = emulator.generatedSecrets.find((secret) => secret.kind === 'github.app_private_key');
  if (!privateKey) throw new Error('the GitHub emulator made no private key for the App');

  async function request(method: string, path: string, token: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${origin}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: parseJson(await response.text()) };
  }

  return { origin, privateKey: privateKey.value, ownToken, tokens, request, close: () => emulator.close() };
}

function seedOf({ owner, name, people, app, ...options }: EmulatorOptions): Record<string, unknown> {
  const admins = people.filter((person) => person.role === 'admin').map((person) => person.login);
  return {
    users: [
      { login: ownLogin, name: 'Simulation', site_admin: true },
      ...people.map(({ login, name }) => ({ login, name, email: `${login}@${owner}.example` })),
    ],
    orgs: [
      {
        login: owner,
        name: owner,
        members: [ownLogin, ...admins].map((login) => ({ login, role: 'admin' })),
      },
    ],
    repos: [{ owner, name, private: options.private, default_branch: 'main', auto_init: false }],
    apps: [
      {
        app_id: app.id,
        slug: app.slug,
        name: app.slug,
        webhook_url: app.webhookUrl,
        webhook_secret: app.webhookSecret,
        permissions: app.permissions,
        events: app.events,
        installations: [
          {
            installation_id: app.installationId,
            account: owner,
            repository_selection: 'selected',
            repositories: [`${owner}/${name}`],
          },
        ],
      },
    ],
  };
}

/**
 * The emulator does not say which port it was given when it advertises another address, so a free one is
 * found first. Somebody else may take it in between: then another one is tried.
 */
async function listenSomewhere(publicUrl: string, seed: SeedConfig) {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      const emulator = await createEmulator({ service: 'github', port, baseUrl: publicUrl, seed });
      return { emulator, origin: `http://127.0.0.1:${port}` };
    } catch (error) {
      if (!isObject(error) || error.code !== 'EADDRINUSE' || attempt === 5) throw error;
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(address)));
    });
  });
}

function newToken(): string {
  return `ghp_${randomBytes(20).toString('hex')}`;
}
