import { styleText } from 'node:util';
import { AppError } from '../core/errors.ts';
import type { Db } from '../ledger/commands.ts';
import { type CostGroup, type CostSum, costOfIssue, costsBy, type GroupCost } from '../ledger/costs.ts';
import { allTokens, formatCost, formatCount, formatSaved, plural } from '../report/figures.ts';
import {
  costMethod,
  fewWords,
  howItEnded,
  nameOf,
  sessionOf,
  tokensOf,
  totalLine,
  unknownLine,
} from '../report/issue-cost.ts';
import { plain, plainJson, tableFor, wrapped } from './plain-text.ts';
import type { Terminal } from './terminal.ts';

interface Shown {
  json: boolean;
  colours: boolean;
  /** Columns of the terminal; undefined leaves lines as long as they are, for a file or a pipe. */
  width?: number | undefined;
}

/** A terminal that says it is narrower folds the lines itself. */
const narrowest = 40;

/** More runs than an issue has. */
const mostRuns = 1_000;

/** Sums that are read at once. */
const pageSize = 200;

const dayMs = 24 * 60 * 60_000;

/** `dexter cost <issue key>`: each run, and all of them. */
export async function showCost(
  db: Db,
  issue: { issueKey: string; repositoryId?: number | undefined },
  { json, ...look }: Shown,
  terminal: Terminal,
): Promise<number> {
  const { total, runs } = await costOfIssue(db, issue, mostRuns);
  if (total.runs === 0) {
    const meant = await keyMeant(db, issue);
    throw new AppError('input-invalid', {
      message: `Nothing has run for ${plain(issue.issueKey)}.`,
      hint:
        meant === undefined
          ? 'Give the key as the app files it: that of the JIRA ticket, or gh-<repository id>-<number>. `dexter cost --by repository` shows where something ran.'
          : `Something has for ${plain(meant)}: \`dexter cost ${plain(meant)}\`.`,
    });
  }
  if (json) {
    terminal.print(
      plainJson({ issueKey: issue.issueKey, baseline: 'cold-start', method: costMethod, total, runs }),
    );
    return 0;
  }
  const repositories = [...new Set(runs.map(({ repository }) => repository))];
  const isOne = repositories.length === 1;
  const page = printerFor(look, terminal);
  page.heading(plain(`${issue.issueKey} in ${repositories.join(', ')}`));
  page.text(totalLine(total));
  page.text('');
  const rows = runs.map((run) => [
    run.endedAt.toISOString().slice(0, 16).replace('T', ' '),
    ...(isOne ? [] : [run.repository]),
    nameOf(run.actor),
    `${fewWords(run.ask)}${howItEnded(run)}`,
    sessionOf(run),
    tokensOf(run),
    formatCost(run.costUsd),
    run.estimatedCostSaved === null ? '–' : formatSaved(run.estimatedCostSaved),
  ]);
  const head = ['WHEN (UTC)', ...(isOne ? [] : ['REPOSITORY']), 'WHO', 'WHAT', 'SESSION', ...figureHeads];
  const last = ['All', ...(isOne ? [] : ['']), '', plural(total.runs, 'run'), '', ...figuresOf(total)];
  page.table(head, [...rows, last], head.indexOf('SESSION'));
  page.notes(total);
  return 0;
}

/** The same key in the letters of JIRA or of an issue on GitHub, where something has run for that. */
async function keyMeant(db: Db, issue: Parameters<typeof costOfIssue>[1]): Promise<string | undefined> {
  const { issueKey } = issue;
  for (const other of [issueKey.toUpperCase(), issueKey.toLowerCase()]) {
    if (other === issueKey) continue;
    const { total } = await costOfIssue(db, { ...issue, issueKey: other }, 1);
    if (total.runs > 0) return other;
  }
  return undefined;
}

