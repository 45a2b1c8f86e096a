import { type RawBuilder, sql } from 'kysely';
import type { CommandSource } from '../core/command.ts';

// The indexes of migration 0007 are made of these very characters: another expression would not use them.

/** Who asked, as people call them, in lower case. */
export const commandPerson: RawBuilder<string> = sql.raw(
  `lower(coalesce(actor->>'login', actor->>'displayName', actor->>'name', 'dexter'))`,
);

/** Where a command came from, as `sourceOf` says it of its origin. */
export const commandSource: RawBuilder<CommandSource> = sql.raw(
  `replace(split_part(origin->>'kind', '-', 1), 'retention', 'dexter')`,
);

/** What separates words, besides white space: Postgres itself would take `src/coupon.ts` for one word. */
const separators = `!"#$%&'()*+,-./:;<=>?@[\\]^_\`{|}~`;

/** Characters of an instruction that are searched, from its beginning. */
const mostSearched = 10_000;

/** The words of what a command asks, and the number of its pull request or issue. */
export const commandWords: RawBuilder<unknown> = sql.raw(
  `to_tsvector('simple', translate(left(coalesce(ask->>'instruction', ask->>'word', claimed_text, ''), ${mostSearched}) || ' ' || coalesce(origin->>'number', ''), '${separators.replaceAll("'", "''")}', '${' '.repeat(separators.length)}'))`,
);

/** Words as `to_tsquery` reads them: each has to be there, from three letters on as the beginning of a longer one. */
export function wordsQuery(text: string): string | undefined {
  const words = text.split(wordBreaks).filter((word) => word !== '');
  if (words.length === 0) return undefined;
  // Quotes and backslashes, which have a meaning there, are separators.
  return words
    .map((word) => (/^\d+$/.test(word) || word.length < 3 ? `'${word}'` : `'${word}':*`))
    .join(' & ');
}

/** White space and the separators, in ranges. */
const wordBreaks = /[\s!-/:-@[-`{-~]+/u;
