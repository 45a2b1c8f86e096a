import type { GitHubComment, IssueFacts, PullRequestFacts, ThreadFacts } from '../github/context.ts';
import type { JiraTicket } from '../jira/client.ts';
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

/** What is known of the ticket and the pull request when a command is about to run. */
export interface ContextFacts {
  ticket?: JiraTicket;
  issue?: IssueFacts;
  pullRequest?: PullRequestFacts;
  /** The review thread that asked. */
  thread?: ThreadFacts;
  /** The line comments of the review that asked. */
  reviewLines?: ThreadFacts[];
}

const longestComment = 8_000;

/**
 * The context as Markdown of at most `limit` characters. What does not fit is left out by rule, oldest
 * comments first, then the ends of long texts, and the Markdown says how much is missing.
 */
export function renderContext(facts: ContextFacts, limit: number): string {
  const comments = [
    ...(facts.ticket?.comments ?? []).map(fromJira),
    ...conversation(facts).map(entryOf),
  ].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const missing = (facts.ticket?.olderComments ?? 0) + olderOnGitHub(facts);
  const fixed = [
    ticketSection(facts.ticket),
    issueSection(facts.issue),
    pullRequestSection(facts.pullRequest),
  ]
    .concat(threadSection(facts.thread), (facts.reviewLines ?? []).map(lineSection))
    .concat(pullRequestState(facts.pullRequest))
    .filter((section) => section !== '');
  const head = shortenEach(fixed, Math.max(limit - 4_000, Math.floor(limit / 2))).join('\n\n');
  const kept = newestThatFit(comments, limit - head.length - 200);
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

export function ticketSection(ticket: JiraTicket | undefined): string {
  if (!ticket) return '';
  const fields = [
    `Link: ${ticket.url}`,
    field('Type', ticket.type),
    field('Status', ticket.status),
    field('Priority', ticket.priority),
    field('Labels', ticket.labels.join(', ')),
  ].filter(Boolean);
  return `# JIRA ticket ${ticket.key}: ${ticket.summary}\n\n${fields.join('\n')}\n\n## Description\n\n${ticket.description || '(none)'}`;
}

function field(name: string, value: string): string {
  return value === '' ? '' : `${name}: ${value}`;
}

export function issueSection(issue: IssueFacts | undefined): string {
  if (!issue) return '';
  const by = issue.author === undefined ? '' : `\nOpened by: ${issue.author}${tie(issue)}`;
  const note = unreadableNote(issue.unreadable);
  return `# GitHub issue #${issue.number}: ${issue.title}\n\nLink: ${issue.url}${by}${note && `\n\n${note}`}\n\n## Description\n\n${issue.body || '(none)'}`;
}

function fromJira(comment: JiraTicket['comments'][number]): Entry {
  const { author, createdAt, text } = comment;
  return { at: createdAt, title: `${author.displayName} on JIRA, ${createdAt}`, text };
}

function newestThatFit(entries: Entry[], room: number): Entry[] {
  const kept: Entry[] = [];
  let left = room;
  for (const entry of entries.toReversed()) {
    // The newest one is cut rather than left out.
    const most = kept.length > 0 ? longestComment : left - entry.title.length - 8;
    const short = { ...entry, text: shorten(entry.text, Math.min(longestComment, Math.max(0, most))) };
    left -= commentText(short).length + 2;
    if (left < 0) break;
    kept.unshift(short);
  }
  return kept;
}
