import { hasCode } from './errors.ts';

/** As the operating system words them; programs such as git pass only the text on. */
const full = /no space left on device|disk quota exceeded|read-only file system|unknown system error -122\b/i;
const failing = /(?:input\/output|i\/o) error|too many open files|stale (?:nfs )?file handle/i;

/** Whether a disk takes no more: nothing that is tried on it will succeed. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && full.test(error.message);
}

/**
 * Whether it was the disk that failed, and not what lies on it: to throw that away and make it anew would lose
 * it and mend nothing.
 */
export function isDiskProblem(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return isDiskFull(error) || hasCode(error, 'EACCES', 'EPERM') || failing.test(error.message);
}
