import { Octokit } from 'octokit';
import type { RepositoryRef } from '../core/command.ts';
import { say } from './github.ts';

/** A client that speaks with one token, for programs outside of the app. */
export function tokenClient(token: string, apiUrl: string): Octokit {
  return new Octokit({ auth: token, baseUrl: apiUrl });
}

/** The repository of that name, with its id; an AppError when the token does not see it. */
export async function repositoryNamed(
  octokit: Pick<Octokit, 'request'>,
  owner: string,
  name: string,
): Promise<RepositoryRef> {
  const { data } = await say(`looking for the repository ${owner}/${name}`, () =>
    octokit.request('GET /repos/{owner}/{repo}', { owner, repo: name }),
  );
  return { id: Number(data.id), owner: data.owner.login, name: data.name };
}
