import type { Octokit } from 'octokit';
import { z } from 'zod';
import type { Origin, RepositoryRef } from '../core/command.ts';
import { AppError, messageOf } from '../core/errors.ts';
import { isRateLimited } from './graphql.ts';

/** An octokit that speaks for the app itself (no argument) or for one of its installations. */
export type Authenticate = (installationId?: number) => Promise<Octokit>;

export interface GitHubActor {
  id: number;
  login: string;
  type: string;
}

/** A comment or review as it is now. */
export interface RequestText {
  text: string;
  author: GitHubActor;
  createdAt: string;
  url: string;
}

/** A place on GitHub that is answered. */
export type GitHubOrigin = Extract<Origin, { installationId: number }>;

/** A comment or review that asked. */
export type CommentOrigin = Exclude<GitHubOrigin, { kind: 'dashboard-github' }>;

/** Where an origin is answered: what the dashboard does again, in the place that asked first. */
export function answeredAt(origin: GitHubOrigin): GitHubOrigin {
  if (origin.kind !== 'dashboard-github' || !origin.at) return origin;
  const { installationId, repository, number, at } = origin;
  const where = { installationId, repository, number };
  return at.kind === 'github-review'
    ? { kind: at.kind, ...where, reviewId: at.id }
    : { kind: at.kind, ...where, commentId: at.id };
}

/** `write` and `admin` may command Dexter. */
export type Permission = 'admin' | 'write' | 'read' | 'none';

/** Where a comment of Dexter's stands. */
export interface CommentPlace {
  kind: 'issue' | 'review';
  id: number;
}

export interface InstalledRepository {
  installationId: number;
  repository: RepositoryRef;
  /** Undefined in an empty repository. */
  defaultBranch: string | undefined;
  isPrivate: boolean;
  /** The text of `.github/dexter.yml` on the default branch; null without one, empty when it is no text. */
  settings: string | null;
}

/** Answers of GitHub that a caller handles: anything else is wrapped as `github-failed`. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  return typeof error.status === 'number' ? error.status : undefined;
}

/**
 * An error of octokit as `github-failed`, with GitHub's status; an AppError stays what it is. `what` completes
 * "GitHub failed while …".
 */
export function githubError(what: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const status = statusOf(error);
  if (status !== undefined && !isAnswer(error)) return unreachable(what, error);
  const limit = rateLimitOf(error);
  if (limit) {
    return new AppError('github-failed', {
      message: `GitHub takes no more requests of Dexter for now (${limit}), which stopped it while ${what}.`,
      hint: 'Wait until then and use `retry`; when it happens often, an administrator looks at what else uses the app.',
      cause: error,
    });
  }
  return new AppError('github-failed', {
    message: `GitHub failed while ${what}${status ? ` (HTTP ${status})` : ''}.`,
    hint:
      status === 403 || status === 404
        ? "Check that the Dexter app is installed on this repository with the permissions of app.yml, and that the installation's requests for new permissions were accepted."
        : 'Try again with `retry`; githubstatus.com tells whether GitHub has an incident.',
    cause: error instanceof Error ? error : new Error(messageOf(error)),
  });
}

/** Octokit calls it status 500 as well when nobody answered. */
function isAnswer(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'response' in error && error.response !== undefined;
}

function unreachable(what: string, error: unknown): AppError {
  return new AppError('github-failed', {
    message: `GitHub could not be reached while ${what}: ${messageOf(error)}.`,
    hint: 'Check the network, the proxy and GITHUB_API_URL, then try again.',
    cause: error instanceof Error ? error : new Error(messageOf(error)),
  });
}

/**
 * Until when GitHub takes no more requests, in words; undefined when that is not what it says.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
function rateLimitOf(error: unknown): string | undefined {
  const status = statusOf(error);
  const headers = headersOf(error);
  const wait = Number(headers['retry-after']);
  const isLimit =
    isRateLimited(error) ||
    status === 429 ||
    (status === 403 && (headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0'));
  if (!isLimit) return undefined;
  if (Number.isFinite(wait) && wait > 0) return `for another ${wait} seconds`;
  const reset = Number(headers['x-ratelimit-reset']);
  return Number.isFinite(reset) && reset > 0
    ? `until ${new Date(reset * 1000).toISOString().slice(11, 16)} UTC`
    : 'the limit is used up';
}

/** Of REST's errors they stand in the response, of GraphQL's in the error. */
function headersOf(error: unknown): Record<string, unknown> {
  const { success, data } = WithHeaders.safeParse(error);
  return (success ? (data.headers ?? data.response?.headers) : undefined) ?? {};
}

const Headers = z.record(z.string(), z.unknown()).nullish();
const WithHeaders = z.object({
  headers: Headers,
  response: z.object({ headers: Headers }).nullish(),
});

/** Runs a request to GitHub, naming what it was for when it fails. */
export async function say<T>(what: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw githubError(what, error);
  }
}

/** A repository as octokit's parameters name it. */
export function place(repository: RepositoryRef): { owner: string; repo: string } {
  return { owner: repository.owner, repo: repository.name };
}
