import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  environmentOf,
  execForm,
  isInContext,
  lastOf,
  parseDockerfile,
  readStages,
  root,
} from './dockerfile.ts';

const stages = await readStages();
const final = stages.at(-1);
const dockerignore = await readFile(join(root, '.dockerignore'), 'utf8');
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  devDependencies: { node: string };
};

describe('the Dockerfile', () => {
  it('builds on the Node that everything is tested with, by its full version', () => {
    const image = `node:${manifest.devDependencies.node}-bookworm-slim`;
    expect(stages.map((stage) => stage.image)).toEqual([image, image, image]);
  });

  it('runs nothing as root, and has one place to write to', () => {
    expect(lastOf(final, 'USER')).toBe('node');
    expect(lastOf(final, 'VOLUME')).toBe(environmentOf(final).DEXTER_DATA);
    expect(final?.instructions.filter(({ name }) => name === 'RUN')).toEqual([]);
  });

  it('starts the app without a shell in between, which would keep the signal', () => {
    expect(execForm(lastOf(final, 'CMD'))).toEqual(['node', 'dist/server.js']);
    expect(lastOf(final, 'STOPSIGNAL')).toBe('SIGTERM');
  });

  it('copies only what exists and is sent to the build', () => {
    const copied = stages.flatMap(({ instructions }) =>
      instructions
        .filter(({ name, flags }) => name === 'COPY' && flags.from === undefined)
        .flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1)),
    );
    expect(copied).toContain('src');
    for (const path of copied) {
      expect([path, existsSync(join(root, path))]).toEqual([path, true]);
      expect([path, isInContext(dockerignore, path)]).toEqual([path, true]);
    }
  });

  it.each([
    '.env',
    '.env.example',
    'private-key.pem',
    '.git/config',
    '.dexter/session-key',
    'node_modules/x',
    'dexter.yml',
  ])('is not sent %s', (path) => {
    expect(isInContext(dockerignore, path)).toBe(false);
  });

  it.each([
    [200, 0],
    [503, 1],
    [undefined, 1],
  ])('has a check of its health that, when it is answered %s, ends with %i', async (status, code) => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/healthz' ? (status ?? 500) : 404).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = address && typeof address === 'object' ? address.port : 0;
    const close = () => new Promise((resolve) => server.close(resolve));
    if (status === undefined) await close();
    try {
      const [, command] = lastOf(final, 'HEALTHCHECK')?.split('CMD ') ?? [];
      const [, ...words] = execForm(command);
      const child = spawn(process.execPath, words, {
        cwd: tmpdir(),
        env: { PORT: String(port) },
        stdio: 'ignore',
      });
      expect((await once(child, 'exit'))[0]).toBe(code);
    } finally {
      server.closeAllConnections();
      await close();
    }
  });
});

it.each(['ADD https://example.com/x /x', 'RUN <<EOF', 'COPY $THIS /x', 'ONBUILD RUN true', 'run npm ci'])(
  'the reader of these tests does not pretend to understand %j',
  (line) => {
    expect(() => parseDockerfile(`FROM node:24\n${line}\n`)).toThrow('not understood');
  },
);
