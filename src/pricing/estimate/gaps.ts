/** How long after the run before a follow-up comes, and how many of the follow-ups do so. */
export interface Gap {
  seconds: number;
  /** Share of the follow-ups; all of them together are 1. */
  share: number;
}

const secondsOf = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

const one = /^(\d{1,6}(?:\.\d{1,3})?)\s*([smhdw])(?:\s*:\s*(\d{1,9}(?:\.\d{1,6})?)\s*%?)?$/;

const most = 50;

/**
 * Reads `2m,1h,1d`, or with weights `2m:50,1h:30,1d:20`, which need not add up to 100. Without weights all come equally
 * often. Shortest first; the same gap twice is one with both weights. Undefined for anything else.
 */
export function parseGaps(text: string): Gap[] | undefined {
  const parts = text.split(',').map((part) => one.exec(part.trim().toLowerCase()));
  const weights = new Map<number, number>();
  for (const part of parts) {
    if (part === null) return undefined;
    const [, count, unit, weight] = part;
    const seconds = Number(count) * secondsOf[unit as keyof typeof secondsOf];
    weights.set(seconds, (weights.get(seconds) ?? 0) + Number(weight ?? 1));
  }
  const hasWeights = parts.filter((part) => part?.[3] !== undefined).length;
  if (hasWeights !== 0 && hasWeights !== parts.length) return undefined;
  return weights.size > most ? undefined : shares(weights);
}

/** Gaps that were seen, gathered into a few that stand for those near them. */
export function gapsSeen(seconds: readonly number[]): Gap[] {
  const weights = new Map<number, number>();
  const byBound = Map.groupBy(seconds, (gap) => bounds.find((bound) => gap < bound) ?? Infinity);
  for (const near of byBound.values()) {
    const sorted = near.toSorted((a, b) => a - b);
    const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
    weights.set(Math.round(median), near.length);
  }
  return shares(weights) ?? [];
}

/** The lives of the prompt cache are among them, so that no group has gaps on both sides of one. */
const bounds = [60, 300, 900, 3600, 14_400, 86_400, 604_800];

function shares(weights: ReadonlyMap<number, number>): Gap[] | undefined {
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) return undefined;
  return [...weights]
    .filter(([, weight]) => weight > 0)
    .map(([seconds, weight]) => ({ seconds, share: weight / total }))
    .sort((a, b) => a.seconds - b.seconds);
}

/** `2 min`, `1 h`, `1.5 days`: in the largest unit that leaves at least 1. */
export function formatGap(seconds: number): string {
  const [unit, size] = (
    [
      ['day', 86_400],
      ['h', 3600],
      ['min', 60],
    ] as const
  ).find(([, least]) => seconds >= least) ?? ['s', 1];
  const count = Number((seconds / size).toFixed(1));
  return `${count} ${unit === 'day' && count !== 1 ? 'days' : unit}`;
}
