import { GraphQLError } from 'graphql';
import type { JsonObject } from '../json.ts';

export type Page = { first?: number | null; last?: number | null };

/** GitHub asks for `first` or `last` of every list, up to a hundred. */
export function connection(items: JsonObject[], { first, last }: Page): JsonObject {
  const count = first ?? last;
  if (count === undefined || count === null) {
    throw new GraphQLError('You must provide a `first` or `last` value to properly paginate the list.', {
      extensions: { type: 'MISSING_PAGINATION_BOUNDARIES' },
    });
  }
  if (count > 100) {
    throw new GraphQLError(`Requesting ${count} records exceeds the limit of 100 records.`, {
      extensions: { type: 'EXCESSIVE_PAGINATION' },
    });
  }
  const nodes = first ? items.slice(0, first) : items.slice(-count);
  return { totalCount: items.length, nodes: count === 0 ? [] : nodes };
}
