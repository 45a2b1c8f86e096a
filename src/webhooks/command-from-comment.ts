import { randomUUID } from 'node:crypto';
import { parseCommand } from '../commands/parse.ts';
import type { Actor } from '../core/command.ts';
import { githubIssueKey } from '../core/issue-key.ts';
import type { GitHubOrigin } from '../github/github.ts';
import { queueKeyFor } from '../jobs/accept.ts';
import { jiraKeyInTitle } from '../jobs/plan.ts';
import type { NewCommand } from '../ledger/commands.ts';

export type Reading = { outcome: 'ignored'; reason: string } | { outcome: 'command'; command: NewCommand };

export interface GitHubComment {
  origin: GitHubOrigin;
  actor: Extract<Actor, { from: 'github' }>;
  text: string | null;
  /** What the signed body says happened: the same for every delivery of it. */
  event: string;
  /** Title of the pull request; absent for issues. */
  pullRequestTitle?: string;
  /** Issue that the pull request was opened for by Dexter. */
  knownIssueKey?: string;
}

/** A comment as a command, when a person addresses Dexter in it. Pure: nothing is asked of anybody. */
export function commandFromComment(
  comment: GitHubComment,
  options: { name: string; jiraProjects: Iterable<string> },
): Reading {
  const { origin, actor } = comment;
  if (actor.type !== 'User') return { outcome: 'ignored', reason: 'not written by a person' };
  const text = comment.text ?? '';
  const parsed = parseCommand(text, options.name);
  if (parsed.outcome === 'none') return { outcome: 'ignored', reason: 'does not address Dexter' };
  const id = randomUUID();
  const issueKey =
    comment.knownIssueKey ??
    (comment.pullRequestTitle === undefined
      ? undefined
      : jiraKeyInTitle(comment.pullRequestTitle, options.jiraProjects)) ??
    githubIssueKey(origin.repository.id, origin.number);
  return {
    outcome: 'command',
    command: {
      id,
      dedupeKey: `github:${origin.installationId}:${origin.repository.id}:${comment.event}`,
      origin,
      actor,
      issueKey,
      queueKey: queueKeyFor(parsed.outcome === 'command' ? parsed.ask : undefined, issueKey, id),
      installationId: origin.installationId,
      repository: origin.repository,
      claimedText: text,
    },
  };
}
