import { AsyncLocalStorage } from 'node:async_hooks';

/** What a line of the log says of the work that it was written in, whoever writes it. */
export interface LogContext {
  commandId?: string;
  /** Of the webhook that is being dealt with. */
  deliveryId?: string;
}

/** A line is written wherever something is worth it: what it is written for is known far above. */
const contexts = new AsyncLocalStorage<LogContext>();

/** Every line that is written until `work` is done says `more`, and what was said already. */
export function withLogContext<T>(more: LogContext, work: () => T): T {
  return contexts.run({ ...contexts.getStore(), ...more }, work);
}

export function logContext(): LogContext {
  return contexts.getStore() ?? {};
}

/** For what goes on for everybody, and begins where the first of them comes by. */
export function withoutLogContext<T>(work: () => T): T {
  return contexts.exit(work);
}
