import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { AppError, hasCode } from '../core/errors.ts';
import { takesInputsOf } from '../onboarding/takes-inputs.ts';
import type { OnboardingTemplate, ProposedFile } from '../onboarding/template.ts';
import type { InitOptions } from './init-options.ts';
import { leftLines, leftOf } from './left-to-do.ts';
import { plain, plainJson } from './plain-text.ts';
import type { Terminal } from './terminal.ts';

/** `kept` is a file that differs and is left as it is; `works` is one that differs and does as well. */
export type FileOutcome = 'written' | 'overwritten' | 'same' | 'works' | 'kept';

/**
 * `dexter init` in a clone: writes the files into its working tree. Exit code 1 when a workflow is there that the app
 * cannot start.
 * @throws AppError `input-invalid` outside of a clone.
 */
export async function initClone(
  options: InitOptions & { directory: string; force: boolean },
  { print, tell }: Terminal,
): Promise<number> {
  const { template, serverUrl, force, json } = options;
  const root = rootOf(options.directory);
  const files = [
    { ...template.workflow, does: await add(root, template.workflow, template, force) },
    { ...template.config, does: await add(root, template.config, template, force) },
  ];
  const left = leftOf({ repository: await repositoryOf(root, serverUrl), serverUrl });
  const isBlocked = files[0]?.does === 'kept';
  if (json) {
    print(plainJson({ root, files: files.map(({ path, does }) => ({ path, outcome: does })), left }));
    return isBlocked ? 1 : 0;
  }
  const longest = Math.max(...files.map(({ path }) => path.length));
  for (const { path, does } of files)
    print(`${words[does].padEnd(9)} ${path.padEnd(longest)}  ${why[does]}`.trimEnd());
  if (isBlocked) {
    tell('');
    tell(`${plain(template.workflow.path)} is there and is another one: the app cannot start it as it is.`);
    tell(
      'Compare it with examples/dexter.yml of Dexter, or write over it with --force and look at `git diff`.',
    );
    return 1;
  }
  for (const line of leftLines(left)) print(line);
  print('');
  print('Commit the files and merge them into the default branch; then comment `@dexter help` on any issue.');
  return 0;
}

const words: Record<FileOutcome, string> = {
  written: 'Wrote',
  overwritten: 'Replaced',
  same: 'Unchanged',
  works: 'Kept',
  kept: 'Kept',
};

const why: Record<FileOutcome, string> = {
  written: '',
  overwritten: '(git has what was there)',
  same: '(it is as it is to be)',
  works: '(yours; --force writes over it)',
  kept: '(yours; --force writes over it)',
};

async function add(
  root: string,
  file: ProposedFile,
  template: OnboardingTemplate,
  force: boolean,
): Promise<FileOutcome> {
  const path = join(root, file.path);
  await mkdir(dirname(path), { recursive: true });
  try {
    // Nothing that appears at this moment is written over either.
    await writeFile(path, file.content, { flag: 'wx' });
    return 'written';
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  const current = await readFile(path, 'utf8');
  if (current === file.content) return 'same';
  if (force) {
    await writeFile(path, file.content);
    return 'overwritten';
  }
  // Settings are the team's own from the first day on.
  const isWorkflow = file.path === template.workflow.path;
  return isWorkflow && !takesInputsOf(current, file.content) ? 'kept' : 'works';
}

/** The top of the clone that a directory is in. */
function rootOf(directory: string): string {
  for (let current = resolve(directory); ; current = dirname(current)) {
    if (existsSync(join(current, '.git'))) return current;
    if (current === dirname(current)) break;
  }
  throw new AppError('input-invalid', {
    message: `${directory} is not in a clone of a repository.`,
    hint: 'Run it in a clone, or `dexter init --pull-request owner/name` anywhere.',
  });
}

/** Owner and name in the address of `origin`; undefined when that is elsewhere than on this GitHub. */
async function repositoryOf(
  root: string,
  serverUrl: string,
): Promise<{ owner: string; name: string } | undefined> {
  const { stdout, failed } = await execa('git', ['-C', root, 'remote', 'get-url', 'origin'], {
    reject: false,
  });
  return failed ? undefined : repositoryIn(stdout, new URL(serverUrl).host);
}

/** `git@github.com:acme/shop.git`, `https://github.com/acme/shop` -> acme, shop. */
export function repositoryIn(address: string, host: string): { owner: string; name: string } | undefined {
  const [, at, owner, name] =
    /^(?:(?:https?|ssh|git):\/\/)?(?:[^@/\s]+@)?([^/:\s]+)(?::\d+(?=\/))?[:/]\/?([A-Za-z0-9-]{1,39})\/([A-Za-z0-9._-]{1,100}?)(?:\.git)?\/?$/.exec(
      address.trim(),
    ) ?? [];
  return owner && name && at?.toLowerCase() === host.replace(/:\d+$/, '').toLowerCase()
    ? { owner, name }
    : undefined;
}
