import { AppError } from '../core/errors.ts';
import { tokenClient } from '../github/token-client.ts';
import { type Onboarded, onboardRepository, type Skipped } from '../onboarding/onboard-repository.ts';
import type { InitOptions } from './init-options.ts';
import { leftLines, leftOf } from './left-to-do.ts';
import { plainJson } from './plain-text.ts';
import type { Terminal } from './terminal.ts';

/**
 * `dexter init --pull-request owner/name`: 0 when the repository has what it needs, or a pull request that adds it.
 * @throws AppError when there is no token, or nothing can be proposed.
 */
export async function initByPullRequest(
  options: InitOptions & { repository: { owner: string; name: string } },
  { env, print }: Terminal,
): Promise<number> {
  const { repository, template, serverUrl, apiUrl, json } = options;
  const token = env.GITHUB_TOKEN || env.GH_TOKEN;
  if (!token) {
    throw new AppError('input-invalid', {
      message: 'A pull request cannot be opened without GITHUB_TOKEN (or GH_TOKEN).',
      hint: 'Give a token that may write contents, pull requests and workflows: `GH_TOKEN=$(gh auth token) dexter init …`. In a clone, `dexter init` alone writes the files and needs none.',
    });
  }
  const fullName = `${repository.owner}/${repository.name}`;
  const onboarded = await onboardRepository({
    octokit: tokenClient(token, apiUrl),
    repository,
    template,
    serverUrl,
    name: env.DEXTER_NAME || 'dexter',
    mayWriteWorkflows: true,
    isAsked: true,
  });
  if (onboarded.outcome === 'skipped') throw impossible(fullName, onboarded.because);
  const number = 'number' in onboarded ? onboarded.number : undefined;
  const url = number === undefined ? undefined : `${serverUrl}/${fullName}/pull/${number}`;
  const left = leftOf({ repository, serverUrl });
  if (json) {
    const { outcome } = onboarded;
    const hasWorkflow = 'hasWorkflow' in onboarded ? { hasWorkflow: onboarded.hasWorkflow } : {};
    print(plainJson({ outcome, ...hasWorkflow, pullRequest: url ? { number, url } : null, left }));
    return 0;
  }
  print(`${said(onboarded, fullName)}${url ? `\n  ${url}` : ''}`);
  if ('hasWorkflow' in onboarded && !onboarded.hasWorkflow)
    print('The token may not write workflows, so the workflow is not in it: its text leads to the editor.');
  for (const line of leftLines(left)) print(line);
  return 0;
}

function said(onboarded: Exclude<Onboarded, { outcome: 'skipped' }>, fullName: string): string {
  switch (onboarded.outcome) {
    case 'opened':
      return `Opened a pull request on ${fullName}:`;
    case 'updated':
      return `Brought the open pull request on ${fullName} up to date:`;
    case 'open':
      return `There is an open pull request on ${fullName} already, and it is up to date:`;
    case 'merged':
      return `The pull request on ${fullName} was merged already, and there is nothing newer:`;
    case 'current':
      return `${fullName} has a workflow that works already: there is nothing to propose.`;
    case 'declined':
      return `The pull request on ${fullName} was closed:`;
  }
}

function impossible(fullName: string, because: Skipped): AppError {
  const reasons: Record<Skipped, [message: string, hint: string]> = {
    gone: ['does not exist, or the token does not see it', 'Check the name and whose token it is.'],
    archived: ['is archived', 'Unarchive it first.'],
    disabled: ['was disabled by GitHub', 'Whoever owns it can ask GitHub why.'],
    fork: ['is a fork', 'Use the repository that it was forked from.'],
    empty: ['has no commit yet', 'Push a first commit, then try again.'],
    'not-permitted': [
      'cannot be written to with this token',
      'Give a token that may write contents, pull requests and workflows.',
    ],
  };
  const [message, hint] = reasons[because];
  return new AppError('input-invalid', { message: `The repository ${fullName} ${message}.`, hint });
}
