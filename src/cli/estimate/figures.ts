import { rounded } from '../../pricing/estimate/note-tables.ts';

const minus = '-';

export const cacheLives = { '5m': 'five minutes', '1h': 'an hour' } as const;

/** `$157.20`; with `decimals`, of smaller ones too. */
export function dollars(usd: number, decimals = 2): string {
  const value = rounded(usd, decimals);
  const digits = Math.abs(value).toLocaleString('en-US', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return `${value < 0 ? minus : ''}$${digits}`;
}

/** As dollars, without the cents of a whole amount: `$12`, `$12.41`. */
export function plainDollars(usd: number): string {
  return dollars(usd, Number.isInteger(rounded(usd, 2)) ? 0 : 2);
}

/** A price, with as many digits as it has: `$0.0125`, `$0.30`, `$50`. */
export function price(usd: number): string {
  const digits = Number.isInteger(usd) ? 0 : 2;
  return `$${Number(usd.toFixed(6)).toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: 6 })}`;
}

/** `+$63.20`, `-$6.30`, `$0`. */
export function netDollars(usd: number): string {
  const value = rounded(usd, 2);
  if (value === 0) return '$0';
  return value > 0 ? `+${dollars(value)}` : dollars(value);
}

/** `82 %`; null where there is nothing to compare with. */
export function percent(share: number | null, decimals = 0): string {
  return share === null ? '–' : `${rounded(100 * share, decimals).toFixed(decimals)} %`;
}

export function count(number: number, decimals = 0): string {
  return rounded(number, decimals).toLocaleString('en-US');
}

/** `1 ticket`, `40 tickets`, `1.5 follow-ups`. */
export function counted(number: number, word: string, decimals = 0): string {
  const shown = count(number, decimals);
  return `${shown} ${word}${shown === '1' ? '' : 's'}`;
}

const units = ['B', 'KB', 'MB', 'GB', 'TB'];

/** `2.5 MB`, decimal; a range has one unit: `7-25 KB`. */
export function size(bytes: number, least?: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes * 1.0000001) / 3));
  const inUnit = (value: number) =>
    String(Number((value / 1000 ** power).toFixed(value / 1000 ** power < 10 ? 2 : 1)));
  const range = least === undefined || least === bytes ? inUnit(bytes) : `${inUnit(least)}-${inUnit(bytes)}`;
  return `${range} ${units[power]}`;
}
