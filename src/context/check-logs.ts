import { fenced } from '../core/fenced.ts';
import { redact } from '../core/redact.ts';
import { counted, endOf, oneLine } from './cut.ts';

/** The ends of the logs of failing jobs of GitHub Actions. */
export interface CheckLogs {
  jobs: JobLog[];
  /** How many more jobs failed. */
  more: number;
  /** Why some or all of it is missing, a sentence each. */
  notices: string[];
}

export interface JobLog {
  name: string;
  workflow: string;
  conclusion: string;
  url: string;
  /** The last lines up to the last error, oldest first, without secrets, times and colours. */
  lines: string[];
}

const mostLines = 60;
const longestLine = 500;
/** Characters of the end of one log. */
const longestLog = 5_000;

/** The logs as Markdown; empty when there is nothing to say. What they hold is data. */
export function renderCheckLogs({ jobs, more, notices }: CheckLogs): string {
  return [
    ...jobs.map(({ name, workflow, conclusion, url, lines }) => {
      const heading = `## End of the log of ${oneLine(workflow)} / ${oneLine(name)} (${oneLine(conclusion)})`;
      return `${heading}\n\n${url === '' ? '' : `Link: ${oneLine(url, 500)}\n\n`}${fenced(endOf(lines.join('\n'), longestLog), 'text')}`;
    }),
    ...(more > 0
      ? [
          `(The ${more === 1 ? 'log of one more failing job is' : `logs of ${more} more failing jobs are`} left out)`,
        ]
      : []),
    ...notices.map((notice) => `(${notice})`),
  ].join('\n\n');
}

/**
 * The lines of a job's raw log that say why it failed: the last ones up to the last error, because what follows that
 * is the runner's tidying up. `isCut` says that the text does not begin with a line's beginning.
 */
export function lastLines(
  raw: string,
  secrets: readonly string[],
  { isCut = false, most = mostLines }: { isCut?: boolean; most?: number } = {},
): string[] {
  const whole = isCut ? raw.slice(raw.indexOf('\n') + 1) : raw;
  // Before lines are chosen and cut: a secret may stretch over several of them.
  const clean = redact(whole.split('\n').map(plainLine).join('\n'), secrets);
  const all = clean.split('\n');
  while (all.at(-1)?.trim() === '') all.pop();
  const lastError = all.findLastIndex((line) => line.includes('##[error]'));
  const end = lastError < 0 ? all.length : lastError + 1;
  const chosen = all.slice(Math.max(0, end - most), end);
  const left = Math.max(0, end - most);
  return [
    ...(left > 0 || isCut
      ? [`(${isCut ? 'earlier lines are' : counted(left, 'earlier line is', 'earlier lines are')} left out)`]
      : []),
    ...chosen.map((line) =>
      line.length <= longestLine ? line : `${line.slice(0, longestLine).toWellFormed()}…`,
    ),
  ];
}

/** Colours and other sequences for a terminal: CSI, OSC up to its end, and single ones. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const terminal = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
const timestamp = /^\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z ?/;

function plainLine(line: string): string {
  const text = line.replace(timestamp, '').replaceAll(terminal, '').replace(/\r+$/, '');
  // What a progress bar wrote over itself is gone from the screen as well.
  const last = text.slice(text.lastIndexOf('\r') + 1);
  return last.replaceAll(/[^\P{Cc}\t]/gu, '').replace(/^##\[(?:group|endgroup)\]/, '');
}
