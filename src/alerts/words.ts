import type { AlertLevel } from '../core/alert.ts';
import { formatSize } from '../core/size.ts';
import { type AlertKind, type AlertName, type AlertUnit, alertKinds } from './alert-kinds.ts';

/** `43 %`, `1.2 TB`, `140 ms`, `25 min`, `3`. */
export function formatValue(unit: AlertUnit, value: number): string {
  switch (unit) {
    case 'share':
      return `${round(value * 100)} %`;
    case 'bytes':
      return formatSize(Math.round(value));
    case 'ms':
      return value < 1_000 ? `${round(value)} ms` : `${round(value / 1_000)} s`;
    case 'seconds':
      return formatSeconds(value);
    case 'times':
      return String(Math.round(value));
  }
}

function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${round(seconds / 60)} min`;
  return seconds < 172_800 ? `${round(seconds / 3_600)} h` : `${round(seconds / 86_400)} d`;
}

/** Two digits are enough to act on. */
function round(value: number): number {
  return Math.abs(value) < 10 ? Number(value.toFixed(1)) : Math.round(value);
}

/** `43 %, below 50 %`: the value against what it was held against; undefined where nobody knows a value. */
export function comparison(
  kind: Pick<AlertKind, 'unit' | 'worse'>,
  { level, value, threshold }: { level: AlertLevel; value: number | null; threshold: number | null },
): string | undefined {
  if (value === null) return undefined;
  const said = formatValue(kind.unit, value);
  if (threshold === null || level === 'ok') return said;
  // A level is left only clearly beyond its threshold: until then the value may be on the better side.
  return `${said} (${level}: ${kind.worse} ${formatValue(kind.unit, threshold)})`;
}

/** What is known of an alert by its name; undefined for one of another version. */
export function kindNamed(name: string): AlertKind | undefined {
  return Object.hasOwn(alertKinds, name) ? alertKinds[name as AlertName] : undefined;
}
