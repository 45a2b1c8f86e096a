import type { GitHub } from '../../demo/github/start-github.ts';

export interface NewPullRequest {
  title: string;
  branch: string;
  body?: string;
  /** The one file that it changes. */
  path?: string;
  content?: string;
}

/** A pull request of Maria's in the story's repository: a branch of main with one commit. */
export async function openPullRequest(
  github: GitHub,
  { title, branch, body = '', path = 'notes.md', content = 'One\n' }: NewPullRequest,
): Promise<{ number: number; sha: string }> {
  const repository = { owner: 'acme', repo: 'shop' };
  const { git, pulls, repos } = github.as('maria').rest;
  const { data: main } = await git.getRef({ ...repository, ref: 'heads/main' });
  await git.createRef({ ...repository, ref: `refs/heads/${branch}`, sha: main.object.sha });
  await repos.createOrUpdateFileContents({
    ...repository,
    branch,
    path,
    message: `Add ${path}`,
    content: Buffer.from(content).toString('base64'),
  });
  const { data } = await pulls.create({ ...repository, title, body, head: branch, base: 'main' });
  return { number: data.number, sha: data.head.sha };
}
