import { setTimeout as sleep } from 'node:timers/promises';
import { Octokit } from 'octokit';
import { AppError, messageOf } from '../src/core/errors.ts';
import { isJiraKey } from '../src/core/issue-key.ts';
import type { Job } from '../src/core/job.ts';
import type { PullRequestRef } from '../src/core/report.ts';
import { breakClosing, neutralise } from '../src/report/neutralise.ts';
import { type Checkout, unpushedRefs } from './checkout.ts';
import { GitError } from './git.ts';
import type { Remote } from './remote.ts';
import type { Runner } from './runner.ts';

const longestTitle = 250;

/** Waits before a push is tried again after the connection failed. */
const pushWaits = [1_000, 4_000];

/** Pushes, never with force. What cannot be pushed is kept in the checkout under a ref of the command. */
export async function push(
  checkout: Checkout,
  head: string,
  remote: Remote,
  commandId: string,
): Promise<void> {
  try {
    await pushWithRetries(remote, head, checkout.branch);
  } catch (cause) {
    const ref = await keepUnpushed(checkout, head, commandId);
    throw pushRejected(checkout, ref, cause);
  }
}

async function pushWithRetries(remote: Remote, head: string, branch: string): Promise<void> {
  for (const wait of [...pushWaits, undefined]) {
    try {
      return await remote.push(head, branch);
    } catch (error) {
      if (wait === undefined || !isConnectionProblem(error)) throw error;
      await sleep(wait);
    }
  }
}

/** Keeps commits that are not on the server, so that a person can fetch them from the runner. Returns the ref. */
export async function keepUnpushed({ git }: Checkout, head: string, commandId: string): Promise<string> {
  const ref = `${unpushedRefs}/${commandId}`;
  await git(['update-ref', ref, head]);
  return ref;
}

/** Forgets what `keepUnpushed` kept for a command: it is on the server now. */
export async function dropUnpushed({ git }: Checkout, commandId: string): Promise<void> {
  await git(['update-ref', '-d', `${unpushedRefs}/${commandId}`]);
}

/** Whether the branch holds commits that its base does not, from this run or from an earlier one. */
export async function isAheadOfBase({ git, base, start }: Checkout, head: string): Promise<boolean> {
  if (head !== start) return true;
  return (await git(['rev-list', '--count', `refs/remotes/origin/${base}..${head}`, '--'])) !== '0';
}

function pushRejected({ branch, directory }: Checkout, ref: string, cause: unknown): AppError {
  const hasMoved = cause instanceof GitError && /non-fast-forward|fetch first/.test(cause.stderr);
  return new AppError('push-rejected', {
    message: hasMoved
      ? `The push to \`${branch}\` was rejected, because the branch moved while Dexter was working.`
      : `The push to \`${branch}\` was rejected: ${messageOf(cause)}`,
    hint: `Ask again: the same session goes on from the branch as it is now. Until then the commits are kept on the runner, in ${directory} under \`${ref}\`.`,
    cause,
  });
}

function isConnectionProblem(error: unknown): boolean {
  return (
    error instanceof GitError &&
    /could not resolve|timed out|connection (?:refused|reset)|returned error: 5\d\d|early EOF/i.test(
      error.stderr,
    )
  );
}

export interface PullRequestOptions {
  job: Job;
  checkout: Checkout;
  runner: Runner;
  token: string;
  /** Answer of the engine, Markdown, untrusted. */
  summary: string;
}

/** The open pull request of the branch; opened when there is none. */
export async function openPullRequest(options: PullRequestOptions): Promise<PullRequestRef> {
  const { checkout, job, runner, token } = options;
  const octokit = new Octokit({ auth: token, baseUrl: runner.apiUrl, userAgent: 'dexter-action' });
  const place = { owner: runner.owner, repo: runner.repository };
  try {
    const existing = await findOpen(octokit, place, checkout.branch);
    if (existing) return existing;
    const { data } = await octokit.rest.pulls.create({
      ...place,
      head: checkout.branch,
      base: checkout.base,
      title: pullRequestTitle(job),
      body: pullRequestBody(options),
    });
    return { number: data.number, url: data.html_url, branch: checkout.branch };
  } catch (cause) {
    // Another run may have opened it between the question and the request.
    const existing = await findOpen(octokit, place, checkout.branch).catch(() => undefined);
    if (existing) return existing;
    throw new AppError('pull-request-failed', {
      message: `The commits are on \`${checkout.branch}\`, but the pull request could not be opened: ${messageOf(cause)}`,
      hint: `Open it by hand from \`${checkout.branch}\`, or use \`retry\`.`,
      cause,
    });
  }
}

async function findOpen(
  octokit: Octokit,
  place: { owner: string; repo: string },
  branch: string,
): Promise<PullRequestRef | undefined> {
  const { data } = await octokit.rest.pulls.list({
    ...place,
    state: 'open',
    head: `${place.owner}:${branch}`,
  });
  const found = data.find(({ head }) => head.ref === branch);
  return found && { number: found.number, url: found.html_url, branch };
}

export function pullRequestTitle({ issueKey, target }: Job): string {
  const title =
    breakClosing(target.title.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim()) || `Changes for ${issueKey}`;
  const whole = isJiraKey(issueKey) && target.title.trim() !== '' ? `${issueKey}: ${title}` : title;
  // A squash merge makes it the subject of a commit.
  return whole.length <= longestTitle ? whole : `${whole.slice(0, longestTitle - 1)}…`;
}

export function pullRequestBody({ job, runner, summary }: PullRequestOptions): string {
  const { issueKey, target } = job;
  const ticket = /^https?:\/\/[^\s<>]+$/.test(target.ticketUrl)
    ? `[${issueKey}](<${target.ticketUrl}>)`
    : issueKey;
  return [
    `Ticket: ${ticket}`,
    target.closes === undefined ? '' : `Closes #${target.closes}`,
    neutralise(summary, { sameHost: runner.serverUrl }),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}
