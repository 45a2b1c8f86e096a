import { inlineCode, type NeutraliseOptions, neutralise } from './neutralise.ts';

/** Longest text of somebody else in a cell. */
const longestText = 500;

/** A table of names and values, which are Markdown. */
export function figuresTable(rows: [string, string][]): string {
  return ['| | |', '| --- | --- |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}

/** Neutral text on one line. */
export function oneLine(text: string, longest: number, options: NeutraliseOptions): string {
  return neutralise(text.slice(0, longest).replaceAll(/\s+/g, ' '), options).replaceAll('\n', ' ');
}

/** Neutral text on one line; as an entity a bar ends no cell. */
export function textInCell(text: string, options: NeutraliseOptions): string {
  return oneLine(text, longestText, options).replaceAll('|', '&#124;');
}

/** Text as code on one line, whatever it holds. */
export function codeInCell(text: string): string {
  // A backslash before a pipe would escape the backslash that escapes the pipe. `inlineCode` leaves signs out, so that
  // the two may only meet behind it.
  return inlineCode(text).replaceAll('\\|', '\\ |').replaceAll('|', '\\|');
}
