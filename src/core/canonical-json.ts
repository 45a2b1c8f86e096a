/**
 * JSON text in which the keys of objects are sorted, so that equal values have equal texts whoever wrote them.
 * `undefined` when the value holds a whole number that JavaScript cannot tell from its neighbours: two different
 * values would have one text.
 */
export function canonicalJson(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) return undefined;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) {
    const parts = value.map(canonicalJson);
    return parts.includes(undefined) ? undefined : `[${parts.join(',')}]`;
  }
  const parts: string[] = [];
  // By code unit, which is the same in every locale.
  for (const [key, member] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (member === undefined) continue;
    const text = canonicalJson(member);
    if (text === undefined) return undefined;
    parts.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${parts.join(',')}}`;
}
