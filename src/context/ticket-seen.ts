import { createHash } from 'node:crypto';
import type { TicketSeen } from '../core/session.ts';
import { pullRequestSection } from './pull-request-sections.ts';
import { type ContextFacts, issueSection, ticketSection } from './render.ts';

/**
 * How much of the ticket a conversation has seen that was told `facts`: of the GitHub issue or the pull request
 * where there is no JIRA ticket.
 */
export function ticketSeen({ ticket, issue, pullRequest }: ContextFacts): TicketSeen {
  if (ticket) return seen(ticketSection(ticket), ticket.comments);
  if (issue) return seen(issueSection(issue), issue.comments);
  if (pullRequest) return seen(pullRequestSection(pullRequest), pullRequest.comments);
  return { hash: '', newestComment: '' };
}

/** Comments are oldest first. */
function seen(fields: string, comments: readonly { id: string | number }[]): TicketSeen {
  return {
    hash: createHash('sha256').update(fields).digest('hex'),
    newestComment: String(comments.at(-1)?.id ?? ''),
  };
}
