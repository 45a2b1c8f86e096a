import { z } from 'zod';

/**
 * Every way in which Dexter can fail in front of a user. The list is closed so that each code has one
 * explanation in docs/errors.md and one sentence in a comment.
 */
export const errorCodes = [
  'config-invalid',
  'input-invalid',
  'unknown-flag',
  'invalid-flag',
  'nothing-to-do',
  'budget-spent',
  'not-authorized',
  'request-changed',
  'request-gone',
  'repository-unknown',
  'repository-not-installed',
  'ticket-unreadable',
  'branch-gone',
  'branch-unusable',
  'dispatch-failed',
  'waited-too-long',
  'no-runner',
  'run-cancelled',
  'runner-lost',
  'claim-refused',
  'checkout-failed',
  'push-rejected',
  'push-refused',
  'pull-request-failed',
  'engine-missing',
  'isolation-missing',
  'engine-logged-out',
  'engine-failed',
  'engine-timeout',
  'session-conflict',
  'session-unreadable',
  'session-not-saved',
  'session-not-removed',
  'jira-failed',
  'github-failed',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface AppErrorOptions {
  /** What happened and where, one sentence, safe to show to the user who asked. */
  message: string;
  /** How to mend it, one or two sentences in the imperative. */
  hint: string;
  /** How long the other side asked to be left alone, where it said so. */
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** The one error that crosses a module boundary on purpose; anything else is a bug and becomes `internal`. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, { message, hint, retryAfterSeconds, cause }: AppErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'AppError';
    this.code = code;
    this.hint = hint;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** What is kept of an error in the ledger, in a report and in a comment. */
export const Problem = z.object({ code: z.enum(errorCodes), message: z.string(), hint: z.string() });
export type Problem = z.infer<typeof Problem>;

/**
 * Turns anything thrown into a Problem. The text of an unexpected error stays in the log: it may hold
 * paths, queries or secrets, and it would not help the person who reads the comment.
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof AppError) return { code: error.code, message: error.message, hint: error.hint };
  return {
    code: 'internal',
    message: 'Dexter ran into an unexpected error.',
    hint: 'Try again with `retry`; when it happens again, an administrator finds the cause in the log under the command id.',
  };
}

/** The message of anything thrown, for a `message` that already says where it happened. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The first line of it, without the colon that leads to the next one: parsers show there what they stopped at. */
export function firstLineOf(error: unknown): string {
  const [line = ''] = messageOf(error).split('\n');
  return line.replace(/:$/, '');
}

/** Why a file that somebody named could not be read, or is not the YAML that it should be, as a clause. */
export function whyUnreadable(error: unknown): string {
  if (hasCode(error, 'ENOENT', 'ENOTDIR')) return 'there is no such file';
  if (hasCode(error, 'EACCES', 'EPERM')) return 'this user may not read it';
  if (hasCode(error, 'EISDIR')) return 'it is a directory';
  const isYaml = error instanceof Error && error.name === 'YAMLParseError';
  return `${isYaml ? 'it is not valid YAML: ' : ''}${firstLineOf(error)}`;
}

/** Whether a thrown error carries one of these codes, as those of Node.js do (`ENOENT`). */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
