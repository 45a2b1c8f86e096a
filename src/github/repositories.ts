import type { RepositoryRef } from '../core/command.ts';
import {
  type Authenticate,
  githubError,
  type InstalledRepository,
  type Permission,
  place,
  say,
  statusOf,
} from './github.ts';

/**
 * What a person may do in a repository, asked live. Whatever GitHub does not answer clearly is `none`, so
 * an outage never lets anybody in; the caller tells an error from a plain no by `reason`.
 */
export async function permissionOf(
  auth: Authenticate,
  installationId: number,
  repository: RepositoryRef,
  login: string,
): Promise<{ permission: Permission; reason?: string }> {
  try {
    const octokit = await auth(installationId);
    const { data } = await octokit.rest.repos.getCollaboratorPermissionLevel({
      ...place(repository),
      username: login,
    });
    const { permission } = data;
    const known = permission === 'admin' || permission === 'write' || permission === 'read';
    return { permission: known ? permission : 'none' };
  } catch (error) {
    if (statusOf(error) === 404) return { permission: 'none' };
    return { permission: 'none', reason: githubError('asking for the permission', error).message };
  }
}

/** The repository and its installation; undefined when the app is not installed on it or it does not exist. */
export async function findInstalled(
  auth: Authenticate,
  owner: string,
  name: string,
): Promise<InstalledRepository | undefined> {
  try {
    const app = await auth();
    const { data: installation } = await app.rest.apps.getRepoInstallation({ owner, repo: name });
    const octokit = await auth(installation.id);
    const { data } = await octokit.rest.repos.get({ owner, repo: name });
    return {
      installationId: installation.id,
      repository: { id: data.id, owner: data.owner.login, name: data.name },
    };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw githubError(`looking for the repository ${owner}/${name}`, error);
  }
}

/** A token for one repository, good for what a run needs and for an hour. */
export async function runnerToken(
  auth: Authenticate,
  installationId: number,
  repositoryId: number,
): Promise<string> {
  return say('making the token of the run', async () => {
    const app = await auth();
    const { data } = await app.rest.apps.createInstallationAccessToken({
      installation_id: installationId,
      repository_ids: [repositoryId],
      permissions: { contents: 'write', pull_requests: 'write', metadata: 'read' },
    });
    return data.token;
  });
}

/** Name and e-mail of the app's own account, as GitHub attributes commits. */
export async function committer(
  auth: Authenticate,
  installationId: number,
): Promise<{ name: string; email: string }> {
  return say("reading the app's own account", async () => {
    const app = await auth();
    const { data } = await app.rest.apps.getAuthenticated();
    const name = `${data?.slug ?? 'dexter'}[bot]`;
    const octokit = await auth(installationId);
    try {
      const { data: user } = await octokit.rest.users.getByUsername({ username: name });
      return { name, email: `${user.id}+${name}@users.noreply.github.com` };
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
      return { name, email: `${name}@users.noreply.github.com` };
    }
  });
}
