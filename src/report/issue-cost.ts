import { type Actor, type Ask, askedText } from '../core/command.ts';
import type { CostSum, IssueCost, IssueRun } from '../ledger/costs.ts';
import { codeInCell } from './cells.ts';
import { allTokens, formatCost, formatCount, formatSaved, plural } from './figures.ts';

/** Longest part of an instruction that is shown. */
const longestAsk = 60;
const longestName = 40;

/** How the figures come about, in words for whoever reads them. */
export const costMethod =
  'Saved is against a cold start: what the same run is estimated to cost in a new session, which has to gather anew what the session knew. What going on cost and the compacted copies are counted as costs of the session. Runs that failed or were stopped are not compared.';

/** What an issue cost so far, as Markdown. What people and runners wrote in it is code. */
export function issueCostMarkdown({ total, runs }: IssueCost): string {
  if (total.runs === 0) return 'Nothing has run for this issue yet.';
  const left = total.runs - runs.length;
  return [
    `**${totalLine(total)}**`,
    [
      '| When (UTC) | Who | What | Session | Tokens | Cost | Saved |',
      '| --- | --- | --- | --- | ---: | ---: | ---: |',
      ...(left > 0 ? [`| … | | ${plural(left, 'earlier run')} | | | | |`] : []),
      ...runs.map(runRow),
      `| **All** | | ${plural(total.runs, 'run')} | | **${formatCount(allTokens(total.usage))}** | **${formatCost(total.costUsd)}** | **${total.comparedRuns > 0 ? formatSaved(total.estimatedCostSaved) : 'unknown'}** |`,
    ].join('\n'),
    ...(total.unknownRuns > 0 ? [unknownLine(total)] : []),
    costMethod,
  ].join('\n\n');
}

/** `$0.61 for 4 runs · 58 % less than cold starts`. */
export function totalLine({ runs, costUsd, unknownRuns, ...total }: CostSum): string {
  const all = runs === unknownRuns;
  const cost = all ? 'Unknown cost' : formatCost(costUsd);
  const { baselineCostUsd: baseline, estimatedCostSaved: saved, comparedRuns } = total;
  const percent = baseline > 0 ? Math.round((100 * saved) / baseline) : 0;
  const compared =
    comparedRuns === 0 || percent === 0
      ? ''
      : ` · ${Math.abs(percent)} % ${percent > 0 ? 'less' : 'more'} than cold starts`;
  return `${cost} for ${plural(runs, 'run')}${compared}`;
}

/** Empty when all costs are known. */
export function unknownLine({ unknownRuns: unknown }: CostSum): string {
  if (unknown === 0) return '';
  return `What ${plural(unknown, 'run')} cost is not known (no report came, or no price is known for the model); the sum leaves ${unknown === 1 ? 'it' : 'them'} out.`;
}

function runRow(run: IssueRun): string {
  const cells = [
    run.endedAt.toISOString().slice(0, 16).replace('T', ' '),
    codeInCell(nameOf(run.actor)),
    `${codeInCell(fewWords(run.ask)) || '–'}${howItEnded(run)}`,
    sessionOf(run),
    tokensOf(run),
    formatCost(run.costUsd),
    run.estimatedCostSaved === null ? '–' : formatSaved(run.estimatedCostSaved),
  ];
  return `| ${cells.join(' | ')} |`;
}

export function nameOf(actor: Actor): string {
  switch (actor.from) {
    case 'github':
      return actor.login.slice(0, longestName);
    case 'jira':
      return actor.displayName.slice(0, longestName);
    case 'dexter':
      return actor.name?.slice(0, longestName) ?? 'Dexter';
  }
}

/** The beginning of what was asked. */
export function fewWords(ask: Ask | null): string {
  if (!ask) return '';
  const line = (askedText(ask).split('\n')[0] ?? '').trim();
  return line.length > longestAsk ? `${line.slice(0, longestAsk - 1).toWellFormed()}…` : line;
}

export function howItEnded({ outcome }: Pick<IssueRun, 'outcome'>): string {
  return { done: '', failed: ' (failed)', cancelled: ' (stopped)', lost: ' (no report)' }[outcome];
}

export function sessionOf({ choice, engine }: Pick<IssueRun, 'choice' | 'engine'>): string {
  const session = choice === 'fresh' ? 'new' : (choice ?? '–');
  return engine === 'anthropic-api' ? `${session}, ${engine}` : session;
}

/** Of a run without a report nobody knows them. */
export function tokensOf({ outcome, usage }: Pick<IssueRun, 'outcome' | 'usage'>): string {
  return outcome === 'lost' ? 'unknown' : formatCount(allTokens(usage));
}
