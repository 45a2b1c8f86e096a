import type { ContextFacts } from '../context/render.ts';
import type { Conversation } from '../github/conversation.ts';
import type { CommandRow } from '../ledger/tables.ts';
import { connectionOf, jiraOf } from './connections.ts';
import { readTicket, type TicketReading, type TicketRequest } from './read-ticket.ts';
import type { Services } from './services.ts';

/** What was read to understand a command, and is not read twice. */
export interface ReadBefore {
  /** The comment of the ticket that the command is, with those that were read with it. */
  asked?: TicketRequest['asked'];
  /** All that GitHub says around the comment. */
  conversation?: Conversation | undefined;
}

/**
 * What is known of the ticket and the pull request of a command, once, before a runner starts. What GitHub says was
 * read with the comment that asked, as were the newest comments of a ticket.
 * @throws AppError `ticket-unreadable` or `jira-failed`.
 */
export async function gather(
  services: Services,
  row: CommandRow,
  { asked, conversation }: ReadBefore,
): Promise<ContextFacts> {
  const { origin } = row;
  if ('connection' in origin) {
    const { jira } = connectionOf(services, origin);
    return readTicket(services, jira, {
      commandId: row.id,
      issueKey: origin.issueKey,
      ...(asked ? { asked } : {}),
    });
  }
  if (origin.kind === 'retention' || !conversation) return {};
  const { issue, pullRequest, thread, reviewLines } = conversation;
  return {
    ...(issue ? { issue } : {}),
    ...(pullRequest ? { pullRequest } : {}),
    ...(thread ? { thread } : {}),
    ...(reviewLines ? { reviewLines } : {}),
    ...(await ticketOf(services, row)),
  };
}

/** The JIRA ticket of a command that was given on GitHub. */
async function ticketOf(services: Services, row: CommandRow): Promise<TicketReading | undefined> {
  const jira = await jiraOf(services, row.issue_key);
  return jira && readTicket(services, jira, { commandId: row.id, issueKey: row.issue_key });
}

/** Id of the comment that a command came from, among those of the context. */
export function askedIn(origin: CommandRow['origin']): string | undefined {
  if (origin.kind === 'jira-comment') return `jira:${origin.commentId}`;
  if (origin.kind === 'github-comment') return `github:${origin.commentId}`;
  if (origin.kind === 'github-review-comment') return `line:${origin.commentId}`;
  if (origin.kind === 'github-review') return `review:${origin.reviewId}`;
  return undefined;
}
