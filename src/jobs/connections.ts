import type { Origin, RepositoryRef } from '../core/command.ts';
import { AppError } from '../core/errors.ts';
import { isJiraKey, projectOf } from '../core/issue-key.ts';
import type { Jira } from '../jira/client.ts';
import { lastFromJira } from '../ledger/commands.ts';
import type { JiraConnection, Services } from './services.ts';

/** The JIRA site that a command came from. */
export function connectionOf(
  services: Pick<Services, 'jira'>,
  origin: Extract<Origin, { connection: string }>,
): JiraConnection {
  const connection = services.jira.get(origin.connection);
  if (connection) return connection;
  throw new AppError('config-invalid', {
    message: `The JIRA connection "${origin.connection}" is not in the configuration any more.`,
    hint: 'An administrator adds it to dexter.yml again and restarts Dexter.',
  });
}

/**
 * The JIRA site that an issue key belongs to: the one that its earlier commands came from, else the only one
 * whose configuration knows its project.
 */
export async function jiraOf(
  services: Pick<Services, 'jira' | 'db'>,
  issueKey: string,
): Promise<Jira | undefined> {
  if (!isJiraKey(issueKey)) return undefined;
  const earlier = await lastFromJira(services.db, issueKey);
  if (earlier && 'connection' in earlier.origin) return services.jira.get(earlier.origin.connection)?.jira;
  const project = projectOf(issueKey);
  const owners = [...services.jira.values()].filter(({ projects }) => Object.hasOwn(projects, project));
  return owners.length === 1 ? owners[0]?.jira : undefined;
}

/**
 * JIRA projects that the configuration gives to this repository, with the names of their connections. The title of a
 * pull request, and the dashboard, name a ticket of these only: otherwise anybody could open any ticket from a
 * repository of their own.
 */
export function projectsOf(
  services: Pick<Services, 'jira'>,
  { owner, name }: Pick<RepositoryRef, 'owner' | 'name'>,
): Map<string, string[]> {
  const here = `${owner}/${name}`.toLowerCase();
  const found = new Map<string, string[]>();
  for (const [connection, { projects }] of services.jira) {
    for (const [project, repositories] of Object.entries(projects)) {
      if (![repositories].flat().some((one) => one.toLowerCase() === here)) continue;
      found.set(project, [...(found.get(project) ?? []), connection]);
    }
  }
  return found;
}
