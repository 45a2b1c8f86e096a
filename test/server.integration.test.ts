import { createHmac, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { newMasterKey } from '../src/core/session-key.ts';
import { openDatabase } from '../src/ledger/database.ts';
import { freePort, spawnServer } from './app/server-process.ts';
import { temporaryDirectory } from './fakes/temporary-directory.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

const credentials = {
  WEBHOOK_SECRET: 'a-secret-of-this-test-only',
  APP_ID: '1234',
  PRIVATE_KEY: privateKey,
};

type Credential = keyof typeof credentials;
const names = Object.keys(credentials) as Credential[];

/** Writes a line to standard error for each connection that the process opens. */
const tellConnections = `data:text/javascript,${encodeURIComponent(`
  import net from 'node:net';
  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (...options) {
    process.stderr.write('CONNECTION ' + JSON.stringify(options[0]) + '\\n');
    return connect.apply(this, options);
  };
`)}`;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let started: Awaited<ReturnType<typeof spawnServer>>[] = [];
let count = 0;

beforeAll(async () => {
  directory = await temporaryDirectory();
  // Making the tables takes seconds: once.
  const database = await openDatabase({ directory: join(directory.path, 'database') });
  await database.close();
});

afterAll(() => directory.remove());

beforeEach(() => {
  started = [];
});

afterEach(async () => {
  for (const server of started) await server.end('SIGKILL');
});

/** A place of its own for one process: its working directory, with its log. */
async function place(): Promise<string> {
  count += 1;
  const path = join(directory.path, `place-${count}`);
  await mkdir(path);
  return path;
}

/** The same with a database that has its tables. */
async function placeWithDatabase(): Promise<string> {
  const path = await place();
  await cp(join(directory.path, 'database'), join(path, '.dexter', 'database'), { recursive: true });
  return path;
}

async function spawn(environment: Record<string, string>, at?: string) {
  const own = at ?? (await place());
  const server = await spawnServer(own, {
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    HOME: own,
    HOST: '127.0.0.1',
    NODE_OPTIONS: `--import ${tellConnections}`,
    ...environment,
  });
  started.push(server);
  return server;
}

/** Starts what is not to start: its exit code and what it says. */
async function refused(environment: Record<string, string>, at?: string) {
  const server = await spawn(environment, at);
  const { code } = await server.exited;
  return { code, output: await server.output() };
}

async function listening(port: number, server: Awaited<ReturnType<typeof spawnServer>>): Promise<string> {
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 800 && !server.isOver(); tries++) {
    if (await fetch(url, { redirect: 'manual' }).catch(() => undefined)) return url;
    await setTimeout(50);
  }
  throw new Error(`the app does not listen: ${await server.output()}`);
}

const connections = (output: string) => output.split('\n').filter((line) => line.startsWith('CONNECTION'));

