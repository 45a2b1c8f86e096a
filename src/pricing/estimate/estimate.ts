import { cheapestWay } from '../cheapest-way.ts';
import { compactionCost } from '../compaction-cost.ts';
import type { ModelPrices } from '../model-prices.ts';
import { storageCost } from '../storage-prices.ts';
import type { Gap } from './gaps.ts';
import type { NoteParameters } from './note-parameters.ts';
import { asPublished, exact, type NoteStorage, type NoteTables, noteTables } from './note-tables.ts';
import {
  isWarmAfter,
  late,
  lateShareForCopies,
  type PickWay,
  type SessionParameters,
  type Strategy,
  strategies,
  type TicketCost,
  ticketCost,
} from './ticket-cost.ts';

export interface EstimateParameters extends NoteParameters, SessionParameters {
  /** A sealed archive of a session, both transcripts in it. */
  archiveMb: number;
}

/** Expected cost of a follow-up, its copies included, and what it is of that of a new start. */
export interface FollowUpCost {
  usd: number;
  /** Null where a new start costs nothing. */
  shareOfCold: number | null;
}

export interface FollowUpsAt {
  /** Null for all gaps as they are mixed. */
  gap: Gap | null;
  isWarm: boolean | null;
  costs: Record<Strategy, FollowUpCost>;
}

export interface MonthOfStrategy {
  strategy: Strategy;
  modelUsd: number;
  storageUsd: number;
  totalUsd: number;
  /** Against a new start each time; below zero when it costs more. */
  savedUsd: number;
  savedShare: number | null;
}

export interface StrategyAtScale extends MonthOfStrategy {
  tickets: number;
  /** What is saved of the model's cost for each dollar of storage; null when that costs nothing. */
  roi: number | null;
}

export interface HonestEstimate {
  /** One row for each gap, as if all follow-ups came after it, and one for the mix; none without follow-ups. */
  followUps: FollowUpsAt[];
  tickets: Record<Strategy, TicketCost>;
  months: MonthOfStrategy[];
  atScale: StrategyAtScale[];
  /** Kept and moved in a month. */
  kept: { gb: number; generations: number; gbOut: number };
  breakEven: {
    /** Tickets of a month whose savings pay for the storage of a month; null when they never do. */
    tickets: number | null;
    /** Follow-ups of a ticket that pay for its copies and its storage; null when they never do. */
    followUps: number | null;
    /** What a copy of the first run costs. */
    copyUsd: number;
    /** Copies pay with these gaps, and are counted; else they are taken to be switched off. */
    makesCopies: boolean;
    /** Share of follow-ups that has to come after the cache's life for copies to pay; null when they never do. */
    lateShare: number | null;
    /** Share that does so with these gaps. */
    lateShareHere: number;
  };
  /** What a follow-up costs, of a new start: as the note has it, and as it is. */
  promise: { noteShare: number; warmShare: number | null; lateShare: number | null };
}

export interface Estimate {
  parameters: EstimateParameters;
  prices: ModelPrices;
  storage: NoteStorage;
  note: NoteTables;
  honest: HonestEstimate;
}

export interface EstimateOptions {
  /** Reckon with the roundings of the research note, for its own parameters. */
  asPublished: boolean;
  pick?: PickWay;
}

/** The store keeps so many generations of a session: docs/sessions.md. */
const keptGenerations = 3;

/** An archive and the pointer to it. */
const objectsPerSave = 2;

/** Both halves: the tables of the research note, and the same under the rules of the prompt cache. */
export function estimate(
  parameters: EstimateParameters,
  prices: ModelPrices,
  storage: NoteStorage,
  options: EstimateOptions,
): Estimate {
  const arithmetic = options.asPublished ? asPublished : exact;
  return {
    parameters,
    prices,
    storage,
    note: noteTables(parameters, prices.input, storage, arithmetic),
    honest: honestEstimate(parameters, prices, storage, options.pick ?? cheapestWay),
  };
}

function honestEstimate(
  parameters: EstimateParameters,
  prices: ModelPrices,
  storage: NoteStorage,
  pick: PickWay,
): HonestEstimate {
  const ticketsWith = (gaps: readonly Gap[]) =>
    Object.fromEntries(
      strategies.map((strategy) => [strategy, ticketCost(strategy, { ...parameters, gaps }, prices, pick)]),
    ) as Record<Strategy, TicketCost>;
  const tickets = ticketsWith(parameters.gaps);
  const followUpsAt = (gap: Gap | null): FollowUpsAt => ({
    gap,
    isWarm: gap && isWarmAfter(gap.seconds, parameters.cacheLife),
    costs: followUpCosts(gap ? ticketsWith([{ ...gap, share: 1 }]) : tickets, parameters.followUps),
  });
  const hasFollowUps = parameters.followUps > 0;
  const gaps = hasFollowUps ? [...parameters.gaps, ...(parameters.gaps.length > 1 ? [null] : [])] : [];
  const months = monthsOf(parameters.tickets, tickets, parameters, storage);
  return {
    followUps: gaps.map(followUpsAt),
    tickets,
    months,
    atScale: scaled(tickets, parameters, storage),
    kept: keptIn(parameters.tickets, parameters),
    breakEven: breakEvenOf(tickets, parameters, prices, storage, pick),
    promise: promiseOf(parameters, prices, pick),
  };
}

