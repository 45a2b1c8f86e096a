import type { CompactionReport, Saving, Usage } from '../core/report.ts';
import type { ResumeChoice, SessionFigures } from '../core/session.ts';
import { type CostFacts, expectedCost, neededShare, rereadRequests } from './expected-cost.ts';
import type { ModelPrices } from './model-prices.ts';

/** What is known of a run when it has ended. All sizes are tokens. */
export interface SavingFacts {
  /** How the run really went on: `fresh` also where it was to resume and could not. */
  choice: ResumeChoice;
  /** The engine came to its own end. */
  isFinished: boolean;
  /** Of all requests of the run. */
  usage: Usage;
  costUsd: number | null;
  compaction?: CompactionReport | undefined;
  /** Requests of the main conversation. */
  requests: number;
  /** What the last of them held; 0 when unknown. */
  contextTokens: number;
  /** The conversation or copy that was brought back, with tools and system prompt; 0 when unknown. */
  restoredTokens: number;
  /** The whole conversation that lay in the archive; 0 when unknown. */
  fullTokens: number;
  /** What the runs before came to; absent for a new session, and for one that an earlier version saved. */
  figures?: SessionFigures | undefined;
  prices?: ModelPrices | undefined;
}

/** What a compaction that was made, or tried, took of this run. */
interface Compaction {
  /** Null when nobody can say. */
  costUsd: number | null;
  tokens: number;
}

/** With these a cost in dollars is a number of input tokens. */
const counting: Omit<ModelPrices, 'model' | 'source' | 'date' | 'minimumCacheableTokens'> = {
  input: 1_000_000,
  output: 0,
  cacheWrite5m: 1_000_000,
  cacheWrite1h: 1_000_000,
  cacheRead: 1_000_000,
};

/**
 * What the session saved in a run. A cold start would have cost what the run cost, less what going on with the session
 * cost (bringing it back, sending it again with each request, the compacted copy), plus what a new start is expected
 * to cost to gather again what is needed of it. In doubt the saving is put lower, or not named: docs/economics.md.
 */
export function savingOf(facts: SavingFacts): Saving {
  const { choice, costUsd, figures, prices, usage } = facts;
  const compaction = compactionOf(facts);
  const tokens = inputTokens(usage);
  if (choice === 'fresh') return newSession(facts, compaction, tokens);
  if (!facts.isFinished)
    return notReckoned('the run did not come to its own end, so nobody knows how far a new session had got');
  const unknown =
    'what the session and its first run came to is not known, as with one that an earlier version saved';
  if (!figures || figures.start.contextTokens <= 0 || facts.restoredTokens <= 0) return notReckoned(unknown);

  const missed = missedTokens(facts);
  const known: Known = { ...facts, figures, missed };
  const ownTokens = Math.max(0, tokens - goingOn(known, counting) - compaction.tokens);
  const baselineTokens = Math.round(ownTokens + gathering(known, counting, Number.POSITIVE_INFINITY));
  const inTokens = { baselineTokens, estimatedTokensSaved: baselineTokens - tokens };
  if (costUsd === null || compaction.costUsd === null || !prices)
    return {
      ...notReckoned(`the prices of the model are not known; tokens are compared all the same`),
      ...inTokens,
    };

  const goingOnCostUsd = Math.min(goingOn(known, prices), Math.max(0, costUsd - compaction.costUsd));
  const gatheringUsd = gathering(known, prices, figures.start.costUsd ?? Number.POSITIVE_INFINITY);
  const baselineCostUsd = Math.max(0, costUsd - compaction.costUsd - goingOnCostUsd) + gatheringUsd;
  return {
    baseline: 'cold-start',
    baselineCostUsd,
    goingOnCostUsd,
    ...inTokens,
    estimatedCostSaved: baselineCostUsd - costUsd,
    method: methodOf(known, compaction.costUsd > 0),
  };
}

interface Known extends SavingFacts {
  figures: SessionFigures;
  /** Tokens of what was brought back that were not in the prompt cache. */
  missed: number;
}

/** Nothing to go on with: but a copy that it made for the next run is a cost that a cold start has not. */
function newSession({ costUsd }: SavingFacts, compaction: Compaction, tokens: number): Saving {
  const baselineTokens = Math.max(0, tokens - compaction.tokens);
  const baselineCostUsd =
    costUsd === null || compaction.costUsd === null ? null : Math.max(0, costUsd - compaction.costUsd);
  return {
    baseline: 'cold-start',
    baselineCostUsd,
    baselineTokens,
    goingOnCostUsd: null,
    estimatedTokensSaved: baselineTokens - tokens,
    estimatedCostSaved: baselineCostUsd === null || costUsd === null ? null : baselineCostUsd - costUsd,
    method:
      compaction.tokens > 0
        ? 'This run was a cold start; only the compacted copy, which it made for the next run, is more than that.'
        : 'This run was a cold start.',
  };
}

