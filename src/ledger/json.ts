import { storable } from '../core/storable.ts';

/** A value for a `jsonb` column. */
export function toJson(value: object): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'string' ? storable(member) : member,
  );
}
