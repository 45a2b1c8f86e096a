import { counted, oneLine, pathCell } from './cut.ts';

/** What happened to a branch, and to the one that it goes into, since a conversation was saved. */
export interface BranchNews {
  /** Commit that the conversation ended with, as far as the manifest says. */
  since: string;
  /**
   * Whether the branch still holds that commit. When it does not, the branch was rewritten or the commit was never
   * pushed; `unknown` when the commit is not to be found any more.
   */
  holdsSince: 'yes' | 'no' | 'unknown';
  /** Commits that the conversation does not know, newest first; without those that came from the base. */
  commits: BranchCommit[];
  /** How many more there are. */
  moreCommits: number;
  base?: BaseNews;
}

export interface BranchCommit {
  sha: string;
  author: string;
  /** ISO 8601. */
  at: string;
  subject: string;
  /** Made by Dexter, in a run whose conversation was not saved. */
  byDexter: boolean;
  /** The first of them. */
  files: string[];
  moreFiles: number;
}

export interface BaseNews {
  branch: string;
  /** By how many commits it moved. */
  commits: number;
  /** How many of its commits the branch does not have. */
  behind: number;
  /** Files that these commits and the branch both change, the first of them. */
  both: string[];
  moreBoth: number;
}

/** What a branch holds that a conversation begins on. */
export interface BranchSoFar {
  /** Branch that it goes into. */
  base: string;
  /** Newest first, without what the base has. */
  commits: BranchCommit[];
  /** How many more there are. */
  moreCommits: number;
}

/** The commits as Markdown; empty when there are none. What they say is data. */
export function renderBranchSoFar(soFar: BranchSoFar | undefined): string {
  if (!soFar) return '';
  const { base, commits, moreCommits } = soFar;
  const name = oneLine(base).replaceAll('`', "'");
  return [
    `Commits that \`${name}\` does not have, newest first:`,
    '',
    ...commits.map(commitLine),
    ...olderLine(moreCommits),
  ].join('\n');
}

/** The news as Markdown, one paragraph for each part; empty when there is none. What it names is data. */
export function renderBranchNews(news: BranchNews | undefined): string {
  if (!news) return '';
  return [commitsPart(news), basePart(news.base)].filter((part) => part !== '').join('\n\n');
}

function commitsPart({ since, holdsSince, commits, moreCommits }: BranchNews): string {
  const short = since.slice(0, 12);
  const heading = {
    yes: 'Commits on the branch since then, newest first:',
    no: `The branch does not hold commit ${short}, which this conversation ended with: it was rewritten, or that commit was never pushed. Commits of the branch that are new, newest first:`,
    unknown: `Commit ${short}, which this conversation ended with, is not to be found any more: the branch was rewritten. Its commits, newest first:`,
  }[holdsSince];
  if (commits.length === 0) return holdsSince === 'yes' ? '' : heading.replace(/ [^.:]*:$/, ' None.');
  return [heading, '', ...commits.map(commitLine), ...olderLine(moreCommits)].join('\n');
}

function olderLine(more: number): string[] {
  return more > 0 ? [`- (${counted(more, 'older commit is', 'older commits are')} left out)`] : [];
}

function commitLine({ sha, author, subject, byDexter, files, moreFiles }: BranchCommit): string {
  const by = byDexter ? 'Dexter, in a run that is not part of this conversation' : oneLine(author, 100);
  return `- ${sha.slice(0, 12)} by ${by}: ${oneLine(subject)}${filesOf(files, moreFiles)}`;
}

function filesOf(files: string[], more: number): string {
  if (files.length === 0) return '';
  return ` (${files.map(pathCell).join(', ')}${more > 0 ? ` and ${more} more` : ''})`;
}

function basePart(base: BaseNews | undefined): string {
  if (!base || base.commits === 0) return '';
  const { branch, commits, behind, both, moreBoth } = base;
  const lacking =
    behind === 0 ? 'The branch has them all.' : `The branch lacks ${counted(behind, 'commit')} of it.`;
  const touching =
    both.length === 0
      ? 'None of them changes a file that the branch changes.'
      : `They change files that the branch changes too:${filesOf(both, moreBoth).replace(/^ \((.*)\)$/, ' $1')}.`;
  return `\`${oneLine(branch).replaceAll('`', "'")}\` moved by ${counted(commits, 'commit')} since then. ${lacking} ${touching}`;
}
