import { noUsage } from '../core/report.ts';
import type { SessionFigures, SessionManifest, SessionMode } from '../core/session.ts';
import type { EngineResult } from '../engines/engine.ts';

export interface FiguresOptions {
  mode: SessionMode;
  result: Pick<EngineResult, 'usage' | 'contextTokens' | 'firstRequest' | 'requests' | 'costUsd'>;
  /** What the engine was told; absent when nobody knows any more. */
  prompt?: string | undefined;
  lastRequestAt: Date;
  restored?: Pick<SessionManifest, 'figures' | 'contextTokens' | 'costUsd'> | undefined;
}

const mostFollowUps = 10;
const charactersPerToken = 4;

/**
 * What the runs of a session came to, this one included. How the conversation began, and what every request of it begins
 * with, are carried along from the run that began it.
 */
export function sessionFigures(options: FiguresOptions): SessionFigures {
  const { mode, result, restored, lastRequestAt } = options;
  const { requests } = result;
  const before = restored?.figures;
  const figures = {
    lastRequestAt: requests === 0 && before ? before.lastRequestAt : lastRequestAt.toISOString(),
    cacheLife: cacheLife(options),
    requests,
  };
  if (mode === 'fresh') {
    const { contextTokens, costUsd } = result;
    const baseTokens = baseOf(options);
    return { ...figures, baseTokens, followUps: [], start: { contextTokens, requests, costUsd } };
  }
  const followUps = [...(before?.followUps ?? []), ...(requests > 0 ? [requests] : [])];
  return {
    ...figures,
    baseTokens: before?.baseTokens ?? 0,
    followUps: followUps.slice(-mostFollowUps),
    start: before?.start ?? { contextTokens: restored?.contextTokens ?? 0, requests: 0, costUsd: null },
  };
}

/**
 * The engine does not say what tools and system prompt come to. The first request of a conversation holds them and the
 * prompt, whose length is known: what is left is the base, with the notes that the CLI begins each conversation with.
 * 0 for what is not known.
 */
function baseOf({ result, prompt }: FiguresOptions): number {
  if (prompt === undefined) return 0;
  const { inputTokens, cacheReadTokens, cacheWriteTokens } = result.firstRequest ?? noUsage;
  const sent = inputTokens + cacheReadTokens + cacheWriteTokens;
  return Math.max(0, sent - Math.ceil(prompt.length / charactersPerToken));
}

/** A run that wrote nothing to the cache leaves it as it was. */
function cacheLife({ result: { usage }, restored }: FiguresOptions): SessionFigures['cacheLife'] {
  if ((usage.cacheWriteHourTokens ?? 0) > 0) return '1h';
  return usage.cacheWriteTokens > 0 ? '5m' : (restored?.figures?.cacheLife ?? '5m');
}
