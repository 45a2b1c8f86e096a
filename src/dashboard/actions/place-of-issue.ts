import type { DashboardOrigin } from '../../core/command.ts';
import { githubIssueKey, githubNumberOf, isJiraKey, projectOf } from '../../core/issue-key.ts';
import type { InstalledRepository } from '../../github/github.ts';
import { projectsOf } from '../../jobs/connections.ts';
import type { Services } from '../../jobs/services.ts';
import { newestOfIssue } from '../../ledger/commands.ts';

/**
 * Where an issue is answered: on GitHub where it began there, else on its ticket, which has to be of a project of the
 * repository, or to have been worked on in it. Where no connection knows the ticket, on the newest pull request that
 * was commented on for it. Undefined when this repository has nothing to do with the issue.
 */
export async function placeOfIssue(
  services: Pick<Services, 'db' | 'jira'>,
  { installationId, repository }: InstalledRepository,
  issueKey: string,
): Promise<DashboardOrigin | undefined> {
  const number = githubNumberOf(issueKey);
  if (number !== undefined) {
    if (githubIssueKey(repository.id, number) !== issueKey) return undefined;
    return { kind: 'dashboard-github', installationId, repository, number };
  }
  if (!isJiraKey(issueKey)) return undefined;
  const connection = await connectionOfTicket(services, repository, issueKey);
  if (connection !== undefined) return { kind: 'dashboard-jira', connection, issueKey };
  const commented = await newestOfIssue(services.db, issueKey, repository.id, 'github');
  if (!commented || !('number' in commented.origin)) return undefined;
  return { kind: 'dashboard-github', installationId, repository, number: commented.origin.number };
}

async function connectionOfTicket(
  { db, jira }: Pick<Services, 'db' | 'jira'>,
  repository: InstalledRepository['repository'],
  issueKey: string,
): Promise<string | undefined> {
  const earlier = await newestOfIssue(db, issueKey, repository.id, 'jira');
  if (earlier && 'connection' in earlier.origin && jira.has(earlier.origin.connection))
    return earlier.origin.connection;
  const [only, ...others] = projectsOf({ jira }, repository).get(projectOf(issueKey)) ?? [];
  return others.length === 0 ? only : undefined;
}
