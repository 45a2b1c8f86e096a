import type { Report } from '../core/report.ts';
import { plural } from './figures.ts';
import { inlineCode } from './neutralise.ts';

/** A store may quote what a server said. */
const longestProblem = 500;

/** More than there are stores. */
const mostStores = 10;

/** What a `forget` removed, what is left and why, and what stays on purpose: Markdown, not yet neutralised. */
export function forgottenMarkdown({ outcome, forgotten = [] }: Report): string {
  const stores = forgotten.slice(0, mostStores).map(storeLine).join('\n');
  return [stores, outcome === 'done' ? stays(forgotten) : ''].filter((part) => part !== '').join('\n\n');
}

function storeLine({ store, generations, problem }: NonNullable<Report['forgotten']>[number]): string {
  const name = `Store ${inlineCode(store)}`;
  if (problem !== undefined) {
    const gone =
      generations > 0 ? `${plural(generations, 'generation')} removed, the rest is left` : 'not removed';
    return `- ${name}: ${gone}. ${oneLine(problem)}`;
  }
  return generations === 0
    ? `- ${name}: there was nothing.`
    : `- ${name}: ${plural(generations, 'generation')} removed.`;
}

function oneLine(problem: string): string {
  return problem.slice(0, longestProblem).toWellFormed().replaceAll(/\s+/g, ' ').trim();
}

function stays(forgotten: NonNullable<Report['forgotten']>): string {
  const elsewhere = forgotten.some(({ store }) => store === 'workspace')
    ? ' Workspaces of other runners are not reached from here; `dexter session rm` on such a runner removes what it holds.'
    : '';
  return `What stays: comments, commits, pull requests, and the record of the commands.${elsewhere} The next instruction starts a new session.`;
}
