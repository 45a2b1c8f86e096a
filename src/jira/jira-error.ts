import { isApiError, isAuthError, isForbiddenError, isNotFoundError, isRateLimitError } from 'jira.js';
import { AppError, messageOf } from '../core/errors.ts';
import type { JiraSite } from './site.ts';

/** An error of the library as `ticket-unreadable` or `jira-failed`; `what` completes "JIRA failed while …". */
export function jiraError(site: JiraSite, what: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const at = `JIRA (${site.url})`;
  if (isAuthError(error)) {
    return new AppError('jira-failed', {
      message: `${at} did not accept Dexter's credentials while ${what}.`,
      hint: `An administrator renews the API token of ${site.email} and restarts Dexter.`,
      cause: error,
    });
  }
  // JIRA answers 404 for both, so as not to tell a stranger which tickets exist.
  if (isNotFoundError(error) || isForbiddenError(error)) {
    return new AppError('ticket-unreadable', {
      message: `${at} did not let Dexter finish ${what}: the ticket does not exist (any more) or ${site.email} may not see it.`,
      hint: 'Check that the ticket exists, and give that account the "Browse projects" and "Add comments" permissions.',
      cause: error,
    });
  }
  if (isRateLimitError(error)) {
    const seconds = error.retryAfterMs === undefined ? undefined : Math.ceil(error.retryAfterMs / 1000);
    const wait = seconds === undefined ? 'in some minutes' : `in ${seconds} s`;
    return new AppError('jira-failed', {
      message: `${at} asked Dexter to slow down while ${what}${seconds === undefined ? '' : `, for ${seconds} s`}.`,
      hint: `Try again ${wait} with \`retry\`.`,
      ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
      cause: error,
    });
  }
  const status = isApiError(error) ? ` (HTTP ${error.status})` : '';
  return new AppError('jira-failed', {
    message: `${at} failed while ${what}${status}.`,
    hint: 'Check that JIRA can be reached from the app, then try again with `retry`.',
    cause: error instanceof Error ? error : new Error(messageOf(error)),
  });
}

/** Every account may read itself: where that is not found, there is no JIRA. */
export function noSuchSite(site: JiraSite, cause: unknown): AppError {
  const address = site.apiUrl ?? site.url;
  return new AppError('jira-failed', {
    message: `There is no JIRA at ${address}, the address of the connection "${site.name}": it answered 404 to Dexter reading its own account.`,
    hint: `An administrator corrects \`${site.apiUrl ? 'apiUrl' : 'url'}\` of \`jira.${site.name}\` in dexter.yml (\`url\` is the site's address; \`apiUrl\`, if given, the API's) and restarts Dexter.`,
    cause,
  });
}
