import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '../../node_modules/.cache/dexter');

const patience = { timeout: 240_000, maxBuffer: 64 * 1024 * 1024 };

/** Directory of a package from npm, installed at the first use and kept beside the packages. */
export async function installedFromNpm(name: string, version: string): Promise<string> {
  const directory = join(cache, `${name.replaceAll(/[^a-z0-9]+/g, '-')}-${version}`);
  const installed = join(directory, 'node_modules', name);
  if (existsSync(join(directory, 'done'))) return installed;
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  // A project of its own, so that npm does not look further up for one.
  await writeFile(join(directory, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--no-save'];
  await run('npm', [...args, `${name}@${version}`], { cwd: directory, ...patience });
  await writeFile(join(directory, 'done'), '');
  return installed;
}

/** Path of a program of a package from PyPI, in a virtual environment of its own, made at the first use. */
export async function installedFromPyPi(name: string, version: string, program: string): Promise<string> {
  const directory = join(cache, `${name}-${version}`);
  const path = join(directory, 'bin', program);
  if (existsSync(join(directory, 'done'))) return path;
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  // Python 3 with its module for virtual environments (on Debian: python3-venv).
  await run('python3', ['-m', 'venv', directory], { cwd: cache, ...patience });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `${name}==${version}`];
  await run(join(directory, 'bin/python'), pip, { cwd: directory, ...patience });
  await writeFile(join(directory, 'done'), '');
  return path;
}
