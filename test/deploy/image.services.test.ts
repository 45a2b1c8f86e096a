// In the services project because it installs from the registry twice, and needs Postgres and Redis.
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, copyFile, cp, lstat, mkdir, open, readdir, readFile, stat } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newMasterKey, SessionMasterKey } from '../../src/core/session-key.ts';
import { freePort } from '../app/server-process.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { freshPostgres } from '../ledger/fresh-postgres.ts';
import { environmentOf, execForm, isInContext, lastOf, readStages, root, type Stage } from './dockerfile.ts';

const installMs = 900_000;

/** The user `node` of the image; another than who builds, where the tests run as root. */
const isRoot = process.getuid?.() === 0;
const user = { uid: 1000, gid: 1000 };

const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let image: Stage;

/** How this machine reaches the registry, with its cache: a build has that from its own settings. */
const machine = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(?:npm_(?!config_)|NODE_ENV|NODE_OPTIONS|VITEST)/i.test(name),
    ),
  ),
  PATH: path,
};

/** Where the file system of the image begins. */
let top: string;

/** Carries out the steps of the Dockerfile, each stage in a fresh folder that stands for its file system. */
beforeAll(async () => {
  directory = await temporaryDirectory();
  await chmod(directory.path, 0o755);
  // The Node of the image, where everybody may run it.
  await mkdir(join(directory.path, 'bin'));
  await copyFile(process.execPath, join(directory.path, 'bin', 'node'));
  const dockerignore = await readFile(join(root, '.dockerignore'), 'utf8');
  const built = new Map<string, string>();
  for (const [index, stage] of (await readStages()).entries()) {
    top = join(directory.path, stage.name ?? `stage-${index}`);
    image = stage;
    await mkdir(top);
    built.set(stage.name ?? '', top);
    let workdir = top;
    for (const { name, flags, rest } of stage.instructions) {
      if (name === 'WORKDIR') {
        workdir = join(top, rest);
        await mkdir(workdir, { recursive: true });
      }
      if (name === 'COPY') await copy(rest, { workdir, flags, built, dockerignore });
      if (name === 'RUN') {
        await execa('sh', ['-c', rest], {
          cwd: workdir,
          extendEnv: false,
          env: { ...machine, npm_config_prefer_offline: 'true', ...environmentOf(stage) },
        });
      }
    }
  }
}, installMs);

afterAll(() => directory?.remove());

interface Place {
  workdir: string;
  flags: Record<string, string>;
  built: Map<string, string>;
  dockerignore: string;
}

