import { fenced } from '../core/fenced.ts';
import type {
  ChecksFacts,
  DiffFacts,
  FailingCheck,
  GitHubComment,
  GitHubReview,
  PullRequestFacts,
  ThreadFacts,
} from '../github/context.ts';
import { counted, endOf, oneLine, pathCell, shorten } from './cut.ts';

/** The line that a review is about is the last one of its hunk. */
const longestHunk = 4_000;
const hunkOfOthers = 800;

const mostFiles = 30;
const mostChecks = 10;
const mostThreads = 20;
/** Newest comments of a thread that did not ask. */
const mostInThread = 3;
const longestInThread = 1_000;
const longestReview = 4_000;
const longestCheck = 2_500;

/** GitHub's word for people who are tied to the repository; whether they may write it does not say for certain. */
const tied = new Set(['OWNER', 'MEMBER', 'COLLABORATOR']);

/**
 * Who somebody is, as far as GitHub says: all that they write is data, whoever they are, but it helps to know whose
 * wish it is. Empty when it was not told.
 */
export function tie({ author, association }: { author?: string; association?: string }): string {
  if (author?.endsWith('[bot]')) return ' (an app)';
  if (association === undefined) return '';
  return tied.has(association) ? ` (${association})` : ' (no write access as far as GitHub says)';
}

/** What a pull request is, without what changes with each commit. */
export function pullRequestSection(pullRequest: PullRequestFacts | undefined): string {
  if (!pullRequest) return '';
  const { number, title, url, branch, base, body, author } = pullRequest;
  const by = author === undefined ? '' : `\nOpened by: ${oneLine(author)}${tie(pullRequest)}`;
  return `# Pull request #${number}: ${title}\n\nLink: ${url}\nBranch: ${branch} into ${base}${by}\n\n## Description of the pull request\n\n${body || '(none)'}`;
}

/** How a pull request stands, one section for each part that is known. */
export function pullRequestState(pullRequest: PullRequestFacts | undefined): string[] {
  if (!pullRequest) return [];
  const { diff, checks, threads, olderThreads = 0, reviews, olderReviews = 0 } = pullRequest;
  return [
    unreadableNote(pullRequest.unreadable),
    diff ? diffSection(diff) : '',
    checks ? checksSection(checks) : '',
    threads ? threadsSection(threads, olderThreads) : '',
    reviews ? reviewsSection(reviews, olderReviews) : '',
  ].filter((section) => section !== '');
}

export function unreadableNote(parts: readonly string[] | undefined): string {
  if (!parts || parts.length === 0) return '';
  const [last = '', ...others] = parts.toReversed();
  const all = others.length > 0 ? `${others.toReversed().join(', ')} and ${last}` : last;
  return `(GitHub did not let Dexter read ${all}.)`;
}

function diffSection({ additions, deletions, changedFiles, files }: DiffFacts): string {
  const bySize = files.toSorted((a, b) => b.additions + b.deletions - a.additions - a.deletions);
  const shown = bySize.slice(0, mostFiles);
  const more = changedFiles - shown.length;
  return [
    `## Changed files\n\n${counted(changedFiles, 'file')}, ${counted(additions, 'line')} added, ${counted(deletions, 'line')} removed`,
    ...(shown.length > 0
      ? [
          [
            '| file | added | removed |',
            '| --- | --- | --- |',
            ...shown.map((file) => `| ${pathCell(file.path)} | ${file.additions} | ${file.deletions} |`),
          ].join('\n'),
        ]
      : []),
    ...(more > 0 ? [`(${counted(more, 'more file is', 'more files are')} left out)`] : []),
  ].join('\n\n');
}

