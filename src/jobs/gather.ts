import type { ContextFacts } from '../context/render.ts';
import type { RepositoryRef } from '../core/command.ts';
import { readIssue, readPullRequest, readReviewLines, readThread } from '../github/context.ts';
import type { GitHubOrigin } from '../github/github.ts';
import type { NewestComments } from '../jira/read-ticket.ts';
import type { CommandRow } from '../ledger/tables.ts';
import { connectionOf, jiraOf } from './connections.ts';
import type { Services } from './services.ts';

/**
 * Fetches the ticket and the pull request of a command, once, before a runner starts. `newest` are comments of the
 * ticket that were read for the command already.
 * @throws AppError `ticket-unreadable`, `jira-failed` or `github-failed`.
 */
export async function gather(
  services: Services,
  row: CommandRow,
  where: { installationId: number; repository: RepositoryRef },
  newest?: NewestComments,
): Promise<ContextFacts> {
  const { origin } = row;
  if (origin.kind === 'jira-comment' || origin.kind === 'jira-label') {
    return { ticket: await connectionOf(services, origin).jira.readTicket(origin.issueKey, newest) };
  }
  if (origin.kind === 'retention') return {};
  const [ticket, onGitHub] = await Promise.all([
    ticketOf(services, row.issue_key),
    gatherFromGitHub(services, origin, where),
  ]);
  return { ...onGitHub, ticket };
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
async function ticketOf(services: Services, issueKey: string): Promise<ContextFacts['ticket']> {
  return (await jiraOf(services, issueKey))?.readTicket(issueKey);
}
