import type { Report, Usage } from '../core/report.ts';

/** `1 h 02 min`, `3 min 20 s`, `12 s`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** `5 min`, `3 h`, `2 days`: how long ago something was. */
export function formatAge(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** US dollars with enough digits to be more than zero, or with as many as the amounts beside it have. */
export function formatCost(costUsd: number | null, digits = costDigits([costUsd])): string {
  if (costUsd === null) return 'unknown';
  if (costUsd > 0 && costUsd < 0.0001) return 'less than $0.0001';
  // In the words of a machine that knows no other language either.
  return `$${costUsd.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

/** Digits after the point for amounts that are read together: as many as the smallest of them needs. */
export function costDigits(amounts: readonly (number | null)[]): number {
  return amounts.some((usd) => usd !== null && usd !== 0 && Math.abs(usd) < 0.01) ? 4 : 2;
}

/** What was saved; a loss has a minus sign. */
export function formatSaved(usd: number | null, digits?: number): string {
  if (usd === null) return 'unknown';
  return usd < 0 ? `−${formatCost(-usd, digits)}` : formatCost(usd, digits);
}

/** Of all kinds. */
export function allTokens(usage: Usage): number {
  return usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens + usage.outputTokens;
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 turn`, `2 turns`. */
export function plural(count: number, word: string): string {
  return `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`;
}

/** Input tokens are those of all kinds, wherever they are shown. */
export function formatUsage(usage: Usage): string {
  const { inputTokens: uncached, cacheReadTokens, cacheWriteTokens, outputTokens } = usage;
  const kinds = [
    `${formatCount(cacheReadTokens)} read from the cache`,
    ...formatWrites(usage),
    ...(uncached > 0 ? [`${formatCount(uncached)} uncached`] : []),
  ];
  const input = uncached + cacheReadTokens + cacheWriteTokens;
  return `${formatCount(input)} input (${kinds.join(', ')}), ${formatCount(outputTokens)} output`;
}

/** The two lives of what is written have two prices. */
function formatWrites({ cacheWriteTokens: all, cacheWriteHourTokens: hour = 0 }: Usage): string[] {
  if (hour === 0) return [`${formatCount(all)} written to it`];
  const short = Math.max(0, all - hour);
  return [
    ...(short > 0 ? [`${formatCount(short)} written to it for 5 minutes`] : []),
    `${formatCount(hour)} written to it for 1 hour`,
  ];
}

/** How the run came by its conversation, in words. */
export function formatSession(session: Report['session']): string {
  if (!session) return 'none';
  if (session.mode === 'fresh') return 'new';
  const choice = session.resumption?.choice ?? 'fresh';
  const way = choice === 'fresh' ? '' : choice;
  const age = session.ageSeconds === undefined ? '' : `${formatAge(session.ageSeconds)} old`;
  const facts = [way, age].filter((part) => part !== '').join(', ');
  return facts === '' ? 'resumed' : `resumed (${facts})`;
}
