import { type Ask, CommandFlags, type ControlWord, controlWords } from '../core/command.ts';
import type { Problem } from '../core/errors.ts';
import { readAs } from '../core/read-as.ts';

export type ParseResult =
  /** The text does not address Dexter. */
  | { outcome: 'none' }
  | { outcome: 'command'; ask: Ask }
  /** Addressed to Dexter, but not to be obeyed: the answer says why. */
  | { outcome: 'invalid'; problem: Problem };

/** The commands and flags that people may write; the README's table and `@dexter help` are generated from it. */
export const commandDocs = [
  { usage: '<instruction>', does: 'does what the instruction says, in the session of this issue' },
  { usage: 'fresh <instruction>', does: 'the same in a new session' },
  {
    usage: 'plan <what>',
    does: 'answers how it would be done, and changes nothing; `plan` alone plans what the ticket asks',
  },
  { usage: 'status', does: 'says what is running and waiting on this issue' },
  { usage: 'cost', does: 'says what the runs of this issue cost, and what the session saved' },
  { usage: 'stop', does: 'ends what is running and drops what is waiting on this issue' },
  { usage: 'retry', does: 'does the last instruction that did not succeed again' },
  {
    usage: 'forget',
    does: 'removes the session of this issue from all stores; the next instruction starts a new one',
  },
  { usage: 'help', does: 'shows this' },
];

export const flagDocs = [
  { usage: '--model <name>', does: String(CommandFlags.shape.model.meta()?.description) },
  { usage: '--max-budget <dollars>', does: String(CommandFlags.shape.maxBudget.meta()?.description) },
  { usage: '--engine <name>', does: String(CommandFlags.shape.engine.meta()?.description) },
  { usage: '--fresh', does: String(CommandFlags.shape.fresh.meta()?.description) },
];

/**
 * Finds the command in a comment: `@name` at the start of a line that is not quoted (`>`), not in a code
 * fence and not in an HTML comment. The instruction is the rest of the text.
 */
export function parseCommand(text: string, name: string): ParseResult {
  const addressed = textAfterMention(text, name);
  if (addressed === undefined) return { outcome: 'none' };
  const taken = takeFlags(addressed);
  if ('problem' in taken) return { outcome: 'invalid', problem: taken.problem };
  return toAsk(taken.rest, taken.flags);
}

function toAsk(rest: string, flags: CommandFlags): ParseResult {
  const word = withoutEndMarks(rest.toLowerCase()) || 'help';
  if (isControlWord(word) && (word !== 'forget' || standsAlone(rest, flags)))
    return { outcome: 'command', ask: { kind: 'control', word } };
  const fresh = /^fresh\b[\s:,]*/i.exec(rest);
  if (fresh && !flags.fresh) return behind(rest.slice(fresh[0].length), { ...flags, fresh: true }, toAsk);
  const plan = planWord.exec(rest);
  if (plan) return behind(rest.slice(plan[0].length), flags, toPlan);
  return { outcome: 'command', ask: { kind: 'instruction', instruction: rest, flags } };
}

/** A word of its own: `plan.md`, `plan-b` and `planning` are none. */
const planWord = /^plan(?=$|[\s:,!?]|\.(?:\s|$))[\s:,.!?]*/i;

/** What is behind the word is to be planned, whatever it says; `fresh` may stand on either side of it. */
function toPlan(what: string, flags: CommandFlags): ParseResult {
  const fresh = flags.fresh ? null : /^fresh(?:[\s:,]+|$)/i.exec(what);
  if (fresh) return behind(what.slice(fresh[0].length), { ...flags, fresh: true }, toPlan);
  return { outcome: 'command', ask: { kind: 'plan', instruction: what, flags } };
}

/** What stands behind a word such as `plan`, where flags may stand as well. */
function behind(
  text: string,
  flags: CommandFlags,
  read: (rest: string, flags: CommandFlags) => ParseResult,
): ParseResult {
  const taken = takeFlags(text);
  if ('problem' in taken) return { outcome: 'invalid', problem: taken.problem };
  const twice = Object.keys(knownFlags).find((word) => {
    const name = knownFlags[word];
    return name !== undefined && name in flags && name in taken.flags;
  });
  if (twice !== undefined)
    return { outcome: 'invalid', problem: invalidFlag(`\`${twice}\` is given twice.`) };
  return read(taken.rest, { ...flags, ...taken.flags });
}

/** What cannot be undone is not done for a question, nor for a word with more behind it. */
function standsAlone(rest: string, flags: CommandFlags): boolean {
  return !rest.includes('?') && Object.keys(flags).length === 0;
}

/** By hand: an expression anchored at the end is tried at each mark of a long run of them. */
function withoutEndMarks(text: string): string {
  let end = text.length;
  while (end > 0 && '.!?'.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

function isControlWord(word: string): word is ControlWord {
  return controlWords.some((control) => control === word);
}

/** The text after the first mention that counts, or undefined. */
function textAfterMention(text: string, name: string): string | undefined {
  const mention = new RegExp(`^ {0,3}@${literal(name)}(?:\\[bot\\])?(?=[\\s:,]|$)[:,]?`, 'i');
  let fence: Fence | undefined;
  let hidden = false;
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  for (const [index, line] of lines.entries()) {
    if (fence !== undefined) {
      if (closes(line, fence)) fence = undefined;
      continue;
    }
    fence = hidden ? undefined : openedFence(line);
    if (fence !== undefined) continue;
    const found = hidden ? null : mention.exec(line);
    if (found) return [line.slice(found[0].length), ...lines.slice(index + 1)].join('\n').trim();
    hidden = endsHidden(line, hidden);
  }
  return undefined;
}

interface Fence {
  mark: string;
  /** Columns that list markers take up before it: its end may be indented by as many more. */
  indent: number;
}

/** The code fence that the line opens, in a list item as well. https://spec.commonmark.org/0.31.2/#fenced-code-blocks */
function openedFence(line: string): Fence | undefined {
  const found = /^ {0,3}((?:(?:[-*+]|\d{1,9}[.)]) {1,4})*)(`{3,}(?=[^`]*$)|~{3,})/.exec(line);
  return found?.[2] === undefined ? undefined : { mark: found[2], indent: found[1]?.length ?? 0 };
}

