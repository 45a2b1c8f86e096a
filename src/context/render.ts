import type { GitHubComment, IssueFacts, PullRequestFacts, ThreadFacts } from '../github/context.ts';
import type { JiraComment, JiraTicket } from '../jira/ticket.ts';
import { shorten } from './cut.ts';
import {
  commentText,
  type Entry,
  entryOf,
  lineSection,
  pullRequestSection,
  pullRequestState,
  threadSection,
  tie,
  unreadableNote,
} from './pull-request-sections.ts';
import { commentRemarks, ticketSection } from './render-ticket.ts';

/** What is known of the ticket and the pull request when a command is about to run. */
export interface ContextFacts {
  ticket?: JiraTicket;
  /** Account of Dexter itself on the ticket's site. */
  ownAccountId?: string | undefined;
  issue?: IssueFacts;
  pullRequest?: PullRequestFacts;
  /** The review thread that asked. */
  thread?: ThreadFacts;
  /** The line comments of the review that asked. */
  reviewLines?: ThreadFacts[];
  /** What is to be known about all this, such as how old it is; Dexter's own words. */
  notices?: readonly string[];
}

/** Of one comment in a first message. */
const longestComment = 8_000;

/**
 * The context as Markdown of at most `limit` characters, and each comment of at most `mostOfComment`. What does not
 * fit is left out by rule: the oldest comments, then the middle of long code blocks, then the ends of long texts. The
 * Markdown says how much is missing.
 */
export function renderContext(facts: ContextFacts, limit: number, mostOfComment = longestComment): string {
  const comments = [
    ...(facts.ticket?.comments ?? []).map(fromJira),
    ...conversation(facts).map(entryOf),
  ].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const missing = (facts.ticket?.olderComments ?? 0) + olderOnGitHub(facts);
  const fixed = [
    (facts.notices ?? []).map((notice) => `(${notice})`).join('\n\n'),
    ticketSection(facts.ticket),
    issueSection(facts.issue),
    pullRequestSection(facts.pullRequest),
  ]
    .concat(threadSection(facts.thread), (facts.reviewLines ?? []).map(lineSection))
    .concat(pullRequestState(facts.pullRequest))
    .filter((section) => section !== '');
  const head = shortenEach(fixed, Math.max(limit - 4_000, Math.floor(limit / 2))).join('\n\n');
  const kept = newestThatFit(comments, limit - head.length - 200, mostOfComment);
  const leftOut = missing + comments.length - kept.length;
  const sections = [
    ...(head === '' ? [] : [head]),
    ...(kept.length + leftOut > 0 ? ['## Comments, oldest first'] : []),
    ...(leftOut > 0 ? [`(${leftOut} older ${leftOut === 1 ? 'comment is' : 'comments are'} left out)`] : []),
    ...kept.map(commentText),
  ];
  return shorten(sections.join('\n\n'), limit);
}

/** Cuts the long texts to what the short ones leave of the room, so that none pushes another one out. */
function shortenEach(texts: string[], room: number): string[] {
  const shortest = [...texts.keys()].sort((a, b) => (texts[a]?.length ?? 0) - (texts[b]?.length ?? 0));
  const shortened = [...texts];
  let left = room - 2 * Math.max(0, texts.length - 1);
  for (const [done, index] of shortest.entries()) {
    const text = shorten(texts[index] ?? '', Math.max(0, Math.floor(left / (texts.length - done))));
    shortened[index] = text;
    left -= text.length;
  }
  return shortened;
}

function conversation(facts: ContextFacts): GitHubComment[] {
  return facts.pullRequest?.comments ?? facts.issue?.comments ?? [];
}

function olderOnGitHub(facts: ContextFacts): number {
  return facts.pullRequest?.olderComments ?? facts.issue?.olderComments ?? 0;
}

function issueSection(issue: IssueFacts | undefined): string {
  if (!issue) return '';
  const by = issue.author === undefined ? '' : `\nOpened by: ${issue.author}${tie(issue)}`;
  const note = unreadableNote(issue.unreadable);
  return `# GitHub issue #${issue.number}: ${issue.title}\n\nLink: ${issue.url}${by}${note && `\n\n${note}`}\n\n## Description\n\n${issue.body || '(none)'}`;
}

export function titleOfJira(comment: JiraComment): string {
  const { author, createdAt } = comment;
  return `${author.displayName} on JIRA, ${createdAt}${commentRemarks(comment)}`;
}

function fromJira(comment: JiraComment): Entry {
  return { at: comment.createdAt, title: titleOfJira(comment), text: comment.text };
}

function newestThatFit(entries: Entry[], room: number, mostOfComment: number): Entry[] {
  const kept: Entry[] = [];
  let left = room;
  for (const entry of entries.toReversed()) {
    // The newest one is cut rather than left out.
    const most = kept.length > 0 ? mostOfComment : left - entry.title.length - 8;
    const short = { ...entry, text: shorten(entry.text, Math.min(mostOfComment, Math.max(0, most))) };
    left -= commentText(short).length + 2;
    if (left < 0) break;
    kept.unshift(short);
  }
  return kept;
}
