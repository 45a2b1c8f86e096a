import { isApiError } from 'jira.js';
import { z } from 'zod';
import { AppError } from '../core/errors.ts';

/**
 * Whether JIRA could not answer just now and may do so later: it is down, cannot be reached, or asked for less. A wrong
 * token, a wrong address or an answer that Dexter does not understand is none of these: waiting mends no such thing.
 */
export function isJiraDown(error: unknown): boolean {
  if (!(error instanceof AppError) || error.code !== 'jira-failed') return false;
  const { cause } = error;
  if (isApiError(cause)) return cause.status === 408 || cause.status === 429 || cause.status >= 500;
  return !(cause instanceof z.ZodError);
}
