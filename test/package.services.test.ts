// In the services project because it installs all production dependencies from the registry.
import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The environment of a person's shell: the machine's own Node, which may be older than the one that this
 * repository brings along, and none of what npm tells its children.
 */
const shell = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:npm_|NODE_)/i.test(name))),
  PATH: (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .join(delimiter),
};

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dexter-package-'));
  const packed = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root });
  const [{ filename }] = JSON.parse(packed.stdout);
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  const tarball = join(folder, filename);
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], {
    cwd: folder,
    env: shell,
  });
}, 180_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

const dexter = (...args: string[]) =>
  run('npx', ['--no-install', 'dexter', ...args], { cwd: folder, env: shell });

test('the installed package shows its help on the Node of the machine', async () => {
  expect((await dexter('--help')).stdout).toContain('Usage: dexter');
});

test('the installed package says its version', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect((await dexter('--version')).stdout.trim()).toBe(version);
});

test('the installed package has the files that onboarding adds to a repository', async () => {
  const clone = join(folder, 'clone');
  await mkdir(join(clone, '.git'), { recursive: true });
  const program = join(folder, 'node_modules/dexter/dist/cli.js');
  await run(process.execPath, [program, 'init'], { cwd: clone, env: shell });
  const written = await readFile(join(clone, '.github/workflows/dexter.yml'), 'utf8');
  expect(written).toBe(await readFile(join(root, 'examples/dexter.yml'), 'utf8'));
});

test('the installed package has what the pages of the dashboard are drawn with', async () => {
  const assets = pathToFileURL(join(folder, 'node_modules/dexter/dist/dashboard/assets.js'));
  const { styleSheet, liveScript } = await import(assets.href);
  expect(styleSheet.body).toContain('--accent');
  expect(liveScript.body).toContain('EventSource');
});

test('the installed package has the bundled action where dispatch looks for it', async () => {
  const dispatcher = pathToFileURL(join(folder, 'node_modules/dexter/dist/dispatch/local.js'));
  await access(dispatcher);
  await access(new URL('../../action/dist/main.js', dispatcher));
});
