import { relative, resolve } from 'node:path';
import { type Command, type PipelineNode, parse, type Redirection, type Word } from 'unbash';
import { isGitData, isWithin } from './paths.ts';

/** Longer ones are scripts. */
const mostCharacters = 10_000;

/** They change what later words of the same line mean, or run what they are given: no rule makes that readable. */
const obscure = new Set([
  ...[
    '.',
    'source',
    'eval',
    'exec',
    'command',
    'builtin',
    'trap',
    'alias',
    'unalias',
    'hash',
    'enable',
    'bind',
  ],
  ...['export', 'declare', 'typeset', 'local', 'readonly', 'unset', 'set', 'shopt', 'let', 'read', 'mapfile'],
  ...[
    'readarray',
    'printf',
    'getopts',
    'pushd',
    'popd',
    'return',
    'exit',
    'logout',
    'coproc',
    'umask',
    'ulimit',
  ],
  // `test -v 'a[$(id)]'` and `wait -p 'a[$(id)]' 1` run `id`; `jobs -x`, `compgen` and `fc` run what they are given.
  ...['test', 'wait', 'jobs', 'compgen', 'complete', 'compopt', 'fc', 'history', 'bg', 'fg', 'disown'],
]);

interface SimpleCommand {
  words: string[];
  /** As it stands in the command: rules are written as people type. */
  text: string;
  /** Without anything that a shell could take for more than it was taken for here. */
  rebuilt: string;
}

/**
 * The command to run where each simple command in it is allowed by one of the rules, else undefined. It is put
 * together anew from what was understood, every word quoted: what runs is what was judged, even where the parser and
 * the shell disagree. What is not a list of plain commands is not understood: substitutions, variables, assignments,
 * redirections to files, here-documents, functions, loops, jobs in the background and line breaks.
 * @param rules what stands in `Bash(…)`: `npm test`, `npm run test *`, `npm run test:*`.
 */
export function allowedCommand(
  rules: readonly string[],
  command: string,
  workingDirectory: string,
): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (command.length > mostCharacters || /[\x00-\x08\x0a-\x1f\x7f\u2028\u2029]/.test(command))
    return undefined;
  const source = command.trim();
  const simple: SimpleCommand[] = [];
  const rebuilt = rebuild(source, simple);
  if (rebuilt === undefined || simple.length === 0) return undefined;
  const isAllowed = simple.every((one, index) =>
    one.words[0] === 'cd'
      ? index === 0 && mayStep(one.words, simple, workingDirectory)
      : isNamed(rules, one.words, one.text),
  );
  return isAllowed ? rebuilt : undefined;
}

function isNamed(rules: readonly string[], words: readonly string[], text: string): boolean {
  const [name = '', duration = ''] = words;
  if (obscure.has(name)) return false;
  if (rules.some((rule) => isAbout(rule, text) || isAbout(rule, plain(words)))) return true;
  // It runs the rest, and not for longer: models like to put it in front.
  const rest = words.slice(2);
  return (
    name === 'timeout' && /^\d+[smh]?$/.test(duration) && rest.length > 0 && isNamed(rules, rest, plain(rest))
  );
}

/**
 * `*` stands for anything, and a space before the last one for the end of a word, which may be the last one as well;
 * `:*` at the end is the older way to write that.
 */
function isAbout(rule: string, text: string): boolean {
  const pattern = rule.trim().replace(/:\*$/, ' *');
  if (pattern === '' || pattern.replaceAll(/[* ]/g, '') === '') return false;
  const [, start, isOpen] = /^(.*?)( \*)?$/s.exec(pattern) ?? [];
  const body = (start ?? '').split('*').map(escaped).join('.*');
  return new RegExp(`^${body}${isOpen === undefined ? '' : '(?: .*)?'}$`, 's').test(text);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}

/**
 * Models like to begin with `cd`. It needs no rule into a directory of the checkout, yet git does there: a directory
 * that looks like a repository can make it run programs.
 */
function mayStep(words: readonly string[], all: readonly SimpleCommand[], workingDirectory: string): boolean {
  const [, target, ...more] = words;
  if (target === undefined || !/^(?!-)[\w@%+=:,. /-]+$/.test(target) || more.length > 0) return false;
  const path = resolve(workingDirectory, target);
  if (target.split('/').includes('..') || !isWithin(path, workingDirectory)) return false;
  if (path === workingDirectory) return true;
  return !isGitData(relative(workingDirectory, path)) && all.every(({ words }) => !runsGit(words));
}

function runsGit(words: readonly string[]): boolean {
  const [name = ''] = words;
  return /\bgit\b/.test(name) || (name === 'timeout' && runsGit(words.slice(2)));
}

/** The directory that a rebuilt command steps into, which may be a link. */
export function steppedInto(rebuilt: string): string | undefined {
  const [, quoted] = /^'cd' ('(?:[^']|'\\'')*')/.exec(rebuilt) ?? [];
  return quoted?.slice(1, -1).replaceAll(`'\\''`, "'");
}

