import { z } from 'zod';
import type { RepositoryRef } from '../core/command.ts';
import { repositoryQuery } from './conversation-query.ts';
import {
  type Authenticate,
  githubError,
  type InstalledRepository,
  type Permission,
  place,
  say,
  statusOf,
} from './github.ts';
import { askGraphQL } from './graphql.ts';

/**
 * What a person may do in a repository, asked live. Whatever GitHub does not answer clearly is `none`, so
 * an outage never lets anybody in; the caller tells an error from a plain no by `reason`.
 */
export async function permissionOf(
  auth: Authenticate,
  installationId: number,
  repository: RepositoryRef,
  login: string,
): Promise<{ permission: Permission; userId?: number; reason?: string }> {
  try {
    const octokit = await auth(installationId);
    const { data } = await octokit.rest.repos.getCollaboratorPermissionLevel({
      ...place(repository),
      username: login,
    });
    const { permission, user } = data;
    const known = permission === 'admin' || permission === 'write' || permission === 'read';
    return { permission: known ? permission : 'none', ...(user ? { userId: user.id } : {}) };
  } catch (error) {
    if (statusOf(error) === 404) return { permission: 'none' };
    return { permission: 'none', reason: githubError('asking for the permission', error).message };
  }
}

const RepositoryAnswer = z.object({
  repository: z
    .object({
      databaseId: z.number(),
      name: z.string(),
      owner: z.object({ login: z.string() }),
      defaultBranchRef: z.object({ name: z.string() }).nullable(),
      isPrivate: z.boolean(),
      settings: z.object({ text: z.string().nullish() }).nullable(),
    })
    .nullable(),
});

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
    const { data, problems } = await askGraphQL(octokit, repositoryQuery, { owner, name });
    const { repository } = RepositoryAnswer.parse(data);
    if (!repository) {
      if (problems.some(({ type }) => type === 'NOT_FOUND')) return undefined;
      throw new Error(problems.map(({ message }) => message).join('; ') || 'GitHub named no repository');
    }
    return {
      installationId: installation.id,
      repository: { id: repository.databaseId, owner: repository.owner.login, name: repository.name },
      defaultBranch: repository.defaultBranchRef?.name,
      isPrivate: repository.isPrivate,
      settings: repository.settings ? (repository.settings.text ?? '') : null,
    };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw githubError(`looking for the repository ${owner}/${name}`, error);
  }
}

const runPermissions = { contents: 'write', pull_requests: 'write', metadata: 'read' } as const;

/**
 * A token for one repository, good for what a run needs and for an hour. With it the logs of failing jobs can be
 * read, unless the app itself may not: a run does without them.
 */
export async function runnerToken(
  auth: Authenticate,
  installationId: number,
  repositoryId: number,
): Promise<string> {
  return say('making the token of the run', async () => {
    const app = await auth();
    const where = { installation_id: installationId, repository_ids: [repositoryId] };
    const mint = async (permissions: Record<string, 'read' | 'write'>) =>
      (await app.rest.apps.createInstallationAccessToken({ ...where, permissions })).data.token;
    try {
      return await mint({ ...runPermissions, actions: 'read' });
    } catch (error) {
      // GitHub refuses a token for more than the installation grants.
      if (statusOf(error) !== 422) throw error;
      return await mint(runPermissions);
    }
  });
}

/** Reads the id of the account that an installation is of once: an installation stays with its account. */
export function ownerReader(auth: Authenticate): (installationId: number) => Promise<number> {
  const known = new Map<number, number>();
  return async (installationId) => {
    const before = known.get(installationId);
    if (before !== undefined) return before;
    const id = await say('reading whose installation it is', async () => {
      const app = await auth();
      const { data } = await app.rest.apps.getInstallation({ installation_id: installationId });
      if (!data.account) throw new Error(`the installation ${installationId} has no account`);
      return data.account.id;
    });
    known.set(installationId, id);
    return id;
  };
}

/** The branch that GitHub runs workflows of by default, as it is now. */
export async function defaultBranchOf(
  auth: Authenticate,
  installationId: number,
  repository: RepositoryRef,
): Promise<string> {
  return say('reading the default branch', async () => {
    const octokit = await auth(installationId);
    return (await octokit.rest.repos.get(place(repository))).data.default_branch;
  });
}

export type Committer = { name: string; email: string };

/** Reads name and e-mail of the app's own account once: they do not change while the app runs. */
export function committerReader(auth: Authenticate): (installationId: number) => Promise<Committer> {
  let known: Promise<Committer> | undefined;
  return async (installationId) => {
    known ??= readCommitter(auth, installationId);
    try {
      return await known;
    } catch (error) {
      known = undefined;
      throw error;
    }
  };
}

/** Name and e-mail of the app's own account, as GitHub attributes commits. */
async function readCommitter(auth: Authenticate, installationId: number): Promise<Committer> {
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
