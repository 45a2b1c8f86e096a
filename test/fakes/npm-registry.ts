import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { dirname, join } from 'node:path';
import { create } from 'tar';
import { temporaryDirectory } from './temporary-directory.ts';

interface Release {
  manifest: Record<string, unknown>;
  tarball: Buffer;
  integrity: string;
}

/** A registry on loopback with what a test has published, for the real npm. */
export interface NpmRegistry {
  url: string;
  /** Paths that were asked for. */
  asked: string[];
  headers: IncomingHttpHeaders[];
  /** Called before a tarball is given out. */
  beforeTarball: () => Promise<void>;
  /** Publishes a package. `files` by path; those with a mode are executable. @returns its hash. */
  publish(
    name: string,
    version: string,
    files: Record<string, string>,
    manifest?: Record<string, unknown>,
  ): Promise<string>;
  /** Publishes other files, under the hash of the earlier ones. */
  tamper(name: string, version: string, files: Record<string, string>): Promise<void>;
  close(): Promise<void>;
}

export async function startNpmRegistry(): Promise<NpmRegistry> {
  const packages = new Map<string, Map<string, Release>>();
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://loopback').pathname).slice(1);
    registry.asked.push(path);
    registry.headers.push(request.headers);
    const [name = '', file] = path.split('/-/');
    const releases = packages.get(name);
    if (releases === undefined) return void response.writeHead(404).end('{}');
    if (file !== undefined) {
      const release = releases.get(file.replace(/\.tgz$/, ''));
      void registry.beforeTarball().then(() => response.end(release?.tarball));
      return;
    }
    const versions = [...releases].map(([version, { manifest, integrity }]) => {
      const tarball = `${registry.url}/${name}/-/${version}.tgz`;
      return [version, { ...manifest, dist: { tarball, integrity } }] as const;
    });
    const latest = versions.at(-1)?.[0];
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name, 'dist-tags': { latest }, versions: Object.fromEntries(versions) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  const registry: NpmRegistry = {
    url: `http://127.0.0.1:${address.port}`,
    asked: [],
    headers: [],
    beforeTarball: async () => undefined,
    async publish(name, version, files, more = {}) {
      await using directory = await temporaryDirectory();
      const manifest = { name, version, ...more };
      for (const [path, content] of Object.entries({ ...files, 'package.json': JSON.stringify(manifest) })) {
        const absolute = join(directory.path, 'package', path);
        await mkdir(dirname(absolute), { recursive: true });
        await writeFile(absolute, content);
        await chmod(absolute, content.startsWith('#!') ? 0o755 : 0o644);
      }
      const file = join(directory.path, 'package.tgz');
      await create({ gzip: true, cwd: directory.path, file }, ['package']);
      const tarball = await readFile(file);
      const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
      const releases = packages.get(name) ?? new Map<string, Release>();
      packages.set(name, releases.set(version, { manifest, tarball, integrity }));
      return integrity;
    },
    async tamper(name, version, files) {
      const before = packages.get(name)?.get(version)?.integrity;
      await registry.publish(name, version, files);
      const release = packages.get(name)?.get(version);
      if (release && before) release.integrity = before;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
  return registry;
}
