import { createHash } from 'node:crypto';
import type { ContextSeen } from '../core/context-seen.ts';
import { storable } from '../core/storable.ts';
import type { ChecksFacts, GitHubComment, ThreadFacts } from '../github/context.ts';
import { oneLine, pathCell } from './cut.ts';
import { entryOf } from './pull-request-sections.ts';
import { type ContextFacts, titleOfJira } from './render.ts';
import { ticketFields } from './render-ticket.ts';

/**
 * The ticket and the pull request as parts that change one by one. A command on one of them may not read the other one,
 * and GitHub may refuse a part: what is not here was not looked at, which is not to say that it is gone.
 */
export interface ContextItems {
  fields: ContextField[];
  /** Oldest first. */
  comments: ContextComment[];
  /** Beginnings of the ids of which all comments are here, so that one that is missing was removed. */
  whole: string[];
  /** Absent when they were not read. */
  attachments?: { id: string; name: string }[];
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
  /** Of the thread or the review that asked, which is shown with each command there, new or not. */
  isApart?: boolean;
}

/** Written into each comment that Dexter posts on GitHub. */
const ownMark = /<!-- dexter:[0-9a-f-]{36} -->/;

export function itemsOf(facts: ContextFacts): ContextItems {
  const { ticket, issue, pullRequest, thread, reviewLines = [] } = facts;
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
            ...(pullRequest.checks
              ? [{ name: 'Failing checks', value: failingChecks(pullRequest.checks) }]
              : []),
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
      ...(pullRequest?.threads ?? []).flatMap(linesOf),
      ...[...(thread ? [thread] : []), ...reviewLines]
        .flatMap(linesOf)
        .map((line) => ({ ...line, isApart: true })),
    ],
    whole: ticket && ticket.olderComments === 0 ? ['jira:'] : [],
    ...(ticket ? { attachments: ticket.attachments.map(({ id, name }) => ({ id, name })) } : {}),
  };
}

function linesOf(thread: ThreadFacts): ContextComment[] {
  return thread.comments.map((comment) => fromGitHub('line', comment, `a review of ${placeOf(thread)}`));
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

function failingChecks({ failing }: ChecksFacts): string {
  return failing.map(({ name }) => oneLine(name)).join(', ');
}

const nothingSeen: ContextSeen = { fields: {}, comments: {}, attachments: {} };

/**
 * What a conversation has seen that was told `items` after it had seen `before`: as the ledger can keep it, so that it
 * compares equal later. `asked` is the comment that was its instruction, which may be none of the items.
 */
export function seenOf(items: ContextItems, before: ContextSeen = nothingSeen, asked?: string): ContextSeen {
  const { fields, comments, attachments } = items;
  const kept = (pairs: [string, string][]) =>
    Object.fromEntries(pairs.map(([key, value]) => [storable(key), storable(value)]));
  const removed = new Set(removedIds(before, items));
  const left = Object.entries(before.comments).filter(([id]) => !removed.has(id));
  return {
    fields: { ...before.fields, ...kept(fields.map(({ name, value }) => [name, value])) },
    comments: {
      ...(asked === undefined ? {} : { [storable(asked)]: notHashed }),
      ...Object.fromEntries(left),
      ...kept(comments.map((comment) => [comment.id, hashOf(comment)])),
    },
    attachments: attachments ? kept(attachments.map(({ id, name }) => [id, name])) : before.attachments,
  };
}

/** Ids of comments that were seen and are gone, as far as that can be told. */
export function removedIds(seen: ContextSeen, { comments, whole }: ContextItems): string[] {
  const there = new Set(comments.map(({ id }) => id));
  return Object.keys(seen.comments).filter(
    (id) => !there.has(id) && whole.some((beginning) => id.startsWith(beginning)),
  );
}

/** In place of the hash of a comment whose text was not among what was read. */
export const notHashed = '';

/** Short: it only has to tell two versions of one comment apart. */
export function hashOf({ text }: ContextComment): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
