import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { dexterProgram, everythingProgram } from './everything.ts';
import { installedFromNpm } from './installed.ts';

let inspector: string;

beforeAll(async () => {
  const directory = await installedFromNpm('@modelcontextprotocol/inspector', '2.12.0');
  inspector = join(directory, 'clients/launcher/build/index.js');
}, 300_000);

async function inspect(target: string[], flags: string[]): Promise<unknown> {
  await using place = await temporaryDirectory();
  const { stdout } = await promisify(execFile)(process.execPath, [inspector, '--cli', ...target, ...flags], {
    cwd: place.path,
    env: { PATH: process.env.PATH, HOME: place.path, MCP_CATALOG_PATH: join(place.path, 'catalog.json') },
    timeout: 50_000,
  });
  return JSON.parse(stdout);
}

const server = [process.execPath, everythingProgram];
const proxied = [process.execPath, dexterProgram, 'mcp-cache', '--', ...server];

it.each([
  [['--method', 'tools/list']],
  [['--method', 'tools/call', '--tool-name', 'get-sum', '--tool-arg', 'a=1', '--tool-arg', 'b=2']],
  [['--method', 'tools/call', '--tool-name', 'get-structured-content', '--tool-arg', 'location=Chicago']],
  [['--method', 'resources/list']],
  [['--method', 'resources/templates/list']],
  [['--method', 'resources/read', '--uri', 'demo://resource/static/document/features.md']],
  [['--method', 'prompts/list']],
  [['--method', 'prompts/get', '--prompt-name', 'args-prompt', '--prompt-args', 'city=Paris']],
])('the inspector sees no difference: %j', async (flags) => {
  expect(await inspect(proxied, flags)).toEqual(await inspect(server, flags));
});
