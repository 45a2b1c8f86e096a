import { type AlertLevel, type AlertState, rankOf } from '../core/alert.ts';
import type { AlertName, Worse } from './alert-kinds.ts';

export interface AlertRule {
  name: AlertName;
  worse: Worse;
  /** In the unit of the figures; `critical` is never reached before `warning`. */
  warning: number;
  critical: number;
  /** Fewer readings than this say nothing. */
  minimumSample: number;
  /** Part of the threshold that a value has to be on the other side of it for its level to be left. */
  margin: number;
  /** The largest value that there can be, where there is one: a margin never goes beyond it. */
  most?: number | undefined;
  silence: 'well' | 'unknown';
}

/** What was seen of something at one look. */
export type AlertFigure = {
  name: AlertName;
  /** Which of those; empty where there is one alone. */
  label: string;
  /** Whose it is, where it is about one. */
  repositoryId?: number | undefined;
} & (
  | {
      value: number;
      /** How many readings it is made of; enough when absent. */
      sample?: number;
    }
  /** Its value is for how many seconds it has failed. */
  | { isFailing: boolean }
);

/** A value has to be seen this often in a row before a level changes: one look may be an outlier. */
export const looksToChange = 2;

/** What nobody has heard of for this long is over: a runner that is no more, a store that is not used any more. */
export const forgottenAfterMs = 24 * 60 * 60 * 1000;

/**
 * What is thought of everything now: one state for each figure that is not simply well, and one for each earlier state.
 * Without a figure, and with too small a sample, a state stays as it is until it is forgotten; where silence means that
 * all is well, it is taken for that. What no rule is about any more is over.
 */
export function evaluate(
  rules: readonly AlertRule[],
  figures: readonly AlertFigure[],
  earlier: readonly AlertState[],
  now: Date,
): AlertState[] {
  const ruleOf = new Map<string, AlertRule>(rules.map((rule) => [rule.name, rule]));
  const figureOf = new Map(figures.map((figure) => [keyOf(figure), figure]));
  const known = new Set(earlier.map(keyOf));
  const kept = earlier.map((state) => {
    const rule = ruleOf.get(state.name);
    return rule ? next(rule, figureOf.get(keyOf(state)), state, now) : ended(state, now);
  });
  const added = [...figureOf.values()].flatMap((figure) => {
    const rule = ruleOf.get(figure.name);
    if (!rule || known.has(keyOf(figure)) || !isEnough(rule, figure)) return [];
    const state = next(rule, figure, begun(figure, now), now);
    return state.level === 'ok' && state.pendingLevel === null && state.failingSince === null ? [] : [state];
  });
  return [...kept, ...added];
}

function keyOf({ name, label }: Pick<AlertState, 'name' | 'label'>): string {
  return JSON.stringify([name, label]);
}

function begun({ name, label, repositoryId }: AlertFigure, now: Date): AlertState {
  return {
    name,
    label,
    repositoryId: repositoryId ?? null,
    level: 'ok',
    value: null,
    threshold: null,
    since: now,
    seenAt: now,
    failingSince: null,
    pendingLevel: null,
    pendingLooks: 0,
  };
}

function next(rule: AlertRule, figure: AlertFigure | undefined, state: AlertState, now: Date): AlertState {
  if (figure === undefined) {
    if (rule.silence === 'well') return looked(rule, 0, { ...state, failingSince: null }, now);
    return now.getTime() - state.seenAt.getTime() > forgottenAfterMs ? ended(state, now) : state;
  }
  if (!isEnough(rule, figure))
    return now.getTime() - state.seenAt.getTime() > forgottenAfterMs ? ended(state, now) : state;
  const seen = { ...state, seenAt: now, repositoryId: figure.repositoryId ?? state.repositoryId };
  if ('value' in figure) return looked(rule, figure.value, seen, now);
  const failingSince = figure.isFailing ? (state.failingSince ?? now) : null;
  const seconds = failingSince === null ? 0 : (now.getTime() - failingSince.getTime()) / 1000;
  return looked(rule, seconds, { ...seen, failingSince }, now);
}

function isEnough({ minimumSample }: AlertRule, figure: AlertFigure): boolean {
  return !('value' in figure) || figure.sample === undefined || figure.sample >= minimumSample;
}

/** One look more. Looks that agree on the way but not on how far count together, for the lesser change. */
function looked(rule: AlertRule, value: number, state: AlertState, now: Date): AlertState {
  const wanted = levelOf(rule, value, state.level);
  const threshold = thresholdOf(rule, state.level) ?? state.threshold;
  const seen = { ...state, value, threshold };
  const way = Math.sign(rankOf(wanted) - rankOf(state.level));
  if (way === 0) return { ...seen, pendingLevel: null, pendingLooks: 0 };
  const { pendingLevel } = state;
  const goesOn = pendingLevel !== null && Math.sign(rankOf(pendingLevel) - rankOf(state.level)) === way;
  const to = goesOn && way * (rankOf(wanted) - rankOf(pendingLevel)) > 0 ? pendingLevel : wanted;
  const looks = goesOn ? state.pendingLooks + 1 : 1;
  if (looks < looksToChange) return { ...seen, pendingLevel: to, pendingLooks: looks };
  return {
    ...seen,
    level: to,
    since: now,
    threshold: thresholdOf(rule, to) ?? threshold,
    pendingLevel: null,
    pendingLooks: 0,
  };
}

/** The worst level that the value reaches, or that it is at and has not clearly left. */
function levelOf(rule: AlertRule, value: number, current: AlertLevel): AlertLevel {
  for (const level of ['critical', 'warning'] as const) {
    const isAt = rankOf(current) >= rankOf(level);
    if (isReached(rule, value, rule[level]) || (isAt && !isLeft(rule, value, rule[level]))) return level;
  }
  return 'ok';
}

function isReached({ worse }: AlertRule, value: number, threshold: number): boolean {
  switch (worse) {
    case 'above':
      return value > threshold;
    case 'at least':
      return value >= threshold;
    case 'below':
      return value < threshold;
  }
}

function isLeft({ worse, margin, most }: AlertRule, value: number, threshold: number): boolean {
  if (worse !== 'below') return value <= threshold * (1 - margin);
  const clear = threshold * (1 + margin);
  return value >= (most === undefined ? clear : Math.min(clear, (threshold + most) / 2));
}

function thresholdOf(rule: AlertRule, level: AlertLevel): number | null {
  return level === 'ok' ? null : rule[level];
}

function ended(state: AlertState, now: Date): AlertState {
  if (state.level === 'ok' && state.pendingLevel === null && state.failingSince === null) return state;
  return {
    ...state,
    level: 'ok',
    value: null,
    since: state.level === 'ok' ? state.since : now,
    failingSince: null,
    pendingLevel: null,
    pendingLooks: 0,
  };
}

export interface AlertChange {
  from: AlertLevel;
  to: AlertState;
}

/** What came to another level. */
export function changesOf(earlier: readonly AlertState[], states: readonly AlertState[]): AlertChange[] {
  const levels = new Map(earlier.map((state) => [keyOf(state), state.level]));
  return states.flatMap((to) => {
    const from = levels.get(keyOf(to)) ?? 'ok';
    return from === to.level ? [] : [{ from, to }];
  });
}