async function copy(rest: string, { workdir, flags, built, dockerignore }: Place): Promise<void> {
  const words = rest.split(/\s+/);
  const to = words.pop() ?? '';
  const target = to.startsWith('/') ? join(top, to) : join(workdir, to);
  const from = flags.from === undefined ? root : built.get(flags.from);
  if (from === undefined) throw new Error(`there is no stage ${flags.from}`);
  for (const word of words) {
    if (from === root && !isInContext(dockerignore, word))
      throw new Error(`${word} is not sent to the build`);
    const source = join(from, word);
    const isFile = (await stat(source)).isFile();
    await cp(source, isFile && to.endsWith('/') ? join(target, word.split('/').at(-1) ?? '') : target, {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
  if (flags.chown === 'node:node' && isRoot) await chown(target, user.uid, user.gid);
}

/** A command of the image as its user, in its working directory; `/data` is where the volume is. */
async function start(command: string[], environment: Record<string, string> = {}) {
  const [program = '', ...words] = command;
  const logPath = join(directory.path, `log-${performance.now()}`);
  const log = await open(logPath, 'a', 0o600);
  const workdir = join(top, lastOf(image, 'WORKDIR') ?? '');
  const child = spawn(program, words, {
    cwd: workdir,
    stdio: ['ignore', log.fd, log.fd],
    ...(isRoot ? user : {}),
    env: { PATH: join(directory.path, 'bin'), HOME: '/nonexistent', ...environmentOf(image), ...environment },
  });
  await log.close();
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  return { child, exited, output: () => readFile(logPath, 'utf8') };
}

async function paths(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).toSorted();
}

describe('the image', () => {
  it('holds the built app, what it needs to run, and nothing else', async () => {
    const app = join(top, 'app');
    expect((await readdir(top)).toSorted()).toEqual(['app', 'data']);
    expect((await readdir(app)).toSorted()).toEqual([
      'app.yml',
      'dist',
      'examples',
      'node_modules',
      'package.json',
    ]);
    expect(await readdir(join(top, 'data'))).toEqual([]);
    const manifest = JSON.parse(await readFile(join(app, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
    };
    const there = new Set(await paths(join(app, 'node_modules')));
    for (const name of Object.keys(manifest.dependencies))
      expect([name, there.has(name)]).toEqual([name, true]);
    const development = Object.entries(lock.packages).filter(([, { dev }]) => dev);
    expect(development.length).toBeGreaterThan(Object.keys(manifest.devDependencies).length / 2);
    for (const [place] of development) {
      const name = place.replace(/^node_modules\//, '');
      expect([name, there.has(name)]).toEqual([name, false]);
    }
    const files = await paths(join(app, 'dist'));
    expect(files).toContain('server.js');
    expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([]);
  });

  it('makes a session key, as the page about deploying has it do', async () => {
    const key = await start(['node', 'dist/cli.js', 'key', 'new']);
    expect(await key.exited).toEqual({ code: 0, signal: null });
    const [, made] = /^DEXTER_SESSION_KEY=(.+)$/m.exec(await key.output()) ?? [];
    expect(SessionMasterKey.safeParse(made).success).toBe(true);
  });

  it('starts as a user who may write to its volume alone, is ready, is healthy, and ends in good order', async () => {
    const port = await freePort();
    const database = await freshPostgres();
    const data = join(top, 'data');
    const before = await paths(join(top, 'app'));
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const environment = {
      PORT: String(port),
      DEXTER_DATA: data,
      APP_ID: '1',
      // As it stands in a file of variables: on one line.
      PRIVATE_KEY: privateKey.replaceAll('\n', '\\n'),
      WEBHOOK_SECRET: 'a-secret-of-this-test-only',
      DEXTER_URL: 'https://dexter.example.com',
      DEXTER_SESSION_KEY: newMasterKey(),
      DATABASE_URL: database.url,
      REDIS_URL: process.env.TEST_REDIS_URL ?? '',
    };
    const app = await start(execForm(lastOf(image, 'CMD')), environment);
    try {
      const url = `http://127.0.0.1:${port}`;
      const end = Date.now() + 120_000;
      while (!(await fetch(`${url}/readyz`).catch(() => undefined))?.ok) {
        if (app.child.exitCode !== null || Date.now() > end)
          throw new Error(`it does not get ready: ${await app.output()}`);
        await setTimeout(100);
      }
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      const [, check] = lastOf(image, 'HEALTHCHECK')?.split('CMD ') ?? [];
      expect(await (await start(execForm(check), { PORT: String(port) })).exited).toEqual({
        code: 0,
        signal: null,
      });
      if (isRoot) {
        const status = await readFile(`/proc/${app.child.pid}/status`, 'utf8');
        expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).toBe(String(user.uid));
      }
      app.child.kill('SIGTERM');
      expect(await app.exited).toEqual({ code: 0, signal: null });
      expect(await app.output()).toContain('stopped: everything is finished');
      expect(await (await start(execForm(check), { PORT: String(port) })).exited).toEqual({
        code: 1,
        signal: null,
      });
    } finally {
      app.child.kill('SIGKILL');
      await app.exited;
      await database.drop();
    }
    // As on a file system that is mounted read-only.
    expect(await paths(join(top, 'app'))).toEqual(before);
    if (isRoot) expect((await lstat(join(top, 'app', 'dist'))).uid).not.toBe(user.uid);
    expect(await readdir(data)).toEqual([]);
  }, 240_000);
});
