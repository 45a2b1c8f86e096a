import { existsSync, statSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import { AppError, hasCode } from '../core/errors.ts';
import { firstCommand } from '../onboarding/pull-request.ts';
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
 * @throws AppError `input-invalid` outside of a clone, and in Dexter's own.
 */
export async function initClone(
  options: InitOptions & { directory: string; force: boolean },
  { env, print, tell }: Terminal,
): Promise<number> {
  const { template, serverUrl, force, json } = options;
  const root = rootOf(options.directory);
  await refuseOwnClone(root);
  const files = [
    { ...template.workflow, does: await add(root, template.workflow, template, force) },
    { ...template.config, does: await add(root, template.config, template, force) },
  ];
  const notApplied = missingUses(
    await readFile(join(root, template.workflow.path), 'utf8'),
    template.workflow.content,
  );
  const left = leftOf({ repository: await repositoryOf(root, serverUrl), serverUrl });
  const isBlocked = files[0]?.does === 'kept';
  if (json) {
    print(
      plainJson({ root, files: files.map(({ path, does }) => ({ path, outcome: does })), notApplied, left }),
    );
    return isBlocked ? 1 : 0;
  }
  print(`In ${plain(root)}:`);
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
  if (notApplied.length > 0) {
    const uses = plain(notApplied.join(', '));
    print('');
    print(`Not applied: ${plain(template.workflow.path)} is left as it is and does not use ${uses}.`);
    print('Set that in the file by hand, or write over it with --force and look at `git diff`.');
  }
  for (const line of leftLines(left)) print(line);
  print('');
  print('Commit the files and merge them into the default branch; then comment on an issue');
  print(`${firstCommand(env.DEXTER_NAME || 'dexter')}.`);
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

const OwnPackage = z.object({
  name: z.literal('dexter'),
  bin: z.object({ dexter: z.literal('./dist/cli.js') }),
});

/** The command is run in Dexter's own clone, where its workflow is of that name too and is another one. */
async function refuseOwnClone(root: string): Promise<void> {
  const text = await readFile(join(root, 'package.json'), 'utf8').catch(() => 'null');
  if (!OwnPackage.safeParse(parsed(text)).success) return;
  throw new AppError('input-invalid', {
    message: "This is Dexter's own clone.",
    hint: 'Name the clone of your repository: `npx node src/cli.ts init ../shop`.',
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What `wanted` names behind `uses:` and `current` does not. */
function missingUses(current: string, wanted: string): string[] {
  const has = usesOf(current);
  return usesOf(wanted).filter((uses) => !has.includes(uses));
}

function usesOf(workflow: string): string[] {
  return [...workflow.matchAll(/^\s*(?:-\s+)?uses:[ \t]*["']?([^\s"'#]+)/gm)].map(([, uses = '']) => uses);
}

/** The top of the clone that a directory is in. */
function rootOf(directory: string): string {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new AppError('input-invalid', {
      message: `There is no directory ${plain(directory)}.`,
      hint: 'Name the clone of your repository, such as ../shop.',
    });
  }
  for (let current = resolve(directory); ; current = dirname(current)) {
    if (existsSync(join(current, '.git'))) return current;
    if (current === dirname(current)) break;
  }
  throw new AppError('input-invalid', {
    message: `${plain(directory)} is not in a clone of a repository.`,
    hint: 'Name the clone, `dexter init ../shop`, or use `dexter init --pull-request owner/name`.',
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
