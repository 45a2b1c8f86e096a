import { join, relative, resolve } from 'node:path';
import ignore from 'ignore';
import { isGitData, isWithin } from './paths.ts';
import { isProtected } from './protected-paths.ts';
import { allowedCommand } from './shell-command.ts';

export interface AskedCall {
  name: string;
  /** From the model: untrusted. */
  input: Readonly<Record<string, unknown>>;
  /** Absolute path of the checkout. */
  workingDirectory: string;
  /** What `~/` in a rule is; such a rule is about nothing without. */
  homeDirectory?: string | undefined;
}

/** `Tool` is about all that the tool does, `Tool(specifier)` about some of it. */
interface Rule {
  tool: string;
  specifier: string | undefined;
}

/** They read files: what is in the checkout needs no rule, what is outside one for `Read`. */
const reading = new Set(['Read', 'LS', 'Glob', 'Grep']);
/** They change files, by the rules for `Edit`; those for the tool itself count where they name no path, as for the CLI. */
const changing = new Set(['Edit', 'Write']);

/**
 * Whether permission rules in the CLI's syntax allow a call: https://code.claude.com/docs/en/permissions. A pure
 * function of the names: a tool that opens a file asks again with the path that links lead to.
 *
 * Stricter than the CLI where the CLI has someone or something to ask: no command is allowed without a rule, and a
 * rule for `Read` or `Edit` that names no path is about the checkout alone.
 */
export function isAllowed(rules: readonly string[], call: AskedCall): boolean {
  const { name, input } = call;
  if (name.startsWith('mcp__')) return rules.some((rule) => isAboutMcpTool(rule, name));
  const parsed = rules.map(parseRule).filter((rule) => rule !== undefined);
  if (name === 'Bash') return commandToRun(rules, call) !== undefined;
  if (reading.has(name) || changing.has(name)) {
    const path = input.file_path ?? input.path ?? (reading.has(name) && name !== 'Read' ? '.' : undefined);
    return typeof path === 'string' && isPathAllowed(parsed, path, call);
  }
  return parsed.some((rule) => rule.tool === name && rule.specifier === undefined);
}

/** The command as it may be run; undefined where the rules do not allow all of it. */
export function commandToRun(
  rules: readonly string[],
  { input, workingDirectory }: Pick<AskedCall, 'input' | 'workingDirectory'>,
): string | undefined {
  const { command } = input;
  if (typeof command !== 'string') return undefined;
  const parsed = rules.map(parseRule).filter((rule) => rule?.tool === 'Bash');
  if (parsed.some((rule) => rule?.specifier === undefined)) return command;
  return allowedCommand(
    parsed.map((rule) => rule?.specifier ?? ''),
    command,
    workingDirectory,
  );
}

/**
 * Directories and files outside of the checkout that rules name, as they are written there: what stands before the
 * first wildcard. A rule about the whole machine or the whole home directory names none.
 */
export function namedOutside(rules: readonly string[], homeDirectory?: string): string[] {
  return rules.flatMap((rule) => {
    const { tool, specifier } = parseRule(rule) ?? {};
    if (specifier === undefined || (tool !== 'Read' && tool !== 'Edit')) return [];
    const pattern = absolutePattern(specifier, homeDirectory);
    if (pattern === undefined) return [];
    const segments = pattern.split('/');
    const wild = segments.findIndex((segment) => /[*?[\]!\\]/.test(segment));
    const root = resolve('/', segments.slice(0, wild < 0 ? undefined : wild).join('/'));
    return root === '/' || (homeDirectory !== undefined && isWithin(homeDirectory, root)) ? [] : [root];
  });
}

function isPathAllowed(rules: readonly Rule[], given: string, call: AskedCall): boolean {
  const { name, workingDirectory, homeDirectory } = call;
  const path = resolve(workingDirectory, given);
  const isInside = isWithin(path, workingDirectory);
  const named = isInside ? relative(workingDirectory, path) : path;
  if (given.includes('\0') || isGitData(named) || (changing.has(name) && isProtected(named))) return false;
  if (isInside && reading.has(name)) return true;
  return rules.some(({ tool, specifier }) => {
    // Whoever may change a file may read it.
    if (tool !== 'Edit' && !(tool === 'Read' && reading.has(name))) {
      return tool === name && specifier === undefined && isInside;
    }
    if (specifier === undefined) return isInside;
    const absolute = absolutePattern(specifier, homeDirectory);
    const isDirectory = name !== 'Read' && reading.has(name);
    if (absolute !== undefined) return matches(absolute, relative('/', path), isDirectory);
    if (specifier.startsWith('~/') || !isInside) return false;
    return matches(specifier.replace(/^\.\//, ''), relative(workingDirectory, path), isDirectory);
  });
}

/** From the root of the file system; undefined for a pattern that is about the checkout. */
function absolutePattern(specifier: string, homeDirectory: string | undefined): string | undefined {
  if (specifier.startsWith('//')) return specifier.slice(1);
  if (specifier.startsWith('~/') && homeDirectory !== undefined)
    return join(homeDirectory, specifier.slice(2));
  return undefined;
}

/** As in a .gitignore: a pattern without a slash is about a name at any depth, one for a directory about all in it. */
function matches(pattern: string, path: string, isDirectory: boolean): boolean {
  // No pattern of gitignore is about the root itself.
  if (path === '') return false;
  const rules = ignore({ ignorecase: false }).add(pattern);
  return rules.ignores(path) || (isDirectory && rules.ignores(`${path}/-`));
}

function parseRule(rule: string): Rule | undefined {
  const [, tool, specifier] = /^([A-Za-z]\w*)(?:\((.*)\))?$/s.exec(rule.trim()) ?? [];
  if (tool === undefined) return undefined;
  return { tool, specifier: specifier === '*' || specifier === '**' ? undefined : specifier };
}

/** `mcp__server` and `mcp__server__*` are about every tool of a server. */
function isAboutMcpTool(rule: string, name: string): boolean {
  const about = rule.trim();
  if (!/^mcp__[^*()]+?(?:__[^()]*)?$/.test(about)) return false;
  if (!about.includes('*')) return name === about || name.startsWith(`${about}__`);
  const [start = '', end = '', ...more] = about.split('*');
  if (more.length > 0 || !/^mcp__.+?__/.test(start)) return false;
  return name.length >= start.length + end.length && name.startsWith(start) && name.endsWith(end);
}