describe('npm start', () => {
  it('names all that is missing of the credentials, and the page that explains them', async () => {
    const subsets: Credential[][] = [['WEBHOOK_SECRET'], ['APP_ID', 'PRIVATE_KEY']];
    await Promise.all(
      subsets.map(async (missing) => {
        const there = Object.fromEntries(
          Object.entries(credentials).filter(([name]) => !missing.some((one) => one === name)),
        );
        const { code, output } = await refused(there);
        expect(code).toBe(1);
        const [said = ''] = output.split('\n\n');
        for (const name of names) expect(said.includes(name)).toBe(missing.includes(name));
        expect(output).toContain('/docs/install.md');
        expect(output).not.toContain('    at ');
      }),
    );
  });

  it('names every value that is wrong at once, and shows none of the secrets', async () => {
    const at = await place();
    await writeFile(
      join(at, 'dexter.yml'),
      'jira:\n  acme:\n    url: https://jira.example\n    email: dexter@acme.example\n    tokenEnv: JIRA_TOKEN\n    secretEnv: JIRA_SECRET\n',
    );
    const { code, output } = await refused(
      {
        WEBHOOK_SECRET: 'development',
        APP_ID: 'one',
        PRIVATE_KEY: 'sesame',
        PORT: '99999',
        DEXTER_NAME: 'two words',
        DATABASE_URL: 'mysql://root:hunter2@db',
        DEXTER_API_TOKEN: 'tooshort',
        GITHUB_API_URL: 'ftp://github',
        DEXTER_DISPATCHER: 'cloud',
        LOG_LEVEL: 'loud',
      },
      at,
    );
    expect(code).toBe(1);
    for (const name of [
      ...names,
      'PORT',
      'DEXTER_NAME',
      'DATABASE_URL',
      'DEXTER_API_TOKEN',
      'GITHUB_API_URL',
      'DEXTER_DISPATCHER',
      'LOG_LEVEL',
      'JIRA_TOKEN',
      'JIRA_SECRET',
    ])
      expect(output).toMatch(new RegExp(`^ +- ${name}`, 'm'));
    for (const secret of ['sesame', 'hunter2', 'tooshort']) expect(output).not.toContain(secret);
    expect(connections(output)).toEqual([]);
  });

  it('refuses to start without the configuration file that it is told to read', async () => {
    const { code, output } = await refused({ ...credentials, DEXTER_CONFIG: 'own.yml' });
    expect(code).toBe(1);
    expect(output).toContain('DEXTER_CONFIG');
    expect(output).toContain('own.yml');
  });

  it('offers the set-up page when it has no credentials, and talks to nobody', async () => {
    const at = await place();
    await copyFile(join(root, 'app.yml'), join(at, 'app.yml'));
    const port = await freePort();
    const server = await spawn({ PORT: String(port) }, at);
    const url = await listening(port, server);
    const home = await fetch(url, { redirect: 'manual' });
    expect(home.status).toBe(302);
    expect(home.headers.get('location')).toBe('/probot');
    const page = await (await fetch(`${url}/probot`)).text();
    expect(page).toMatch(/<form[^>]+action="https:\/\/github\.com\/settings\/apps\/new"/);
    expect(page).toContain('name="manifest"');
    expect(page).toContain('pull_request_review_comment');
    await server.end('SIGTERM');
    expect(connections(await server.output())).toEqual([]);
  });

  it('leads from the set-up page to a configuration that it then runs with', async () => {
    const at = await placeWithDatabase();
    await copyFile(join(root, 'app.yml'), join(at, 'app.yml'));
    const secret = 'made-by-github-for-this-app';
    const asked: string[] = [];
    // GitHub, as far as it makes an App from a manifest.
    const github = createHttpServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      const isIt = request.url === '/api/v3/app-manifests/the-code/conversions';
      response.writeHead(isIt ? 201 : 404, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          id: 4321,
          slug: 'dexter-of-acme',
          html_url: 'https://github.example/apps/dexter-of-acme',
          client_id: 'Iv1.client',
          client_secret: 'made-by-github-to-sign-in',
          webhook_secret: secret,
          pem: privateKey,
        }),
      );
    }).listen(0, '127.0.0.1');
    await once(github, 'listening');
    try {
      const address = github.address();
      const port = await freePort();
      const publicUrl = 'https://dexter.example.com';
      const setup = await spawn(
        {
          PORT: String(port),
          DEXTER_URL: publicUrl,
          GHE_HOST: `127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`,
          GHE_PROTOCOL: 'http',
        },
        at,
      );
      const url = await listening(port, setup);
      const page = await (await fetch(`${url}/probot`)).text();
      const manifest: unknown = JSON.parse(/name="manifest"[^>]*value='([^']*)'/.exec(page)?.[1] ?? '');
      expect(manifest).toEqual({
        ...parseYaml(await readFile(join(root, 'app.yml'), 'utf8')),
        hook_attributes: { url: `${publicUrl}/api/github/webhooks` },
        redirect_url: `${url}/probot/setup`,
        version: 'v1',
      });
      const back = await fetch(`${url}/probot/setup?code=the-code`, { redirect: 'manual' });
      expect(back.status).toBe(302);
      expect(back.headers.get('location')).toBe(
        'https://github.example/apps/dexter-of-acme/installations/new',
      );
      expect(asked).toEqual(['POST /api/v3/app-manifests/the-code/conversions']);
      await setup.end('SIGTERM');

      expect((await stat(join(at, '.env'))).mode & 0o777).toBe(0o600);
      const next = await freePort();
      const app = await spawn({ PORT: String(next), DEXTER_URL: publicUrl }, at);
      const started = await listening(next, app);
      expect((await fetch(`${started}/healthz`)).status).toBe(200);
      const deliver = (by: string) =>
        fetch(`${started}/api/github/webhooks`, {
          method: 'POST',
          headers: {
            'x-github-event': 'ping',
            'x-github-delivery': '1',
            'x-hub-signature-256': `sha256=${createHmac('sha256', by).update('{}').digest('hex')}`,
          },
          body: '{}',
        });
      expect((await deliver(secret)).status).toBe(200);
      expect((await deliver('another secret')).status).toBe(401);
      expect(await app.output()).not.toContain(secret);
    } finally {
      github.closeAllConnections();
      github.close();
    }
  });

  it('offers no set-up page in production', async () => {
    const { code, output } = await refused({ NODE_ENV: 'production', PORT: '0' });
    expect(code).toBe(1);
    for (const name of names) expect(output).toContain(name);
  });

  it('ends cleanly at SIGTERM, open connections or not, and gives its port and its database free', async () => {
    const at = await placeWithDatabase();
    const port = await freePort();
    const environment = { ...credentials, PORT: String(port), DEXTER_STOP_SECONDS: '2' };
    const first = await spawn(environment, at);
    const url = await listening(port, first);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const half = connect(port, '127.0.0.1');
    half.on('error', () => undefined);
    half.write('POST /api/github/webhooks HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{');
    await once(half, 'connect');
    expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
    half.destroy();

    const second = await spawn(environment, at);
    expect((await fetch(`${await listening(port, second)}/healthz`)).status).toBe(200);
    expect(await second.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('keeps a second one off its database while it lives, and not after it was killed', async () => {
    const at = await placeWithDatabase();
    const ports = [await freePort(), await freePort()];
    const first = await spawn({ ...credentials, PORT: String(ports[0]) }, at);
    const url = await listening(ports[0] ?? 0, first);
    const other = { ...credentials, PORT: String(ports[1]), DEXTER_DATA: join(at, '.dexter') };
    const { code, output } = await refused(other);
    expect(code).toBe(1);
    expect(output).toContain(join(at, '.dexter'));
    expect(output).toContain('another process is using it');
    expect(output).toContain('DATABASE_URL');
    expect(output).not.toContain('    at ');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await first.end('SIGKILL');
    const second = await spawn(other);
    expect((await fetch(`${await listening(ports[1] ?? 0, second)}/healthz`)).status).toBe(200);
  });

  it('says which port it cannot have', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    try {
      const address = taken.address();
      const port = String(address && typeof address === 'object' ? address.port : 0);
      const { code, output } = await refused({ ...credentials, PORT: port }, await placeWithDatabase());
      expect(code).toBe(1);
      expect(output).toContain(`cannot listen on 127.0.0.1:${port}`);
    } finally {
      taken.close();
    }
  });

  it('says that its database cannot be reached, without the password', async () => {
    const url = `postgres://dexter:hunter2@127.0.0.1:${await freePort()}/dexter`;
    const key = { DEXTER_SESSION_KEY: newMasterKey() };
    const { code, output } = await refused({ ...credentials, ...key, DATABASE_URL: url, PORT: '0' });
    expect(code).toBe(1);
    expect(output).toContain('The database at DATABASE_URL cannot be opened');
    expect(output).not.toContain('hunter2');
    expect(output).not.toContain('    at ');
    // The other tests see none of these.
    expect(connections(output)).not.toEqual([]);
  });
});
