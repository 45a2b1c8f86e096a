import { z } from 'zod';

export const Level = z.enum(['ok', 'warning', 'failed', 'skipped']);
export type Level = z.infer<typeof Level>;

/** What a check found. What is wrong says what and where; the fix is a command, a setting or a page. */
export type Verdict =
  | { level: 'ok'; message: string }
  | { level: 'warning' | 'failed'; message: string; fix: string }
  /** Why nothing was looked at, and where to look instead. */
  | { level: 'skipped'; message: string; fix?: string };

export const ok = (message: string): Verdict => ({ level: 'ok', message });
export const warning = (message: string, fix: string): Verdict => ({ level: 'warning', message, fix });
export const failed = (message: string, fix: string): Verdict => ({ level: 'failed', message, fix });
export const skipped = (message: string, fix?: string): Verdict =>
  fix === undefined ? { level: 'skipped', message } : { level: 'skipped', message, fix };

/** `1 key`, `2 keys`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
