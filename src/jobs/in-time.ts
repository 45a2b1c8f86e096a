import { setTimeout } from 'node:timers/promises';

/** What `promise` resolves to, or undefined when that takes longer than `milliseconds`: it is not waited for then. */
export function inTime<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  return Promise.race([promise, setTimeout(milliseconds, undefined, { ref: false })]);
}
