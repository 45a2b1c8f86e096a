import type { ContextFacts } from '../context/render.ts';
import type { RepositoryRef } from '../core/command.ts';
import { readIssue, readPullRequest, readReviewLines, readThread } from '../github/context.ts';
import type { GitHubOrigin } from '../github/github.ts';
import type { CommandRow } from '../ledger/tables.ts';
import { connectionOf, jiraOf } from './connections.ts';
import { readTicket, type TicketReading, type TicketRequest } from './read-ticket.ts';
import type { Services } from './services.ts';

/**
 * Reads the ticket and the pull request of a command, once, before a runner starts. `asked` is the comment of the ticket
 * that the command is, with those that were read with it.
 * @throws AppError `ticket-unreadable`, `jira-failed` or `github-failed`.
 */
export async function gather(
  services: Services,
  row: CommandRow,
  where: { installationId: number; repository: RepositoryRef },
  asked?: TicketRequest['asked'],
): Promise<ContextFacts> {
  const { origin } = row;
  if (origin.kind === 'jira-comment' || origin.kind === 'jira-label') {
    const { jira } = connectionOf(services, origin);
    return readTicket(services, jira, {
      commandId: row.id,
      issueKey: origin.issueKey,
      ...(asked ? { asked } : {}),
    });
  }
  if (origin.kind === 'retention') return {};
  const [onJira, onGitHub] = await Promise.all([
    ticketOf(services, row),
    gatherFromGitHub(services, origin, where),
  ]);
  return { ...onGitHub, ...onJira };
}

async function gatherFromGitHub(
  services: Services,
  origin: GitHubOrigin,
  where: { installationId: number; repository: RepositoryRef },
): Promise<ContextFacts> {
  const at = { ...where, number: origin.number };
  if (origin.kind === 'github-comment') {
    const issue = await readIssue(services.github, at);
    if (!issue.isPullRequest) return { issue };
    return { pullRequest: await readPullRequest(services.github, at) };
  }
  const pullRequest = await readPullRequest(services.github, at);
  if (origin.kind === 'github-review') {
    return { pullRequest, reviewLines: await readReviewLines(services.github, origin) };
  }
  return { pullRequest, thread: await readThread(services.github, origin) };
}

/** The JIRA ticket of a command that was given on GitHub. */
async function ticketOf(services: Services, row: CommandRow): Promise<TicketReading | undefined> {
  const jira = await jiraOf(services, row.issue_key);
  return jira && readTicket(services, jira, { commandId: row.id, issueKey: row.issue_key });
}
