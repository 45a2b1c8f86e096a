import { AppError } from '../core/errors.ts';
import type { CostGroup, CostSum, GroupCost } from '../ledger/costs.ts';
import type { Facts } from '../ledger/facts.ts';
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
import { plain, plainJson } from './plain-text.ts';
import { type Printer, printerFor } from './printer.ts';
import type { Look, Terminal } from './terminal.ts';

interface Shown extends Look {
  json: boolean;
}

const dayMs = 24 * 60 * 60_000;

/** `dexter cost <issue key>`: each run, and all of them. */
export async function showCost(
  facts: Facts,
  issue: { issueKey: string; repositoryId?: number | undefined },
  { json, ...look }: Shown,
  terminal: Terminal,
): Promise<number> {
  const { total, runs } = await facts.costOfIssue(issue);
  if (total.runs === 0) {
    const meant = await keyMeant(facts, issue);
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
  printSums(page, head, [...rows, last], head.indexOf('SESSION'));
  printNotes(page, total);
  return 0;
}

/** The same key in the letters of JIRA or of an issue on GitHub, where something has run for that. */
async function keyMeant(
  facts: Facts,
  issue: Parameters<Facts['costOfIssue']>[0],
): Promise<string | undefined> {
  const { issueKey } = issue;
  for (const other of [issueKey.toUpperCase(), issueKey.toLowerCase()]) {
    if (other === issueKey) continue;
    const { total } = await facts.costOfIssue({ ...issue, issueKey: other });
    if (total.runs > 0) return other;
  }
  return undefined;
}

/** `dexter cost`: the sums of all runs by day, repository or person. */
export async function showCosts(
  facts: Facts,
  { by, days, json, ...look }: Shown & { by: CostGroup; days: number },
  terminal: Terminal,
): Promise<number> {
  const since = new Date(terminal.now().getTime() - days * dayMs);
  const sums: GroupCost[] = [];
  let after: string | undefined;
  do {
    const read = await facts.costsBy(by, since, after);
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
  printSums(page, [by.toUpperCase(), 'RUNS', ...figureHeads], [...rows, last], 1);
  printNotes(page, total);
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

/** The last line is the sum; figures stand at the right of their columns. */
function printSums(page: Printer, head: string[], rows: string[][], foldAt: number): void {
  const figures = figureHeads.length + (head.includes('RUNS') ? 1 : 0);
  page.table(head, rows, { foldAt, figures, boldLast: true });
}

function printNotes(page: Printer, total: CostSum): void {
  page.text('');
  for (const note of [unknownLine(total), costMethod]) if (note !== '') page.text(note);
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