function checksSection({ failing, passed, pending, others }: ChecksFacts): string {
  const shown = failing.slice(0, mostChecks);
  const rest = [
    ...(passed > 0 ? [`${passed} passed`] : []),
    ...(pending > 0 ? [`${pending} not over`] : []),
    ...(others > 0 ? [`${others} not looked at`] : []),
  ].join(', ');
  if (failing.length === 0) return rest === '' ? '' : `## Checks\n\nNone failed: ${rest}.`;
  return [
    `## Failing checks${rest === '' ? '' : `\n\nOf the others: ${rest}.`}`,
    ...shown.map(checkText),
    ...(failing.length > shown.length
      ? [
          `(${counted(failing.length - shown.length, 'more failing check is', 'more failing checks are')} left out)`,
        ]
      : []),
  ].join('\n\n');
}

function checkText({ name, conclusion, url, title, summary }: FailingCheck): string {
  return [
    `### ${oneLine(name)}: ${oneLine(conclusion)}`,
    [url === '' ? '' : `Link: ${oneLine(url, 500)}`, oneLine(title)].filter(Boolean).join('\n'),
    shorten(summary, longestCheck),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** The review thread that asked, with what was said in it before. */
export function threadSection(thread: ThreadFacts | undefined): string[] {
  if (!thread) return [];
  return [`## The review thread that asks\n\n${lineSection(thread)}`];
}

export function lineSection(thread: ThreadFacts): string {
  const said = thread.comments.map((comment) => commentText(entryOf(comment)));
  return [
    `### Review of ${placeOf(thread)}`,
    fenced(endOf(thread.hunk, longestHunk), 'diff'),
    olderNote(thread.olderComments ?? 0),
    ...said,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function threadsSection(threads: ThreadFacts[], older: number): string {
  const shown = threads.slice(-mostThreads);
  const missing = threads.length - shown.length + older;
  if (shown.length === 0 && missing === 0) return '';
  return [
    '## Other unresolved review threads, oldest first',
    ...(missing > 0 ? [`(${counted(missing, 'older thread is', 'older threads are')} left out)`] : []),
    ...shown.map(otherThread),
  ].join('\n\n');
}

function otherThread(thread: ThreadFacts): string {
  const newest = thread.comments.slice(-mostInThread);
  const older = thread.comments.length - newest.length + (thread.olderComments ?? 0);
  return [
    `### On ${placeOf(thread)}`,
    fenced(endOf(thread.hunk, hunkOfOthers), 'diff'),
    olderNote(older),
    ...newest.map((comment) => {
      const { title, text } = entryOf(comment);
      return `#### ${title}\n\n${shorten(text, longestInThread)}`;
    }),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function reviewsSection(reviews: GitHubReview[], older: number): string {
  if (reviews.length === 0 && older === 0) return '';
  return [
    '## Reviews, oldest first',
    ...(older > 0 ? [`(${counted(older, 'older review is', 'older reviews are')} left out)`] : []),
    ...reviews.map((review) => {
      const state = oneLine(review.state).toLowerCase().replaceAll('_', ' ');
      return `### ${oneLine(review.author)}${tie(review)}: ${state}, ${review.createdAt}\n\n${shorten(review.text, longestReview)}`;
    }),
  ].join('\n\n');
}

function placeOf({ path, line, isOutdated }: ThreadFacts): string {
  const at = line === undefined ? path : `${path}, line ${line}`;
  return isOutdated ? `${at} (the code was changed since)` : at;
}

function olderNote(older: number): string {
  return older > 0 ? `(${counted(older, 'earlier comment is', 'earlier comments are')} left out)` : '';
}

/** A comment under its heading. */
export interface Entry {
  /** ISO 8601 in UTC, so that texts sort as times do. */
  at: string;
  title: string;
  text: string;
}

export function entryOf(comment: GitHubComment): Entry {
  const { author, createdAt, updatedAt, text } = comment;
  const edited = updatedAt !== undefined && updatedAt > createdAt ? `, edited ${updatedAt}` : '';
  return { at: createdAt, title: `${author}${tie(comment)} on GitHub, ${createdAt}${edited}`, text };
}

export function commentText(entry: Entry): string {
  return `### ${entry.title}\n\n${entry.text}`;
}
