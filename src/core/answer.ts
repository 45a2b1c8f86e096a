import type { z } from 'zod';

/** What somebody else said to a question, for a caller who looks at refusals instead of being stopped by them. */
export type Answer<T> =
  | { outcome: 'answered'; value: T }
  /** An HTTP status, and what the other side says of it. */
  | { outcome: 'refused'; status: number; said: string }
  /** It answered, but not as this service does: another program listens there. */
  | { outcome: 'strange' }
  /** Nobody answered. `code` is that of Node.js where there is one, such as ECONNREFUSED. */
  | { outcome: 'unreachable'; code: string | undefined; said: string };

/** An answer whose value has the shape that was expected, or else `strange`. */
export function answered<T>(schema: z.ZodType<T>, value: unknown): Answer<T> {
  const parsed = schema.safeParse(value);
  return parsed.success ? { outcome: 'answered', value: parsed.data } : { outcome: 'strange' };
}

/** Nobody answered; the reason often stands in an error below the one that was thrown. */
export function unreachable(error: unknown): Extract<Answer<never>, { outcome: 'unreachable' }> {
  let code: string | undefined;
  let said = '';
  for (let one = error; one instanceof Error; one = one.cause) {
    // An address with several numbers fails with all of their errors at once, and its own message is empty.
    const inner: unknown = one instanceof AggregateError ? one.errors[0] : one;
    const found = inner instanceof Error && 'code' in inner ? inner.code : undefined;
    if (typeof found === 'string') code = found;
    if (inner instanceof Error && inner.message !== '') said = inner.message;
    if (inner instanceof Error && inner.name === 'TimeoutError') code = 'ETIMEDOUT';
  }
  return { outcome: 'unreachable', code, said: said === '' ? String(error) : said };
}
