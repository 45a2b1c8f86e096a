import type { CacheCanary, Usage } from '../core/report.ts';
import type { SessionManifest } from '../core/session.ts';
import { cacheLifeMs } from '../pricing/cache-life.ts';
import type { MovedPin } from './pins.ts';

/** From the start of a run to its first request: the checkout, the restore, the start of the CLI. */
const startMs = 60_000;

/** Below this share of what was expected, something has gone wrong with the beginning of the request. */
const leastShare = 0.8;

type Before = Pick<SessionManifest, 'contextTokens' | 'createdAt' | 'figures'>;

export interface CacheFacts {
  /** Tokens; 0 says that nothing was expected, and nothing is warned of. */
  expected: number;
  /** Usage of the first request of the run; absent when the model answered none. */
  first: Usage | undefined;
  /** What changed since the session was saved. */
  moved: readonly MovedPin[];
  before: Before;
  startedAt: number;
}

/**
 * The warning of a run that read far less from the prompt cache than was expected of it, with what most likely is the
 * cause; undefined where all is well.
 */
export function cacheCanary(facts: CacheFacts): { canary: CacheCanary; notice: string } | undefined {
  const { expected, first } = facts;
  if (expected <= 0 || first === undefined || first.cacheReadTokens >= leastShare * expected)
    return undefined;
  const { cause, words } = causeOf(facts);
  const percent = Math.floor((100 * first.cacheReadTokens) / expected);
  return {
    canary: { expectedCacheRead: expected, cacheRead: first.cacheReadTokens, cause },
    notice: `The run read ${percent} % of the earlier conversation from the prompt cache where 100 % was expected; ${words}.`,
  };
}

/** Nothing of a request is read with another value of these. */
const readsNothing: readonly MovedPin['pin'][] = [
  'engine',
  'model',
  'effort',
  'tools',
  'flags',
  'engineVersion',
];

function causeOf({ moved, before, startedAt }: CacheFacts): { cause: CacheCanary['cause']; words: string } {
  const [main] = moved.filter(({ pin }) => readsNothing.includes(pin));
  if (main !== undefined) return { cause: main.pin, words: `${main.words}, which reprocesses everything` };
  const { pause, life, lifeWords } = pauseSince(before, startedAt);
  if (pause < 0 || pause + startMs >= life)
    return { cause: 'time', words: `the cache keeps it for ${lifeWords}, which were over or nearly so` };
  const [other] = moved;
  if (other !== undefined)
    return { cause: other.pin, words: `${other.words}, which an older CLI tells first` };
  return {
    cause: 'unknown',
    words:
      'nothing that a session keeps has changed, so the CLI began its request differently or the provider had dropped its entry',
  };
}

/** Whether the prompt cache may still have held the session when the run started, so that losing it matters. */
export function livedStill(before: Before, startedAt: number): boolean {
  const { pause, life } = pauseSince(before, startedAt);
  return pause < life;
}

function pauseSince(
  { createdAt, figures }: Before,
  startedAt: number,
): { pause: number; life: number; lifeWords: string } {
  const cacheLife = figures?.cacheLife ?? '5m';
  return {
    pause: startedAt - Date.parse(figures?.lastRequestAt ?? createdAt),
    life: cacheLifeMs[cacheLife],
    lifeWords: cacheLife === '1h' ? 'an hour' : '5 minutes',
  };
}
