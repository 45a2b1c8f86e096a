import type { RepositoryRef } from '../core/command.ts';
import { type Authenticate, githubError, place, statusOf } from './github.ts';

/**
 * The title of an issue or a pull request, and which of the two it is; undefined when there is none of that number.
 * @throws AppError `github-failed`
 */
export async function readTitle(
  auth: Authenticate,
  where: { installationId: number; repository: RepositoryRef; number: number },
): Promise<{ title: string; isPullRequest: boolean } | undefined> {
  try {
    const octokit = await auth(where.installationId);
    const { data } = await octokit.rest.issues.get({
      ...place(where.repository),
      issue_number: where.number,
    });
    return { title: data.title, isPullRequest: data.pull_request !== undefined };
  } catch (error) {
    const status = statusOf(error);
    if (status === 404 || status === 410) return undefined;
    throw githubError(`reading #${where.number}`, error);
  }
}
