import { createInterface } from 'node:readline/promises';
import type { Environment } from '../config.ts';

/** What a subcommand knows of the world: a test gives it another one. */
export interface Terminal {
  env: Environment;
  now: () => Date;
  /** A line of what was asked for, on standard output. */
  print: (line: string) => void;
  /** A line for the person, on standard error: it is not part of the answer. */
  tell: (line: string) => void;
  /** Asks a question to be answered with yes or no; absent where nobody can answer. */
  ask?: (question: string) => Promise<boolean>;
}

/** How output may look. */
export interface Look {
  colours: boolean;
  /** Columns of the terminal; undefined leaves lines as long as they are, for a file or a pipe. */
  width?: number | undefined;
}

/** What standard output of this process may look like. https://no-color.org */
export function lookOf({ env }: Pick<Terminal, 'env'>): Look {
  const isTerminal = process.stdout.isTTY === true;
  return { colours: isTerminal && !env.NO_COLOR, width: isTerminal ? process.stdout.columns : undefined };
}

/** Runs a subcommand where Node.js is new enough; it answers with the exit code. */
export type Run = (command: (terminal: Terminal) => Promise<number>) => Promise<void>;

/** The terminal that this process was started from. */
export function processTerminal(env: Environment): Terminal {
  const isAnswered = process.stdin.isTTY && process.stderr.isTTY;
  return {
    env,
    now: () => new Date(),
    print: (line) => console.log(line),
    tell: (line) => console.error(line),
    ...(isAnswered ? { ask } : {}),
  };
}

/** Everything but a clear yes is a no, the end of the input too. */
async function ask(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `), ended]);
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
