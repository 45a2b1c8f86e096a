import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { dexterProgram } from './everything.ts';
import { installedFromNpm } from './installed.ts';
import { stdioOverHttp } from './stdio-over-http.ts';

const here = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url));

/** These are about the HTTP end, which is the test's own and not the proxy's. */
const ofHttp = ['server-sse-polling', 'server-sse-multiple-streams', 'dns-rebinding-protection'];

const Checks = z.array(
  z.looseObject({ id: z.string(), status: z.string(), errorMessage: z.string().optional() }),
);

let program: string;

beforeAll(async () => {
  program = join(await installedFromNpm('@modelcontextprotocol/conformance', '0.1.16'), 'dist/index.js');
}, 300_000);

/** Each check with its outcome, by scenario. */
async function conformance(args: string[]): Promise<Record<string, string[]>> {
  await using place = await temporaryDirectory();
  const results = join(place.path, 'results');
  // Its exit code says what the results say, too.
  await promisify(execFile)(process.execPath, [program, ...args, '-o', results], {
    cwd: place.path,
    env: { PATH: process.env.PATH, HOME: place.path },
    timeout: 110_000,
    maxBuffer: 64 * 1024 * 1024,
  }).catch((error: unknown) => {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 1) throw error;
  });
  const files = (await readdir(results, { recursive: true })).filter((file) => file.endsWith('checks.json'));
  const scenarios = files.map(async (file): Promise<[string, string[]]> => {
    const checks = Checks.parse(JSON.parse(await readFile(join(results, file), 'utf8')));
    const name = file.replace(/[-_/]?\d{4}-\d{2}-\d{2}T.*$/, '').replace(/^(?:server|client)[-/](?=.)/, '');
    const counted = checks.filter(({ status }) => status !== 'INFO');
    return [
      name,
      counted.map(({ id, status, errorMessage = '' }) => `${id} ${status} ${errorMessage}`.trim()),
    ];
  });
  return Object.fromEntries(await Promise.all(scenarios));
}

async function serverConformance(args: string[]): Promise<Record<string, string[]>> {
  await using place = await temporaryDirectory();
  const server = await stdioOverHttp(place.path, args);
  try {
    const all = await conformance(['server', '--url', server.url]);
    return Object.fromEntries(
      Object.entries(all).filter(([name]) => !ofHttp.some((one) => one.endsWith(name))),
    );
  } finally {
    await server.close();
  }
}

describe('the official conformance scenarios', () => {
  it('for servers hold behind the proxy', { timeout: 240_000 }, async () => {
    const proxied = await serverConformance([
      dexterProgram,
      'mcp-cache',
      '--',
      process.execPath,
      here('conformance-server.mjs'),
    ]);
    const failed = Object.entries(proxied).flatMap(([name, checks]) =>
      checks.filter((check) => !/ SUCCESS\b/.test(check)).map((check) => `${name}: ${check}`),
    );
    expect(failed).toEqual([]);
    expect(Object.keys(proxied).length).toBeGreaterThanOrEqual(26);
  });

  it.each(['initialize', 'tools_call', 'elicitation-sep1034-client-defaults', 'sse-retry'])(
    'for clients hold when the proxy is the one at the end of HTTP: %s',
    { timeout: 120_000 },
    async (scenario) => {
      const command = `${process.execPath} ${here('conformance-client.ts')}`;
      const results = Object.values(
        await conformance(['client', '--command', command, '--scenario', scenario]),
      ).flat();
      expect(results.filter((check) => !/ SUCCESS\b/.test(check))).toEqual([]);
      expect(results.length).toBeGreaterThan(0);
    },
  );
});
