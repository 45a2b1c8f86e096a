import { isApiError, isNetworkError } from 'jira.js';
import { AppError } from '../core/errors.ts';
import { NoAnswer } from './transport.ts';

/**
 * Whether JIRA could not answer just now and may do so later: it is down, cannot be reached, or asked for less. A wrong
 * token, a wrong address, an answer that Dexter does not understand or a bug is none of these: waiting mends no such thing.
 */
export function isJiraDown(error: unknown): boolean {
  if (!(error instanceof AppError) || error.code !== 'jira-failed') return false;
  const { cause } = error;
  if (isApiError(cause)) return cause.status === 408 || cause.status === 429 || cause.status >= 500;
  return isNetworkError(cause) || cause instanceof NoAnswer;
}
