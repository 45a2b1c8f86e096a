import type { RepositoryRef } from '../core/command.ts';
import { type Authenticate, place, say } from './github.ts';

/**
 * Since when an issue or a pull request is closed; undefined while it is open.
 * @throws AppError `github-failed`, also when there is no such issue.
 */
export async function readClosedSince(
  auth: Authenticate,
  where: { installationId: number; repository: RepositoryRef; number: number },
): Promise<Date | undefined> {
  return say(`reading #${where.number}`, async () => {
    const octokit = await auth(where.installationId);
    const { data } = await octokit.rest.issues.get({
      ...place(where.repository),
      issue_number: where.number,
    });
    return data.state === 'closed' && data.closed_at ? new Date(data.closed_at) : undefined;
  });
}
