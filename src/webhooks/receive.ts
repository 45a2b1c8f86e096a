import { acceptCommand } from '../jobs/accept.ts';
import { projectsOf } from '../jobs/connections.ts';
import type { Services } from '../jobs/services.ts';
import { issueKeyOfPullRequest } from '../ledger/sessions.ts';
import { commandFromComment, type GitHubComment } from './command-from-comment.ts';

/** Takes a comment in as a command when it addresses Dexter: the row and its place in the queue, nothing else. */
export async function receive(services: Services, comment: GitHubComment): Promise<void> {
  const { repository, number } = comment.origin;
  const reading = commandFromComment(
    { ...comment, knownIssueKey: await issueKeyOfPullRequest(services.db, repository.id, number) },
    { name: services.name, jiraProjects: [...projectsOf(services, repository).keys()] },
  );
  if (reading.outcome === 'ignored') {
    services.log.debug({ origin: comment.origin, reason: reading.reason }, 'comment ignored');
    return;
  }
  await acceptCommand(services, reading.command);
}
