import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../core/viewer.ts';

/**
 * Whether the repository in a column is one of those that a viewer may see; what belongs to none only administrators
 * see. However many there are, they are one value: a statement takes 65,535 of them.
 */
export function inScope(scope: Scope, column = 'repository_id'): RawBuilder<boolean> {
  if (scope === 'all') return sql<boolean>`true`;
  const repository = sql.ref(column);
  const [only, ...others] = scope;
  // An index is in order only within one repository.
  return only !== undefined && others.length === 0
    ? sql<boolean>`${repository} = ${only}::bigint`
    : sql<boolean>`${repository} = any(${[...scope]}::bigint[])`;
}
