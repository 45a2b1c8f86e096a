import type { Report, Saving } from '../core/report.ts';
import { allTokens, formatCost, formatCount, formatSession, formatUsage } from './figures.ts';

/** What a run cost and saved, in words: plain text, of which the reason and the method are the runner's. */
export interface CostFacts {
  /** `Resumed (compacted, 3 h old) · $0.11 · 71 % less than a cold start`; empty when the model was asked nothing. */
  headline: string;
  /** Names and values, in their order. */
  rows: [name: string, value: string][];
  /** How the comparison was reckoned; empty when there is none. */
  method: string;
}

type Reported = Pick<Report, 'engine' | 'session' | 'usage' | 'costUsd' | 'saving'>;

export function costFacts(report: Reported): CostFacts {
  const { session, saving, usage } = report;
  return {
    headline: headline(report),
    rows: [
      ['Session', sessionWithReason(session)],
      ...engineRow(report),
      ['Tokens', formatUsage(usage)],
      ['Cost', costWithCompaction(report)],
      ...goingOnRow(report),
      ...coldStartRow(report),
    ],
    method: session && saving ? saving.method : '',
  };
}

/** The CLI is what everybody expects. */
function engineRow({ engine, session }: Reported): [string, string][] {
  if (engine === undefined || engine === 'claude-code') return [];
  return [['Engine', `${engine} ${session?.engineVersion ?? ''}`.trim()]];
}

function headline({ session, usage, costUsd, saving }: Reported): string {
  const tokens = allTokens(usage);
  const spent = costUsd === null ? (tokens > 0 ? `${formatCount(tokens)} tokens` : '') : formatCost(costUsd);
  if (!session) return costUsd === 0 ? '' : spent;
  const how = session.mode === 'fresh' ? 'new session' : formatSession(session);
  const compared = session.mode === 'fresh' || !saving ? '' : comparison(saving);
  const parts = [how, spent, compared].filter((part) => part !== '').join(' · ');
  return `${parts.charAt(0).toUpperCase()}${parts.slice(1)}`;
}

/** `71 % less than a cold start`; of tokens where the money is not known. Empty when there is nothing to compare. */
export function comparison({
  baselineCostUsd,
  estimatedCostSaved,
  baselineTokens,
  estimatedTokensSaved,
}: Pick<
  Saving,
  'baselineCostUsd' | 'estimatedCostSaved' | 'baselineTokens' | 'estimatedTokensSaved'
>): string {
  if (baselineCostUsd !== null && estimatedCostSaved !== null)
    return compare(estimatedCostSaved, baselineCostUsd, { less: 'less', more: 'more' });
  if (baselineTokens !== null && estimatedTokensSaved !== null)
    return compare(estimatedTokensSaved, baselineTokens, { less: 'fewer tokens', more: 'more tokens' });
  return '';
}

function compare(saved: number, baseline: number, words: { less: string; more: string }): string {
  if (baseline <= 0) return '';
  const percent = Math.round((100 * saved) / baseline);
  if (percent === 0) return 'about as much as a cold start';
  // Nothing that cost something was free.
  const shown = percent > 0 ? Math.min(99, percent) : -percent;
  return `${formatCount(shown)} % ${percent > 0 ? words.less : words.more} than a cold start`;
}

function sessionWithReason(session: Report['session']): string {
  const reason = session?.resumption?.reason ?? '';
  if (!session || reason === '') return formatSession(session);
  return `${session.mode === 'fresh' ? 'new' : session.resumption?.choice} · ${reason}`;
}

function costWithCompaction({ session, costUsd }: Reported): string {
  const copy = session?.compaction;
  const cost = formatCost(costUsd);
  if (!copy || copy.outcome === 'appended' || costUsd === null || !copy.costUsd) return cost;
  const what =
    copy.outcome === 'failed' ? 'a compacted copy that failed' : 'the compacted copy for the next run';
  return `${cost}, of which ${formatCost(copy.costUsd)} for ${what}`;
}

/** What was expected of the ways to go on, beside what the one that was taken came to. */
function goingOnRow({ session, saving }: Reported): [string, string][] {
  const { resumption } = session ?? {};
  if (!resumption || session?.mode === 'fresh' || resumption.choice === 'fresh') return [];
  const { choice, expectedUsd } = resumption;
  const expected = expectedUsd[choice];
  const spent = saving?.goingOnCostUsd ?? null;
  if (expected === null) return [];
  const others = (
    [
      ['the whole conversation', 'warm'],
      ['the compacted copy', 'compacted'],
      ['a new session', 'fresh'],
    ] as const
  ).flatMap(([name, way]) => {
    const usd = expectedUsd[way];
    return way === choice || usd === null ? [] : [`${name} ${formatCost(usd)}`];
  });
  const real = spent === null ? '' : `${formatCost(spent)}, `;
  const instead = others.length === 0 ? '' : `; instead ${others.join(', ')}`;
  return [['Going on with it', `${real}expected ${formatCost(expected)}${instead}`]];
}

function coldStartRow({ session, saving }: Reported): [string, string][] {
  if (!session || session.mode === 'fresh' || !saving) return [];
  const { baselineCostUsd: usd, estimatedCostSaved: saved, baselineTokens, estimatedTokensSaved } = saving;
  const tokens =
    baselineTokens === null || estimatedTokensSaved === null
      ? ''
      : `${formatCount(baselineTokens)} input tokens, ${lessOrMore(estimatedTokensSaved, formatCount)}`;
  const money = usd === null || saved === null ? '' : `${formatCost(usd)}, ${lessOrMore(saved, formatCost)}`;
  const parts = [money, tokens].filter((part) => part !== '');
  return parts.length === 0 ? [] : [['Cold start, estimated', parts.join(' · ')]];
}

function lessOrMore(saved: number, format: (amount: number) => string): string {
  return saved < 0 ? `this run took ${format(-saved)} more` : `${format(saved)} saved`;
}