function followUpCosts(
  tickets: Record<Strategy, TicketCost>,
  followUps: number,
): Record<Strategy, FollowUpCost> {
  const usdOf = ({ followUpsUsd, copiesUsd }: TicketCost) => (followUpsUsd + copiesUsd) / followUps;
  const cold = usdOf(tickets.cold);
  const costOf = (strategy: Strategy): FollowUpCost => {
    const usd = usdOf(tickets[strategy]);
    return { usd, shareOfCold: cold > 0 ? usd / cold : null };
  };
  return { cold: costOf('cold'), full: costOf('full'), dexter: costOf('dexter') };
}

function keptIn(tickets: number, { followUps, archiveMb }: EstimateParameters): HonestEstimate['kept'] {
  const generations = Math.min(keptGenerations, 1 + followUps);
  return {
    gb: (tickets * generations * archiveMb) / 1000,
    generations,
    gbOut: (tickets * followUps * archiveMb) / 1000,
  };
}

function storageUsdOf(tickets: number, parameters: EstimateParameters, { object }: NoteStorage): number {
  const { gb, gbOut } = keptIn(tickets, parameters);
  const { followUps } = parameters;
  return storageCost(object, {
    gb,
    gbOut,
    puts: tickets * (1 + followUps) * objectsPerSave,
    gets: tickets * followUps * objectsPerSave,
  }).totalUsd;
}

function monthsOf(
  count: number,
  tickets: Record<Strategy, TicketCost>,
  parameters: EstimateParameters,
  storage: NoteStorage,
): MonthOfStrategy[] {
  const coldUsd = count * tickets.cold.totalUsd;
  return strategies.map((strategy) => {
    const modelUsd = count * tickets[strategy].totalUsd;
    // Who starts anew each time keeps nothing.
    const storageUsd = strategy === 'cold' ? 0 : storageUsdOf(count, parameters, storage);
    const totalUsd = modelUsd + storageUsd;
    const savedUsd = coldUsd - totalUsd;
    return {
      strategy,
      modelUsd,
      storageUsd,
      totalUsd,
      savedUsd,
      savedShare: coldUsd > 0 ? savedUsd / coldUsd : null,
    };
  });
}

function scaled(
  tickets: Record<Strategy, TicketCost>,
  parameters: EstimateParameters,
  storage: NoteStorage,
): StrategyAtScale[] {
  const count = parameters.tickets * parameters.scale;
  return monthsOf(count, tickets, parameters, storage).map((month) => ({
    ...month,
    tickets: count,
    roi: month.storageUsd > 0 ? (month.savedUsd + month.storageUsd) / month.storageUsd : null,
  }));
}

/** More tickets than anybody has in a month. */
const mostTickets = 100_000;

function breakEvenOf(
  tickets: Record<Strategy, TicketCost>,
  parameters: EstimateParameters,
  prices: ModelPrices,
  storage: NoteStorage,
  pick: PickWay,
): HonestEstimate['breakEven'] {
  const { cold, dexter } = tickets;
  const saved = cold.totalUsd - dexter.totalUsd;
  const pays = (count: number) => count * saved >= storageUsdOf(count, parameters, storage);
  const { followUps, baseTokens, taskTokens, summaryTokens } = parameters;
  const perFollowUp = followUps > 0 ? (cold.followUpsUsd - dexter.followUpsUsd) / followUps : 0;
  const perTicket =
    dexter.copiesUsd + storageUsdOf(parameters.tickets, parameters, storage) / parameters.tickets;
  const copy = compactionCost({ contextTokens: baseTokens + taskTokens, summaryTokens, prices });
  return {
    tickets: saved > 0 ? firstThat(pays, mostTickets) : null,
    followUps: perFollowUp > 0 ? perTicket / perFollowUp : null,
    copyUsd: copy,
    makesCopies: dexter.copiesUsd > 0,
    lateShare: lateShareForCopies(parameters, prices, pick),
    lateShareHere: lateShareOf(parameters),
  };
}

function lateShareOf({ gaps, cacheLife }: EstimateParameters): number {
  return gaps
    .filter(({ seconds }) => !isWarmAfter(seconds, cacheLife))
    .reduce((sum, { share }) => sum + share, 0);
}

function firstThat(isSo: (count: number) => boolean, most: number): number | null {
  for (let count = 1; count <= most; count += 1) if (isSo(count)) return count;
  return null;
}

/** What a follow-up costs in a session that is restored whole, within the cache's life and after it. */
function promiseOf(
  parameters: EstimateParameters,
  prices: ModelPrices,
  pick: PickWay,
): HonestEstimate['promise'] {
  const shareAfter = (seconds: number) => {
    const once = { ...parameters, gaps: [{ seconds, share: 1 }] };
    const coldUsd = ticketCost('cold', once, prices, pick).followUpsUsd;
    return coldUsd > 0 ? ticketCost('full', once, prices, pick).followUpsUsd / coldUsd : null;
  };
  return {
    noteShare: 1 - parameters.savedShare,
    warmShare: shareAfter(0),
    lateShare: shareAfter(late),
  };
}
