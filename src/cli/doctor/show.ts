import { styleText } from 'node:util';
import { plain, wrapped } from '../plain-text.ts';
import type { CheckResult, DoctorReport } from './report.ts';
import type { Level } from './verdict.ts';

export interface Look {
  /** Whether colours are understood and wanted. */
  colours: boolean;
  /** Columns of the terminal; undefined leaves lines as long as they are, for a file or a pipe. */
  width: number | undefined;
}

const marks: Record<Level, { sign: string; colour: Parameters<typeof styleText>[0] }> = {
  ok: { sign: '✓', colour: 'green' },
  warning: { sign: '!', colour: 'yellow' },
  failed: { sign: '✗', colour: 'red' },
  skipped: { sign: '–', colour: 'gray' },
};

/** Longer lines are hard to read, however wide the terminal is. */
const widest = 120;
const narrowest = 60;

/** Shows results one by one, under a heading for each thing that is looked at. */
export function resultPrinter(
  titles: readonly string[],
  { colours, width }: Look,
  print: (line: string) => void,
) {
  const column = Math.max(...titles.map((title) => title.length));
  const indent = ' '.repeat(column + 6);
  const room = width === undefined ? Number.POSITIVE_INFINITY : Math.min(Math.max(width, narrowest), widest);
  const paint = (colour: Parameters<typeof styleText>[0], text: string) =>
    colours ? styleText(colour, text, { validateStream: false }) : text;
  let heading: string | undefined;

  return (result: CheckResult): void => {
    const under = headingOf(result);
    if (under !== heading) {
      if (heading !== undefined) print('');
      print(paint('bold', plain(under)));
      heading = under;
    }
    const { sign, colour } = marks[result.level];
    const isQuiet = result.level === 'ok' || result.level === 'skipped';
    const lines = wrapped(result.message, room - indent.length);
    const [first = '', ...others] =
      isQuiet && result.level === 'skipped' ? lines.map((line) => paint('gray', line)) : lines;
    print(`  ${paint(colour, sign)} ${result.title.padEnd(column)}  ${first}`.trimEnd());
    for (const line of others) print(`${indent}${line}`);
    if (result.fix === null) return;
    const fix = wrapped(result.fix, room - indent.length - 2);
    fix.forEach((line, at) => {
      print(`${indent}${at === 0 ? paint('cyan', '→') : ' '} ${line}`);
    });
  };
}

/** The last lines: what was left out, and how many of each. */
export function summary({ counts, leftOut }: DoctorReport, { colours }: Pick<Look, 'colours'>): string[] {
  const of = (level: Level, words: string) =>
    counts[level] === 0
      ? []
      : [
          colours
            ? styleText(marks[level].colour, `${counts[level]} ${words}`, { validateStream: false })
            : `${counts[level]} ${words}`,
        ];
  const told = [
    ...of('failed', 'failed'),
    ...of('warning', counts.warning === 1 ? 'warning' : 'warnings'),
    ...of('ok', 'ok'),
    ...of('skipped', 'skipped'),
  ];
  return [...leftOut.map((what) => `Left out: ${plain(what)}`), `${told.join(', ')}.`];
}

function headingOf({ area, subject }: CheckResult): string {
  switch (area) {
    case 'app':
      return 'App';
    case 'jira':
      return `JIRA ${subject}`;
    case 'repository':
      return `Repository ${subject}`;
  }
}
