import { type RawBuilder, sql } from 'kysely';

/** Fewer digits would be those of too many commands. */
const beginning = /^[0-9a-f]{6}[0-9a-f-]{0,30}$/i;

/**
 * Whether the id of a command begins so, with or without its hyphens: as a range, which the key of the table can be asked
 * for. Undefined where no id begins so, or where that is less than six digits.
 */
export function idBegins(text: string): RawBuilder<boolean> | undefined {
  const digits = text.replaceAll('-', '').toLowerCase();
  if (!beginning.test(text) || digits.length > 32) return undefined;
  return sql<boolean>`id between ${digits.padEnd(32, '0')}::uuid and ${digits.padEnd(32, 'f')}::uuid`;
}
