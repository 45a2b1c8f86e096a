import { hasCode } from './errors.ts';

/** As the operating system words them; programs such as git pass only the text on. */
const words =
  /no space left on device|disk quota exceeded|read-only file system|(?:input\/output|i\/o) error|too many open files|stale (?:nfs )?file handle/i;

/**
 * Whether it was the disk that failed, and not what lies on it: to throw that away and make it anew would lose
 * it and mend nothing.
 */
export function isDiskProblem(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return hasCode(error, 'EACCES', 'EPERM') || words.test(error.message);
}
