/** JSON of unknown shape, as it passes through the simulation. */
export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member as an object; an empty object when it is anything else. */
export function objectAt(value: unknown, key: string): JsonObject {
  const member = isObject(value) ? value[key] : undefined;
  return isObject(member) ? member : {};
}

/** The member as text; empty when it is anything else. */
export function textAt(value: unknown, key: string): string {
  const member = isObject(value) ? value[key] : undefined;
  return typeof member === 'string' ? member : '';
}

/** The member as a number; NaN when it is anything else. */
export function numberAt(value: unknown, key: string): number {
  const member = isObject(value) ? value[key] : undefined;
  return typeof member === 'number' ? member : Number.NaN;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
