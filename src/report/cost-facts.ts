import type { Report, Saving } from '../core/report.ts';
import {
  allTokens,
  costDigits,
  formatCost,
  formatCount,
  formatSaved,
  formatSession,
  formatUsage,
} from './figures.ts';

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
      ...costRows(report),
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

/** All amounts have the same number of digits, so that what the cold start is made of can be added up. */
function costRows(report: Reported): [string, string][] {
  const { session, costUsd } = report;
  const isContinued = session !== undefined && session.mode !== 'fresh';
  const saving = isContinued ? report.saving : undefined;
  const expectedUsd = isContinued ? expectedCost(session) : null;
  const copyUsd = copyCost(session);
  const spentUsd = saving?.goingOnCostUsd ?? null;
  const digits = costDigits([
    costUsd,
    copyUsd,
    spentUsd,
    expectedUsd,
    saving?.baselineCostUsd ?? null,
    saving?.estimatedCostSaved ?? null,
  ]);
  const dollars = (usd: number) => formatCost(usd, digits);
  const goingOn = [
    ...(spentUsd === null ? [] : [`${dollars(spentUsd)} of that`]),
    ...(expectedUsd === null ? [] : [`${dollars(expectedUsd)} was expected before the run`]),
  ];
  return [
    ['Cost', costWithCopy(report, copyUsd, dollars)],
    ...(goingOn.length === 0 ? [] : [['Going on with it', goingOn.join('; ')] as [string, string]]),
    ...(saving ? coldStartRows(saving, { costUsd, copyUsd }, digits) : []),
  ];
}

/** What the run spent on a compacted copy; one that is only appended to costs nothing. */
function copyCost(session: Report['session']): number {
  const copy = session?.compaction;
  return copy && copy.outcome !== 'appended' ? (copy.costUsd ?? 0) : 0;
}

function costWithCopy(
  { session, costUsd }: Reported,
  copyUsd: number,
  dollars: (usd: number) => string,
): string {
  if (costUsd === null) return 'unknown';
  if (copyUsd === 0) return dollars(costUsd);
  const isFailed = session?.compaction?.outcome === 'failed';
  const what = isFailed ? 'a compacted copy that failed' : 'the compacted copy for the next run';
  return `${dollars(costUsd)}, of which ${dollars(copyUsd)} for ${what}`;
}

/** Before the run, of the way that it went on. */
function expectedCost({ resumption }: NonNullable<Report['session']>): number | null {
  if (!resumption || resumption.choice === 'fresh') return null;
  return resumption.expectedUsd[resumption.choice];
}

/** The baseline with the sum that it comes from, and what is left of it. */
function coldStartRows(
  saving: Saving,
  run: { costUsd: number | null; copyUsd: number },
  digits: number,
): [string, string][] {
  const { estimatedCostSaved: savedUsd, baselineTokens, estimatedTokensSaved: savedTokens } = saving;
  const tokens = (count: number) => `${count < 0 ? '−' : ''}${formatCount(Math.abs(count))} input tokens`;
  const rows: [string, string[]][] = [
    ['Cold start, estimated', [...baselineSum(saving, run, digits), ...some(baselineTokens, tokens)]],
    ['Saved', [...some(savedUsd, (usd) => formatSaved(usd, digits)), ...some(savedTokens, tokens)]],
  ];
  return rows.flatMap(([name, parts]) => (parts.length === 0 ? [] : [[name, parts.join(' · ')]]));
}

function some(value: number | null, shown: (value: number) => string): string[] {
  return value === null ? [] : [shown(value)];
}

/** `$0.39 ($0.11 − $0.06 going on + $0.34 gathering anew)`; the last part is rounded so that the sum is right. */
function baselineSum(
  { baselineCostUsd, goingOnCostUsd }: Saving,
  { costUsd, copyUsd }: { costUsd: number | null; copyUsd: number },
  digits: number,
): string[] {
  if (baselineCostUsd === null) return [];
  const dollars = (usd: number) => formatCost(usd, digits);
  if (costUsd === null || goingOnCostUsd === null) return [dollars(baselineCostUsd)];
  const rounded = (usd: number) => Number(usd.toFixed(digits));
  const without = rounded(costUsd) - rounded(goingOnCostUsd) - rounded(copyUsd);
  const gatheringUsd = Math.max(0, rounded(rounded(baselineCostUsd) - without));
  const copy = copyUsd > 0 ? ` − ${dollars(copyUsd)} compacted copy` : '';
  return [
    `${dollars(baselineCostUsd)} (${dollars(costUsd)} − ${dollars(goingOnCostUsd)} going on${copy} + ${dollars(gatheringUsd)} gathering anew)`,
  ];
}
