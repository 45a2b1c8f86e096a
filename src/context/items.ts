import { createHash } from 'node:crypto';
import type { ContextSeen } from '../core/context-seen.ts';
import { storable } from '../core/storable.ts';
import type { GitHubComment, PullRequestFacts, ThreadFacts } from '../github/context.ts';
import { oneLine, pathCell } from './cut.ts';
import { entryOf } from './pull-request-sections.ts';
import { type ContextFacts, titleOfJira } from './render.ts';
import { ticketFields } from './render-ticket.ts';

/** The ticket and the pull request as parts that change one by one. */
export interface ContextItems {
  fields: ContextField[];
  /** Oldest first. */
  comments: ContextComment[];
  attachments: { id: string; name: string }[];
}

export interface ContextField {
  /** As people read it, unique: `Status`, `Description of the pull request`. */
  name: string;
  /** Text or Markdown; empty when it is not set. */
  value: string;
}

export interface ContextComment {
  /** Unique in all places where comments stand: `jira:10023`. */
  id: string;
  /** Who said it, where and when, as one line. */
  title: string;
  text: string;
  /** Written by Dexter: the conversation knows it as its own answer. */
  isOwn: boolean;
}

/** Written into each comment that Dexter posts on GitHub. */
const ownMark = /<!-- dexter:[0-9a-f-]{36} -->/;

export function itemsOf(facts: ContextFacts): ContextItems {
  const { ticket, issue, pullRequest } = facts;
  const conversation = pullRequest?.comments ?? issue?.comments ?? [];
  return {
    fields: [
      ...(ticket ? ticketFields(ticket) : []),
      ...(issue
        ? [
            { name: 'Title of the issue', value: issue.title },
            { name: 'Description of the issue', value: issue.body },
          ]
        : []),
      ...(pullRequest
        ? [
            { name: 'Title of the pull request', value: pullRequest.title },
            { name: 'Base branch', value: pullRequest.base },
            { name: 'Failing checks', value: failingChecks(pullRequest) },
            { name: 'Description of the pull request', value: pullRequest.body },
          ]
        : []),
    ],
    comments: [
      ...(ticket?.comments ?? []).map((comment) => ({
        id: `jira:${comment.id}`,
        title: titleOfJira(comment),
        text: comment.text,
        isOwn: comment.author.accountId === facts.ownAccountId,
      })),
      ...conversation.map((comment) => fromGitHub('github', comment, '')),
      ...(pullRequest?.reviews ?? []).map((review) => fromGitHub('review', review, 'a review')),
      ...(pullRequest?.threads ?? []).flatMap((thread) =>
        thread.comments.map((comment) => fromGitHub('line', comment, `a review of ${placeOf(thread)}`)),
      ),
    ],
    attachments: (ticket?.attachments ?? []).map(({ id, name }) => ({ id, name })),
  };
}

function fromGitHub(kind: string, comment: GitHubComment, where: string): ContextComment {
  return {
    id: `${kind}:${comment.id}`,
    title: `${entryOf(comment).title}${where && `, ${where}`}`,
    text: comment.text,
    isOwn: comment.author.endsWith('[bot]') && ownMark.test(comment.text),
  };
}

function placeOf({ path, line }: ThreadFacts): string {
  return line === undefined ? pathCell(path) : `${pathCell(path)}, line ${line}`;
}

function failingChecks({ checks }: PullRequestFacts): string {
  return (checks?.failing ?? []).map(({ name }) => oneLine(name)).join(', ');
}

/** What a conversation has seen that was told `items`: as the ledger can keep it, so that it compares equal later. */
export function seenOf({ fields, comments, attachments }: ContextItems): ContextSeen {
  const kept = (pairs: [string, string][]) =>
    Object.fromEntries(pairs.map(([key, value]) => [storable(key), storable(value)]));
  return {
    fields: kept(fields.map(({ name, value }) => [name, value])),
    comments: kept(comments.map((comment) => [comment.id, hashOf(comment)])),
    attachments: kept(attachments.map(({ id, name }) => [id, name])),
  };
}

/** Short: it only has to tell two versions of one comment apart. */
export function hashOf({ text }: ContextComment): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
