import type { GitHubComment, IssueFacts, PullRequestFacts, ThreadFacts } from '../github/context.ts';
import type { JiraTicket } from '../jira/client.ts';

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

interface Entry {
  title: string;
  text: string;
}

/**
 * The context as Markdown of at most `limit` characters. What does not fit is left out by rule, oldest
 * comments first, then the ends of long texts, and the Markdown says how much is missing.
 */
export function renderContext(facts: ContextFacts, limit: number): string {
  const comments = [...(facts.ticket?.comments ?? []).map(fromJira), ...conversation(facts).map(fromGitHub)];
  const missing = (facts.ticket?.olderComments ?? 0) + olderOnGitHub(facts);
  const fixed = [
    ticketSection(facts.ticket),
    issueSection(facts.issue),
    pullRequestSection(facts.pullRequest),
  ]
    .concat(threadSection(facts.thread), (facts.reviewLines ?? []).map(lineSection))
    .filter((section) => section !== '');
  const room = Math.max(limit - 4_000, Math.floor(limit / 2));
  const head = shorten(fixed.join('\n\n'), room);
  const kept = newestThatFit(comments, limit - head.length - 200);
  const leftOut = missing + comments.length - kept.length;
  return [
    head,
    ...(kept.length + leftOut > 0 ? ['## Comments, oldest first'] : []),
    ...(leftOut > 0 ? [`(${leftOut} older ${leftOut === 1 ? 'comment is' : 'comments are'} left out)`] : []),
    ...kept.map(commentText),
  ].join('\n\n');
}

function conversation(facts: ContextFacts): GitHubComment[] {
  return facts.pullRequest?.comments ?? facts.issue?.comments ?? [];
}

function olderOnGitHub(facts: ContextFacts): number {
  return facts.pullRequest?.olderComments ?? facts.issue?.olderComments ?? 0;
}

function ticketSection(ticket: JiraTicket | undefined): string {
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

function issueSection(issue: IssueFacts | undefined): string {
  if (!issue) return '';
  return `# GitHub issue #${issue.number}: ${issue.title}\n\nLink: ${issue.url}\n\n## Description\n\n${issue.body || '(none)'}`;
}

function pullRequestSection(pullRequest: PullRequestFacts | undefined): string {
  if (!pullRequest) return '';
  return `# Pull request #${pullRequest.number}: ${pullRequest.title}\n\nLink: ${pullRequest.url}\nBranch: ${pullRequest.branch} into ${pullRequest.base}\n\n## Description of the pull request\n\n${pullRequest.body || '(none)'}`;
}

function threadSection(thread: ThreadFacts | undefined): string[] {
  if (!thread) return [];
  return [`## The review thread that asks\n\n${lineSection(thread)}`];
}

function lineSection(thread: ThreadFacts): string {
  const at = thread.line === undefined ? thread.path : `${thread.path}, line ${thread.line}`;
  const said = thread.comments.map(fromGitHub).map(commentText).join('\n\n');
  return `### Review of ${at}\n\n${fenced(thread.hunk, 'diff')}${said ? `\n\n${said}` : ''}`;
}

function fromJira(comment: JiraTicket['comments'][number]): Entry {
  return { title: `${comment.author.displayName} on JIRA, ${comment.createdAt}`, text: comment.text };
}

function fromGitHub(comment: GitHubComment): Entry {
  return { title: `${comment.author} on GitHub, ${comment.createdAt}`, text: comment.text };
}

function commentText(entry: Entry): string {
  return `### ${entry.title}\n\n${entry.text}`;
}

function newestThatFit(entries: Entry[], room: number): Entry[] {
  const kept: Entry[] = [];
  let left = room;
  for (const entry of entries.toReversed()) {
    const short = { ...entry, text: shorten(entry.text, 8_000) };
    left -= commentText(short).length + 2;
    if (left < 0) break;
    kept.unshift(short);
  }
  return kept;
}

function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const note = `\n\n(${text.length - limit} more characters are left out)`;
  return `${text.slice(0, Math.max(0, limit - note.length)).replace(/[\ud800-\udbff]$/, '')}${note}`;
}

/** A code fence that the text cannot close. */
function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
