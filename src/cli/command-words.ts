import { askedText } from '../core/command.ts';
import type { CommandLine } from '../core/facts.ts';
import { CommandStatus, type Tone, toneOf } from '../core/status.ts';
import type { Colour } from './printer.ts';

/** Longest part of what was asked that a list shows. */
const longestAsk = 60;

/** The state of a command in a word or two. */
export function stateOf({ status, waitsForJira }: Pick<CommandLine, 'status' | 'waitsForJira'>): string {
  return waitsForJira ? 'waiting' : status;
}

/** What was asked, cut to one line. */
export function fewWords({ ask }: Pick<CommandLine, 'ask'>): string {
  if (!ask) return '(not read yet)';
  const [line = ''] = askedText(ask).split('\n');
  return line.length > longestAsk ? `${line.slice(0, longestAsk - 1)}…` : line;
}

const colours: Partial<Record<Tone, Colour>> = {
  active: 'cyan',
  waiting: 'yellow',
  good: 'green',
  bad: 'red',
};

/** Of a state as `stateOf` says it; undefined for what needs none, and for text that is no state. */
export function colourOf(state: string): Colour | undefined {
  const status = CommandStatus.safeParse(state).data;
  const tone = status ? toneOf(status) : state === 'waiting' ? state : 'quiet';
  return colours[tone];
}