function notReckoned(why: string): Saving {
  return {
    baseline: 'cold-start',
    baselineCostUsd: null,
    baselineTokens: null,
    goingOnCostUsd: null,
    estimatedTokensSaved: null,
    estimatedCostSaved: null,
    method: `Not compared with a cold start: ${why}.`,
  };
}

/** A copy that is only appended to, word for word, asks the model for nothing. */
function compactionOf({ compaction, contextTokens }: SavingFacts): Compaction {
  if (!compaction || compaction.outcome === 'appended') return { costUsd: 0, tokens: 0 };
  const { costUsd } = compaction;
  // One that failed without a cost did not get as far as asking.
  const hasAsked = compaction.outcome === 'compacted' || costUsd !== 0;
  return { costUsd, tokens: hasAsked ? contextTokens : 0 };
}

/**
 * How much of what was brought back had to be written to the cache once more. A run writes what is new in its
 * conversation once; whatever it wrote beyond that counts as brought back, also where it was something else.
 */
function missedTokens({ usage, contextTokens, restoredTokens }: SavingFacts): number {
  const added = Math.max(0, contextTokens - restoredTokens);
  return Math.min(restoredTokens, Math.max(0, usage.cacheWriteTokens + usage.inputTokens - added));
}

/** Bringing the conversation back and sending it again with each request, from what was seen of it. */
function goingOn(known: Known, prices: typeof counting): number {
  const facts = costFacts(known, prices);
  if (known.choice === 'compacted') return expectedCost('compacted', facts);
  const share = known.missed / known.restoredTokens;
  const whenMissed = expectedCost('warm', { ...facts, isWarm: false });
  return share * whenMissed + (1 - share) * expectedCost('warm', { ...facts, isWarm: true });
}

/**
 * What a new start is expected to spend on what the session knew. The gathering itself is not put higher than all of
 * the run that began the session.
 */
function gathering(known: Known, prices: typeof counting, most: number): number {
  const facts = costFacts(known, prices);
  const once = expectedCost('fresh', { ...facts, requests: 1 });
  return Math.min(once, most) + (expectedCost('fresh', facts) - once);
}

function costFacts({ choice, figures, usage, ...known }: Known, prices: typeof counting): CostFacts {
  const isCompacted = choice === 'compacted';
  // Those that only read again what the summary left out are none that a cold start would make as well.
  const requests = Math.max(1, isCompacted ? known.requests - rereadRequests : known.requests);
  const write = writePrice(usage, figures, prices);
  return {
    prices: { ...unnamed, ...prices, cacheWrite5m: write, cacheWrite1h: write },
    cacheLife: figures.cacheLife,
    isWarm: false,
    baseTokens: figures.baseTokens,
    fullTokens: isCompacted ? Math.max(known.fullTokens, known.restoredTokens) : known.restoredTokens,
    ...(isCompacted ? { compactedTokens: known.restoredTokens } : {}),
    requests,
    start: figures.start,
  };
}

const unnamed = { model: '', source: '', date: '', minimumCacheableTokens: 0 };

/** What a token cost that was written in this run: the CLI may write for both lives. */
function writePrice(usage: Usage, figures: SessionFigures, prices: typeof counting): number {
  const { cacheWriteTokens: all, cacheWriteHourTokens: hour } = usage;
  if (hour === undefined || all === 0)
    return figures.cacheLife === '1h' ? prices.cacheWrite1h : prices.cacheWrite5m;
  const share = Math.min(1, hour / all);
  return share * prices.cacheWrite1h + (1 - share) * prices.cacheWrite5m;
}

function inputTokens({ inputTokens: input, cacheReadTokens, cacheWriteTokens }: Usage): number {
  return input + cacheReadTokens + cacheWriteTokens;
}

/** Without the amounts: they stand in the report, and whoever shows it adds them up. */
function methodOf({ restoredTokens, missed, choice }: Known, hasCopy: boolean): string {
  const missing =
    choice === 'warm' && missed > 0 ? `, up to ${count(missed)} of them not from the prompt cache` : '';
  const copy = hasCopy ? ' and the compacted copy' : '';
  return `A cold start is estimated as this run without what going on with the session cost it (${count(restoredTokens)} tokens brought back${missing}, and sent with each request)${copy}, but with what a new session would have spent to gather ${Math.round(neededShare * 100)} % of what the first run had gathered.`;
}

function count(tokens: number): string {
  return Math.round(tokens).toLocaleString('en-US');
}
