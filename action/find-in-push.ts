import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { formatSize } from '../src/core/size.ts';
import { inlineCode } from '../src/report/neutralise.ts';
import { createScrubber, findSecrets, type Scrubber, scrubText } from '../src/sessions/scrub/scrub-text.ts';
import type { PushCheck, PushRules } from './push-rules.ts';
import type { ChangedPath, PushedChanges } from './pushed-changes.ts';

/** Something in a push that a check is about. */
export interface Finding {
  check: PushCheck;
  /** A clause without a full stop, Markdown; never holds a secret. */
  what: string;
  /** It is told, and refuses nothing. */
  isHint?: true;
}

/** What can be read into memory at once, and what is looked through at all. */
const batchBytes = 32_000_000;
const mostScanned = 50_000_000;
const longestPath = 150;

/**
 * Forms that examples and tests have as often as real configuration: `postgres://user:password@localhost`. Where the
 * value itself is one that the run knows, it is found as that.
 */
const oftenHarmless = new Set([
  'url-password',
  'basicauth',
  'database-connection-string',
  'bearer',
  'assigned-secret',
]);

const [link, submodule, deleted] = ['120000', '160000', '000000'];

/** Everything that the checks have to say of a push, whatever is then made of it. */
export async function findInPush(
  changes: PushedChanges,
  rules: PushRules,
  secrets: readonly string[],
): Promise<Finding[]> {
  const scrubber = createScrubber(secrets, randomBytes(32));
  const isOn = (check: PushCheck) => rules.severity[check] !== 'off';
  const name = (path: string) => shown(path, scrubber);
  const found: Finding[] = [];
  if (isOn('protected-paths')) {
    const paths = await changes.matching(rules.protectedPaths);
    found.push(
      ...paths.map((path) => ({
        check: 'protected-paths' as const,
        what: `${name(path)} is a protected path`,
      })),
    );
  }
  found.push(...ofSize(changes, rules, name), ...ofSubmodules(changes, name));
  if (isOn('links')) found.push(...(await ofLinks(changes, name)));
  if (isOn('secrets')) found.push(...(await ofSecrets(changes, scrubber, name)));
  return unique(found.filter(({ check }) => isOn(check)));
}

type Name = (path: string) => string;

function ofSize(
  { paths, totalBytes }: PushedChanges,
  { fileBytes, totalBytes: mostBytes, fileCount }: PushRules,
  name: Name,
): Finding[] {
  const found: Finding[] = paths
    .filter(({ newBytes = 0 }) => newBytes > fileBytes)
    .map(({ path, newBytes = 0 }) => ({
      check: 'file-size',
      what: `${name(path)} has ${formatSize(newBytes)}, more than ${formatSize(fileBytes)}`,
    }));
  if (totalBytes > mostBytes)
    found.push({
      check: 'total-size',
      what: `all files together have ${formatSize(totalBytes)}, more than ${formatSize(mostBytes)}`,
    });
  const count = new Set(paths.map(({ path }) => path)).size;
  if (count > fileCount)
    found.push({ check: 'file-count', what: `${count} files change, more than ${fileCount}` });
  return found;
}

function ofSubmodules({ paths }: PushedChanges, name: Name): Finding[] {
  return paths
    .filter(({ mode, path }) => mode === submodule || (path === '.gitmodules' && mode !== deleted))
    .map(({ path }) => ({ check: 'submodules', what: `${name(path)} adds or moves a submodule` }));
}

async function ofLinks({ paths, read }: PushedChanges, name: Name): Promise<Finding[]> {
  const links = paths.filter(({ mode, newBytes = 0 }) => mode === link && newBytes < batchBytes);
  const targets = await read(links.map(({ hash }) => hash));
  return links
    .filter(({ path }, index) => leadsOutside(path, targets[index]?.toString() ?? ''))
    .map(({ path }) => ({ check: 'links', what: `${name(path)} is a link to outside of the repository` }));
}

/** Also into `.git`, which is beside the files and none of them. */
function leadsOutside(path: string, target: string): boolean {
  if (posix.isAbsolute(target) || target.includes('\0') || /^[a-z]:/i.test(target)) return true;
  const end = posix.normalize(posix.join(posix.dirname(path), target.replaceAll('\\', '/')));
  return end === '..' || end.startsWith('../') || /(?:^|\/)\.git(?:\/|$)/i.test(end);
}

/** In file names, in the text of the commits, and in what is new in each file. */
async function ofSecrets(changes: PushedChanges, scrubber: Scrubber, name: Name): Promise<Finding[]> {
  const found: Finding[] = [];
  const note = (where: string, text: string): void => {
    for (const { rule } of findSecrets(text, scrubber)) {
      const what = `${where} holds ${rule === 'secret' ? 'a secret of this run' : `what looks like a secret (${rule})`}`;
      found.push({ check: 'secrets', what, ...(oftenHarmless.has(rule) ? { isHint: true as const } : {}) });
    }
  };
  for (const { path } of changes.paths) note(`the file name ${name(path)}`, path);
  const texts = await changes.read(changes.commits);
  changes.commits.forEach((commit, index) => {
    note(`the text of commit ${commit.slice(0, 12)}`, texts[index]?.toString() ?? '');
  });
  const files = changes.paths.filter(({ newBytes }) => newBytes !== undefined);
  for (const { path } of files.filter(({ newBytes = 0 }) => newBytes > mostScanned))
    found.push({ check: 'secrets', what: `${name(path)} is too large to be looked through` });
  for (const batch of batchesOf(files.filter(({ newBytes = 0 }) => newBytes <= mostScanned)))
    for (const { path, text } of await addedTexts(batch, changes)) note(name(path), text);
  return found;
}

/** Of one commit each, and no more than fit into memory. */
function batchesOf(files: readonly ChangedPath[]): ChangedPath[][] {
  const batches: ChangedPath[][] = [];
  let bytes = 0;
  for (const file of files) {
    const last = batches.at(-1);
    bytes += file.newBytes ?? 0;
    if (last !== undefined && last[0]?.commit === file.commit && bytes <= batchBytes) last.push(file);
    else {
      batches.push([file]);
      bytes = file.newBytes ?? 0;
    }
  }
  return batches;
}

/** The lines that no file of the commit had before: what is moved from one file to another is not new. */
async function addedTexts(
  files: readonly ChangedPath[],
  { paths, read, within }: PushedChanges,
): Promise<{ path: string; text: string }[]> {
  const commit = files[0]?.commit;
  const olds = paths.filter((each) => each.commit === commit && each.mode !== submodule);
  // What does not fit counts as new: rather looked at once more than not at all.
  const before = await read(await within([...new Set(olds.flatMap((each) => each.before))], batchBytes));
  const known = new Set(before.flatMap((content) => textOf(content).split('\n')));
  const contents = await read(files.map(({ hash }) => hash));
  return files.map(({ path }, index) => {
    const lines = textOf(contents[index] ?? Buffer.alloc(0)).split('\n');
    return { path, text: lines.filter((line) => !known.has(line)).join('\n') };
  });
}

/** Text of two bytes a character has a NUL in each; without them it is what a search can find. */
function textOf(content: Buffer): string {
  return content.toString().replaceAll('\0', '');
}

function shown(path: string, scrubber: Scrubber): string {
  return inlineCode(scrubText(path, scrubber).text.slice(0, longestPath).toWellFormed()) || 'a file';
}

function unique(found: readonly Finding[]): Finding[] {
  return [...new Map(found.map((each) => [each.check + each.what, each])).values()];
}
