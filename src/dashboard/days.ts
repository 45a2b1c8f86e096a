/** The last days of UTC, oldest first, today included: `2026-01-29`. */
export function lastDays(now: Date, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    new Date(startOfDay(now).getTime() - (count - 1 - index) * dayMs).toISOString().slice(0, 10),
  );
}

/** When the first of them began. */
export function startOfLastDays(now: Date, count: number): Date {
  return new Date(startOfDay(now).getTime() - (count - 1) * dayMs);
}

const dayMs = 24 * 60 * 60 * 1000;

function startOfDay(now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()));
}
