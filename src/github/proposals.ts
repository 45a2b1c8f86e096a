import type { Octokit } from 'octokit';
import type { RepositoryRef } from '../core/command.ts';
import { type Authenticate, place, say, statusOf } from './github.ts';

/** What stands in the way of a pull request, or not. */
export interface RepositoryState {
  repository: RepositoryRef;
  defaultBranch: string;
  isArchived: boolean;
  isDisabled: boolean;
  isFork: boolean;
}

export interface PullRequestState {
  number: number;
  state: 'open' | 'merged' | 'closed';
  body: string;
  url: string;
}

/** What an installation was granted; undefined when it is gone or suspended. */
export async function readGrants(
  auth: Authenticate,
  installationId: number,
): Promise<Record<string, string> | undefined> {
  return say('asking what the app was granted', async () => {
    const app = await auth();
    try {
      const { data } = await app.rest.apps.getInstallation({ installation_id: installationId });
      return data.suspended_at ? undefined : { ...data.permissions };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  });
}

/** The repository as it is now, under the name that it has now; undefined when it is not seen. */
export async function readRepositoryState(
  octokit: Octokit,
  repository: Pick<RepositoryRef, 'owner' | 'name'>,
): Promise<RepositoryState | undefined> {
  return say(`reading ${repository.owner}/${repository.name}`, async () => {
    try {
      const { data } = await octokit.rest.repos.get({ owner: repository.owner, repo: repository.name });
      return {
        repository: { id: data.id, owner: data.owner.login, name: data.name },
        defaultBranch: data.default_branch,
        isArchived: data.archived,
        isDisabled: data.disabled === true,
        isFork: data.fork,
      };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  });
}

/** The pull requests from a branch of the repository itself, newest first. */
export async function pullRequestsFrom(
  octokit: Octokit,
  repository: RepositoryRef,
  branch: string,
): Promise<PullRequestState[]> {
  return say(`looking for pull requests from ${branch}`, async () => {
    const { data } = await octokit.rest.pulls.list({
      ...place(repository),
      head: `${repository.owner}:${branch}`,
      state: 'all',
      sort: 'created',
      direction: 'desc',
      per_page: 20,
    });
    return data
      .map(({ number, state, merged_at, body, html_url }) => ({
        number,
        state: merged_at ? ('merged' as const) : state === 'open' ? ('open' as const) : ('closed' as const),
        body: body ?? '',
        url: html_url,
      }))
      .toSorted((one, other) => other.number - one.number);
  });
}

/** The text of a file on the default branch or at `ref`; empty for what is there and is no file, undefined when nothing is there. */
export async function readText(
  octokit: Octokit,
  repository: RepositoryRef,
  path: string,
  ref?: string,
): Promise<string | undefined> {
  return say(`reading ${path}`, async () => {
    try {
      const { data } = await octokit.rest.repos.getContent({
        ...place(repository),
        path,
        ...(ref === undefined ? {} : { ref }),
      });
      if (Array.isArray(data) || data.type !== 'file') return '';
      return Buffer.from(data.content, 'base64').toString('utf8');
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  });
}

/** Commit that a branch is at; undefined when there is no such branch, as in an empty repository. */
export async function headOf(
  octokit: Octokit,
  repository: RepositoryRef,
  branch: string,
): Promise<string | undefined> {
  return say(`looking for the branch ${branch}`, async () => {
    try {
      const { data } = await octokit.rest.git.getRef({ ...place(repository), ref: `heads/${branch}` });
      return data.object.sha;
    } catch (error) {
      const status = statusOf(error);
      // 409: the repository has no commit at all.
      if (status === 404 || status === 409) return undefined;
      throw error;
    }
  });
}

/** Makes a commit with these files on top of another one, on no branch yet. */
export async function commitFiles(
  octokit: Octokit,
  repository: RepositoryRef,
  { parent, message, files }: { parent: string; message: string; files: { path: string; content: string }[] },
): Promise<string> {
  return say('committing files', async () => {
    const where = place(repository);
    const { data: on } = await octokit.rest.git.getCommit({ ...where, commit_sha: parent });
    const { data: tree } = await octokit.rest.git.createTree({
      ...where,
      base_tree: on.tree.sha,
      tree: files.map(({ path, content }) => ({
        path,
        content,
        mode: '100644' as const,
        type: 'blob' as const,
      })),
    });
    const { data: commit } = await octokit.rest.git.createCommit({
      ...where,
      message,
      tree: tree.sha,
      parents: [parent],
    });
    return commit.sha;
  });
}

/** Lets a branch begin at a commit, whatever was on it before. */
export async function startBranch(
  octokit: Octokit,
  repository: RepositoryRef,
  branch: string,
  sha: string,
): Promise<void> {
  await say(`making the branch ${branch}`, async () => {
    const where = place(repository);
    try {
      await octokit.rest.git.createRef({ ...where, ref: `refs/heads/${branch}`, sha });
    } catch (error) {
      // It is there already.
      if (statusOf(error) !== 422) throw error;
      await octokit.rest.git.updateRef({ ...where, ref: `heads/${branch}`, sha, force: true });
    }
  });
}

/** Moves a branch on to a commit that follows what is on it. */
export async function moveBranch(
  octokit: Octokit,
  repository: RepositoryRef,
  branch: string,
  sha: string,
): Promise<void> {
  await say(`moving the branch ${branch}`, () =>
    octokit.rest.git.updateRef({ ...place(repository), ref: `heads/${branch}`, sha, force: false }),
  );
}

/** Opens a pull request; undefined when there is one from the branch already. */
export async function openPullRequest(
  octokit: Octokit,
  repository: RepositoryRef,
  request: { title: string; body: string; head: string; base: string },
): Promise<{ number: number; url: string } | undefined> {
  return say('opening the pull request', async () => {
    try {
      const { data } = await octokit.rest.pulls.create({ ...place(repository), ...request });
      return { number: data.number, url: data.html_url };
    } catch (error) {
      if (statusOf(error) === 422 && /already exists/i.test(String(error))) return undefined;
      throw error;
    }
  });
}

export async function editPullRequest(
  octokit: Octokit,
  repository: RepositoryRef,
  number: number,
  text: { title: string; body: string },
): Promise<void> {
  await say(`editing pull request #${number}`, () =>
    octokit.rest.pulls.update({ ...place(repository), pull_number: number, ...text }),
  );
}
