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
import { plain, plainJson, table } from './plain-text.ts';
import type { Terminal } from './terminal.ts';

interface Shown {
  json: boolean;
  colours: boolean;
}

/** More runs than an issue has. */
const mostRuns = 1_000;

/** Sums that are read at once. */
const pageSize = 200;

const dayMs = 24 * 60 * 60_000;

/** `dexter cost <issue key>`: each run, and all of them. */
export async function showCost(
  db: Db,
  issue: { issueKey: string; repositoryId?: number | undefined },
  { json, colours }: Shown,
  terminal: Terminal,
): Promise<number> {
  const { total, runs } = await costOfIssue(db, issue, mostRuns);
  if (total.runs === 0) {
    throw new AppError('input-invalid', {
      message: `Nothing has run for ${plain(issue.issueKey)}.`,
      hint: 'Give the key as the app files it: that of the JIRA ticket, or gh-<repository id>-<number>. `dexter cost --by repository` shows where something ran.',
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
  const bold = boldWhere(colours);
  terminal.print(bold(plain(`${issue.issueKey} in ${repositories.join(', ')}`)));
  terminal.print(totalLine(total));
  terminal.print('');
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
  printTable(head, [...rows, last], { terminal, bold });
  printNotes(total, terminal);
  return 0;
}

/** `dexter cost`: the sums of all runs by day, repository or person. */
export async function showCosts(
  db: Db,
  { by, days, json, colours }: Shown & { by: CostGroup; days: number },
  terminal: Terminal,
): Promise<number> {
  const since = new Date(terminal.now().getTime() - days * dayMs);
  const sums: GroupCost[] = [];
  let after: string | undefined;
  do {
    const page = await costsBy(db, by, { since }, { after, limit: pageSize });
    sums.push(...page.sums);
    after = page.next;
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
  terminal.print(`${totalLine(total)} in the last ${plural(days, 'day')}`);
  terminal.print('');
  const rows = sums.map((sum) => [sum.name, formatCount(sum.runs), ...figuresOf(sum)]);
  const last = ['All', formatCount(total.runs), ...figuresOf(total)];
  const bold = boldWhere(colours);
  printTable([by.toUpperCase(), 'RUNS', ...figureHeads], [...rows, last], { terminal, bold });
  printNotes(total, terminal);
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

/** The first line is the head, the last one the sum; figures stand at the right of their columns. */
function printTable(
  head: string[],
  rows: string[][],
  { terminal, bold }: { terminal: Terminal; bold: (line: string) => string },
): void {
  const all = [head, ...rows];
  const firstFigure = head.length - figureHeads.length - (head.includes('RUNS') ? 1 : 0);
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const [first = [], ...others] = all.map((row) =>
    row.map((cell, column) => (column >= firstFigure ? cell.padStart(widths[column] ?? 0) : cell)),
  );
  const lines = table(first, others);
  for (const [index, line] of lines.entries())
    terminal.print(index === 0 || index === lines.length - 1 ? bold(line) : line);
}

function printNotes(total: CostSum, terminal: Terminal): void {
  terminal.print('');
  for (const note of [unknownLine(total), costMethod]) if (note !== '') terminal.print(note);
}

function boldWhere(colours: boolean): (line: string) => string {
  return (line) => (colours ? styleText('bold', line, { validateStream: false }) : line);
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
