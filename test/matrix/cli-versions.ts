import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { realClaude } from '../fakes/real-claude.ts';

const name = '@anthropic-ai/claude-code';
const cache = join(import.meta.dirname, '../../node_modules/.cache/dexter');

/** The version that this repository is developed with. */
const pinnedVersion = z
  .object({ version: z.string() })
  .parse(createRequire(import.meta.url)(`${name}/package.json`)).version;

/**
 * An early 2.1, still a Node script and without long folder names; a later one, a native binary that does not
 * know `CLAUDE_CODE_PROJECT_DIR_NAME` yet; and the pinned one, which does.
 */
export const versions = ['2.1.20', '2.1.197', pinnedVersion];

/** Absolute path of the CLI of a version, installed from npm at the first use and kept beside the packages. */
export async function installedClaude(version: string): Promise<string> {
  if (version === pinnedVersion) return realClaude;
  const directory = join(cache, `claude-${version}`);
  const found = commandIn(directory);
  if (found !== undefined) return found;
  await mkdir(directory, { recursive: true });
  // A project of its own, so that npm does not look further up for one.
  await writeFile(join(directory, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--no-save'];
  await promisify(execFile)('npm', [...args, `${name}@${version}`], { cwd: directory, timeout: 240_000 });
  const installed = commandIn(directory);
  if (installed === undefined) throw new Error(`npm installed no CLI for ${name}@${version}`);
  return installed;
}

/** The script where there is one; else the binary of the platform's package, which an install script would link. */
function commandIn(directory: string): string | undefined {
  const scope = join(directory, 'node_modules/@anthropic-ai');
  if (existsSync(join(scope, 'claude-code/cli.js'))) return join(directory, 'node_modules/.bin/claude');
  if (!existsSync(scope)) return undefined;
  const platform = `claude-code-${process.platform}-${process.arch}`;
  return readdirSync(scope)
    .filter((folder) => folder.startsWith(platform))
    .map((folder) => join(scope, folder, 'claude'))
    .find((command) => existsSync(command));
}