function rebuild(source: string, simple: SimpleCommand[]): string | undefined {
  const script = parse(source);
  const [statement, ...others] = script.commands;
  if ((script.errors?.length ?? 0) > 0 || script.shebang !== undefined || statement === undefined)
    return undefined;
  const parts = [statement, ...others].map(({ command, background }) => {
    if (background) return undefined;
    if (command.type !== 'AndOr') return rebuildPipeline(command, source, simple);
    return joined(
      command.commands.map((part) => rebuildPipeline(part, source, simple)),
      command.operators,
    );
  });
  return joined(
    parts,
    others.map(() => ';'),
  );
}

function rebuildPipeline(node: PipelineNode, source: string, simple: SimpleCommand[]): string | undefined {
  if (node.type === 'Command') return rebuildCommand(node, source, simple);
  if (node.type !== 'Pipeline' || node.prefixes.length > 0) return undefined;
  return joined(
    node.commands.map((part) => (part.type === 'Command' ? rebuildCommand(part, source, simple) : undefined)),
    node.operators,
  );
}

function joined(parts: readonly (string | undefined)[], operators: readonly string[]): string | undefined {
  if (operators.length !== parts.length - 1) return undefined;
  return parts.reduce((whole, part, index) =>
    whole === undefined || part === undefined ? undefined : `${whole} ${operators[index - 1]} ${part}`,
  );
}

function rebuildCommand(command: Command, source: string, simple: SimpleCommand[]): string | undefined {
  const { name, prefix, suffix } = command;
  // A program by its name or path: a name with a wildcard, a space or `=` in it is none that a person would type.
  if (name === undefined || prefix.length > 0 || !/^[\w@%+:,./-]+$/.test(name.value)) return undefined;
  const first = rebuildWord(name);
  if (first === undefined || first !== quoted(name.value)) return undefined;
  const words = [name.value];
  const rebuilt = [first];
  let end = name.end;
  for (const part of suffix) {
    if (part.type === 'Redirect' || part.type === 'HereDoc' || part.type === 'HereString') {
      const redirection = rebuildRedirection(part);
      if (redirection === undefined) return undefined;
      rebuilt.push(redirection);
      continue;
    }
    // `name=value` after a command is a word like another one.
    const word = part.type === 'Assignment' ? plainAssignment(part.text) : rebuildWord(part);
    if (word === undefined) return undefined;
    words.push(part.type === 'Assignment' ? part.text : part.value);
    rebuilt.push(word);
    end = part.end;
  }
  const text = suffix.some(({ type }) => type !== 'Word' && type !== 'Assignment')
    ? plain(words)
    : source.slice(name.pos, end);
  simple.push({ words, text, rebuilt: rebuilt.join(' ') });
  return rebuilt.join(' ');
}

/** Where there is no doubt about where it leads: nowhere, or to the other stream. */
function rebuildRedirection(redirection: Redirection): string | undefined {
  if (redirection.type !== 'Redirect') return undefined;
  const { operator, descriptor, target } = redirection;
  if (descriptor !== undefined && (descriptor.type !== 'FileDescriptor' || descriptor.value > 2))
    return undefined;
  if (target === undefined || rebuildWord(target) !== quoted(target.value)) return undefined;
  const from = descriptor === undefined ? '' : String(descriptor.value);
  if (operator === '>&') return /^[12]$/.test(target.value) ? `${from}>&${target.value}` : undefined;
  if (target.value !== '/dev/null' || operator === '<&' || operator === '<>') return undefined;
  return `${from}${operator}/dev/null`;
}

function plainAssignment(text: string): string | undefined {
  return /^[A-Za-z_]\w*=[\w@%+:,./-]*$/.test(text) ? quoted(text) : undefined;
}

/** Every piece quoted but for wildcards; undefined for what the shell would put something else in the place of. */
function rebuildWord(word: Word): string | undefined {
  if (word.parts === undefined) return isPlain(word.text) ? quoted(word.value) : undefined;
  const pieces = word.parts.map((part, index) => {
    switch (part.type) {
      case 'Literal':
        return isPlain(part.text) && !(index === 0 && part.text.startsWith('~'))
          ? quoted(part.value)
          : undefined;
      case 'SingleQuoted':
        return quoted(part.value);
      case 'DoubleQuoted':
        return part.parts.every(({ type, text }) => type === 'Literal' && !/[`$\\!]/.test(text))
          ? quoted(part.text.slice(1, -1))
          : undefined;
      case 'Glob':
        return part.kind === 'bracket' ? undefined : part.text;
      default:
        return undefined;
    }
  });
  return pieces.every((piece) => piece !== undefined) ? pieces.join('') : undefined;
}

/** Outside of quotes: nothing that means something to a shell. */
function isPlain(text: string): boolean {
  return !/^[~#!]|[\s"'`$\\|&;<>(){}[\]*?]/.test(text);
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/** How a person would type these words. */
function plain(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./^~*?!#-]+$/.test(word) ? word : quoted(word))).join(' ');
}
