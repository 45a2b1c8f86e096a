import type { ContextFacts } from '../context/render.ts';
import type { Conversation } from '../github/conversation.ts';
import type { CommandRow } from '../ledger/tables.ts';
import { connectionOf, jiraOf } from './connections.ts';
import type { Services } from './services.ts';

/**
 * What is known of the ticket and the pull request of a command, once, before a runner starts. What GitHub says was
 * read with the comment that asked: `conversation`.
 * @throws AppError `ticket-unreadable` or `jira-failed`.
 */
export async function gather(
  services: Services,
  row: CommandRow,
  conversation: Conversation | undefined,
): Promise<ContextFacts> {
  const { origin } = row;
  if (origin.kind === 'jira-comment' || origin.kind === 'jira-label') {
    return { ticket: await connectionOf(services, origin).jira.readTicket(origin.issueKey) };
  }
  if (origin.kind === 'retention' || !conversation) return {};
  const { issue, pullRequest, thread, reviewLines } = conversation;
  const ticket = await ticketOf(services, row.issue_key);
  return {
    ...(issue ? { issue } : {}),
    ...(pullRequest ? { pullRequest } : {}),
    ...(thread ? { thread } : {}),
    ...(reviewLines ? { reviewLines } : {}),
    ticket,
  };
}

/** The JIRA ticket of a command that was given on GitHub. */
async function ticketOf(services: Services, issueKey: string): Promise<ContextFacts['ticket']> {
  return (await jiraOf(services, issueKey))?.readTicket(issueKey);
}