/** `dexter cost`: the sums of all runs by day, repository or person. */
export async function showCosts(
  db: Db,
  { by, days, json, ...look }: Shown & { by: CostGroup; days: number },
  terminal: Terminal,
): Promise<number> {
  const since = new Date(terminal.now().getTime() - days * dayMs);
  const sums: GroupCost[] = [];
  let after: string | undefined;
  do {
    const read = await costsBy(db, by, { since }, { after, limit: pageSize });
    sums.push(...read.sums);
    after = read.next;
  } while (after !== undefined);
  if (json) {
    terminal.print(plainJson({ since, by, baseline: 'cold-start', method: costMethod, sums }));
    return 0;
  }
  if (sums.length === 0) {
    terminal.tell(`Nothing has run in the last ${plural(days, 'day')}.`);
    return 0;
  }
  const total = sums.reduce(add);
  const page = printerFor(look, terminal);
  page.text(`${totalLine(total)} in the last ${plural(days, 'day')}`);
  page.text('');
  const rows = sums.map((sum) => [sum.name, formatCount(sum.runs), ...figuresOf(sum)]);
  const last = ['All', formatCount(total.runs), ...figuresOf(total)];
  page.table([by.toUpperCase(), 'RUNS', ...figureHeads], [...rows, last], 1);
  page.notes(total);
  return 0;
}

const figureHeads = ['TOKENS', 'COST', 'SAVED'];

function figuresOf(sum: CostSum): string[] {
  return [
    formatCount(allTokens(sum.usage)),
    sum.runs === sum.unknownRuns ? 'unknown' : formatCost(sum.costUsd),
    sum.comparedRuns === 0 ? '–' : formatSaved(sum.estimatedCostSaved),
  ];
}

/** Prints what fits into the width of the terminal. */
function printerFor({ colours, width }: Pick<Shown, 'colours' | 'width'>, { print }: Terminal) {
  const room = width ? Math.max(width, narrowest) : Number.POSITIVE_INFINITY;
  const bold = (line: string) => (colours ? styleText('bold', line, { validateStream: false }) : line);
  const linesOf = (text: string) => (text === '' ? [''] : wrapped(text, room));
  const text = (line: string): void => {
    for (const part of linesOf(line)) print(part);
  };
  return {
    heading(line: string): void {
      for (const part of linesOf(line)) print(bold(part));
    },
    text,
    /** The first line is the head, the last one the sum; figures stand at the right of their columns. */
    table(head: string[], rows: string[][], foldAt: number): void {
      const all = [head, ...rows];
      const firstFigure = head.length - figureHeads.length - (head.includes('RUNS') ? 1 : 0);
      const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
      const [first = [], ...others] = all.map((row) =>
        row.map((cell, column) => (column >= firstFigure ? cell.padStart(widths[column] ?? 0) : cell)),
      );
      for (const [index, lines] of tableFor({ room, foldAt }, first, others).entries()) {
        const isBold = index === 0 || index === rows.length;
        for (const line of lines) print(isBold ? bold(line) : line);
      }
    },
    notes(total: CostSum): void {
      text('');
      for (const note of [unknownLine(total), costMethod]) if (note !== '') text(note);
    },
  };
}

function add(one: GroupCost, other: GroupCost): GroupCost {
  return {
    key: '',
    name: '',
    runs: one.runs + other.runs,
    unknownRuns: one.unknownRuns + other.unknownRuns,
    costUsd: one.costUsd + other.costUsd,
    usage: {
      inputTokens: one.usage.inputTokens + other.usage.inputTokens,
      cacheReadTokens: one.usage.cacheReadTokens + other.usage.cacheReadTokens,
      cacheWriteTokens: one.usage.cacheWriteTokens + other.usage.cacheWriteTokens,
      cacheWriteHourTokens: one.usage.cacheWriteHourTokens + other.usage.cacheWriteHourTokens,
      outputTokens: one.usage.outputTokens + other.usage.outputTokens,
    },
    comparedRuns: one.comparedRuns + other.comparedRuns,
    baselineCostUsd: one.baselineCostUsd + other.baselineCostUsd,
    estimatedCostSaved: one.estimatedCostSaved + other.estimatedCostSaved,
    estimatedTokensSaved: one.estimatedTokensSaved + other.estimatedTokensSaved,
  };
}