function closes(line: string, { mark, indent }: Fence): boolean {
  const found = /^( *)(`+|~+)[ \t]*$/.exec(line);
  return found?.[2]?.startsWith(mark) === true && (found[1]?.length ?? 0) <= indent + 3;
}

/** Whether an HTML comment is open at the end of the line. */
function endsHidden(line: string, hidden: boolean): boolean {
  const opened = line.lastIndexOf('<!--');
  const closed = line.lastIndexOf('-->');
  return opened > closed || (hidden && closed === -1);
}

interface Taken {
  rest: string;
  flags: CommandFlags;
}

const knownFlags: Record<string, keyof CommandFlags> = {
  '--model': 'model',
  '--max-budget': 'maxBudget',
  '--engine': 'engine',
  '--fresh': 'fresh',
};

/**
 * Flags stand before the instruction or at the end of its first line. Elsewhere `--word` belongs to the
 * instruction ("add a --verbose flag to the CLI").
 */
function takeFlags(text: string): Taken | { problem: Problem } {
  const newline = text.indexOf('\n');
  const firstLine = newline === -1 ? text : text.slice(0, newline);
  const others = newline === -1 ? '' : text.slice(newline);
  const words = firstLine.split(/\s+/).filter(Boolean);
  const flags: Record<string, unknown> = {};
  let start = 0;
  while (words[start]?.startsWith('--')) {
    const flag = readFlag(words, start);
    if ('problem' in flag) return flag;
    const problem = put(flags, flag);
    if (problem) return { problem };
    start = flag.next;
  }
  let end = words.length;
  for (let flagAt = trailingFlag(words, start, end); flagAt >= 0; flagAt = trailingFlag(words, start, end)) {
    const flag = readFlag(words, flagAt);
    if ('problem' in flag) return flag;
    if (flag.next < end) break;
    const problem = put(flags, flag);
    if (problem) return { problem };
    end = flagAt;
  }
  const read = readAs(CommandFlags, flags);
  if (read.outcome === 'wrong') {
    const problems = read.mistakes.map(({ path, says }) => {
      const flag = Object.keys(knownFlags).find((name) => knownFlags[name] === path[0]) ?? 'The flag';
      return `\`${flag}\` ${says}`;
    });
    return { problem: invalidFlag(`${problems.join('; ')}.`) };
  }
  const untouched = start === 0 && end === words.length;
  const first = untouched ? firstLine : words.slice(start, end).join(' ');
  return { rest: `${first}${others}`.trim(), flags: read.value };
}

/** Index of a flag that, with its value, ends the line; -1 when the line ends otherwise. */
function trailingFlag(words: string[], start: number, end: number): number {
  for (const at of [end - 1, end - 2]) {
    if (at >= start && /^--[a-z]/.test(words[at] ?? '')) return at;
  }
  return -1;
}

interface ReadFlag {
  name: keyof CommandFlags;
  word: string;
  value: unknown;
  next: number;
}

function readFlag(words: string[], at: number): ReadFlag | { problem: Problem } {
  const [word = '', inline] = (words[at] ?? '').split(/=(.*)/s);
  const name = knownFlags[word];
  if (!name) return { problem: unknownFlag(word) };
  if (name === 'fresh') {
    if (inline !== undefined) return { problem: invalidFlag('`--fresh` takes no value.') };
    return { name, word, value: true, next: at + 1 };
  }
  const value = inline ?? words[at + 1];
  if (value === undefined || value === '' || value.startsWith('--')) {
    return { problem: invalidFlag(`\`${word}\` needs a value.`) };
  }
  return {
    name,
    word,
    value: name === 'maxBudget' ? budgetOf(value) : value,
    next: at + (inline === undefined ? 2 : 1),
  };
}

/** A plain decimal number, with or without a dollar sign; anything else is left for the schema to refuse. */
function budgetOf(value: string): unknown {
  return /^\$?\d+(\.\d+)?$/.test(value) ? Number(value.replace('$', '')) : value;
}

function put(flags: Record<string, unknown>, flag: ReadFlag): Problem | undefined {
  if (flag.name in flags) return invalidFlag(`\`${flag.word}\` is given twice.`);
  flags[flag.name] = flag.value;
  return undefined;
}

const knownList = flagDocs.map((flag) => `\`${flag.usage}\``).join(', ');

function unknownFlag(word: string): Problem {
  return {
    code: 'unknown-flag',
    message: `Dexter does not know the flag \`${word.replaceAll('`', '').slice(0, 40)}\`, so nothing was started.`,
    hint: `Known flags: ${knownList}. If the word belongs to the instruction, put it in backticks or inside the sentence.`,
  };
}

function invalidFlag(message: string): Problem {
  return {
    code: 'invalid-flag',
    message: `${message} Nothing was started.`,
    hint: `Known flags: ${knownList}.`,
  };
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
