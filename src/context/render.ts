import type { GitHubComment, IssueFacts, PullRequestFacts, ThreadFacts } from '../github/context.ts';
import type { JiraComment, JiraTicket } from '../jira/ticket.ts';
import { fenced } from './fence.ts';
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

/** The line that a review is about is the last one of its hunk. */
const longestHunk = 4_000;

/** Of one comment in a first message. */
const longestComment = 8_000;

/** Lines of a code block that stay when a text is too long: most from its beginning, some from its end. */
const codeLines = { first: 40, last: 15 };

interface Entry {
  /** ISO 8601 in UTC, so that texts sort as times do. */
  at: string;
  title: string;
  text: string;
}

/**
 * The context as Markdown of at most `limit` characters, and each comment of at most `mostOfComment`. What does not
 * fit is left out by rule: the oldest comments, then the middle of long code blocks, then the ends of long texts. The
 * Markdown says how much is missing.
 */
export function renderContext(facts: ContextFacts, limit: number, mostOfComment = longestComment): string {
  const comments = [
    ...(facts.ticket?.comments ?? []).map(fromJira),
    ...conversation(facts).map(fromGitHub),
  ].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const missing = (facts.ticket?.olderComments ?? 0) + olderOnGitHub(facts);
  const fixed = [
    (facts.notices ?? []).map((notice) => `(${notice})`).join('\n\n'),
    ticketSection(facts.ticket),
    issueSection(facts.issue),
    pullRequestSection(facts.pullRequest),
  ]
    .concat(threadSection(facts.thread), (facts.reviewLines ?? []).map(lineSection))
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
  return `### Review of ${at}\n\n${fenced(endOf(thread.hunk, longestHunk), 'diff')}${said ? `\n\n${said}` : ''}`;
}

export function titleOfJira(comment: JiraComment): string {
  const { author, createdAt } = comment;
  return `${author.displayName} on JIRA, ${createdAt}${commentRemarks(comment)}`;
}

export function titleOfGitHub({ author, createdAt }: GitHubComment): string {
  return `${author} on GitHub, ${createdAt}`;
}

function fromJira(comment: JiraComment): Entry {
  return { at: comment.createdAt, title: titleOfJira(comment), text: comment.text };
}

function fromGitHub(comment: GitHubComment): Entry {
  return { at: comment.createdAt, title: titleOfGitHub(comment), text: comment.text };
}

function commentText(entry: Entry): string {
  return `### ${entry.title}\n\n${entry.text}`;
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

/** The beginning of a text and how much is missing; just the beginning where the note has no room. */
export function shorten(whole: string, limit: number): string {
  if (whole.length <= limit) return whole;
  const text = withoutLongCode(whole);
  if (text.length <= limit) return text;
  const note = (missing: number) => `\n\n(${missing} more characters are left out)`;
  const room = limit - note(text.length).length;
  const kept = text.slice(0, Math.max(0, room > 0 ? room : limit)).replace(/[\ud800-\udbff]$/, '');
  return room > 0 ? kept + note(text.length - kept.length) : kept;
}

/** Long code blocks without their middle. */
function withoutLongCode(text: string): string {
  const lines = text.split('\n');
  const kept: string[] = [];
  for (let index = 0; index < lines.length; ) {
    const line = lines[index] ?? '';
    const fence = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    kept.push(line);
    index += 1;
    if (fence === undefined) continue;
    const closing = lines.findIndex((other, at) => at >= index && other.trim().startsWith(fence));
    const end = closing < 0 ? lines.length : closing;
    const code = lines.slice(index, end);
    const missing = code.length - codeLines.first - codeLines.last;
    if (missing <= 1) kept.push(...code);
    else
      kept.push(
        ...code.slice(0, codeLines.first),
        `(${missing} lines are left out)`,
        ...code.slice(-codeLines.last),
      );
    index = end;
    if (closing >= 0) {
      kept.push(lines[closing] ?? '');
      index += 1;
    }
  }
  return kept.join('\n');
}

function endOf(text: string, limit: number): string {
  return text.length <= limit ? text : text.slice(-limit).replace(/^(?:[^\n]*\n|[\udc00-\udfff])/, '');
}
