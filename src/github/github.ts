import type { Octokit } from 'octokit';
import type { Origin, RepositoryRef } from '../core/command.ts';
import { AppError, messageOf } from '../core/errors.ts';

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

export type GitHubOrigin = Extract<Origin, { installationId: number }>;

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
