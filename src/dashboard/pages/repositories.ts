import { html } from 'hono/html';
import { formatSize } from '../../core/size.ts';
import type { EndStatus, Tone } from '../../core/status.ts';
import { budgetsFor } from '../../jobs/budgets.ts';
import type { Services } from '../../jobs/services.ts';
import type { RepositoryFigures } from '../../ledger/repository-figures.ts';
import { formatCost, formatCount } from '../../report/figures.ts';
import { type Html, nothing } from '../html.ts';
import type { Page } from '../layout.ts';
import { daysShown } from '../month-figures.ts';
import { badge, statusBadge } from '../parts/badge.ts';
import { repositoryName } from '../parts/links.ts';
import { outsideLink } from '../parts/outside-link.ts';
import { section } from '../parts/section.ts';
import { table } from '../parts/table.ts';
import { line } from '../parts/untrusted.ts';
import { address } from '../query.ts';

/** As many as a page holds well: those in which most was done. */
const mostShown = 300;

/** The repositories that the viewer may see, with what was done in them. */
export function repositoriesPage(
  { budgets, serverUrl }: Pick<Services, 'budgets' | 'serverUrl'>,
  figures: readonly RepositoryFigures[],
): Page {
  const left = figures.length - mostShown;
  const shown =
    left <= 0
      ? figures
      : [...figures].sort((one, other) => sumOf(other.ended) - sumOf(one.ended)).slice(0, mostShown);
  const rows = shown.map((repository) => [
    html`${outsideLink(`${serverUrl}/${repository.owner}/${repository.name}`, repositoryName(repository))}`,
    html`<a href="${address('/commands', { repository: repository.id })}">${formatCount(sumOf(repository.ended))} commands</a>${endsOf(repository)}`,
    repository.open === 0 ? '–' : formatCount(repository.open),
    monthOf(repository, budgets),
    formatCount(repository.sessions),
    formatSize(repository.sessionBytes),
    onboardingOf(repository),
  ]);
  return {
    title: 'Repositories',
    path: '/repositories',
    body: section({
      id: 'repositories',
      title: left <= 0 ? 'By name' : 'Most used',
      note: `Commands are those that ended in the last ${daysShown} days; cost is that of this month (UTC), as budgets count it.${left <= 0 ? '' : ` ${formatCount(left)} more are not shown.`}`,
      isLive: true,
      body: table({
        caption: 'Repositories',
        isCaptionHidden: true,
        narrow: 'cards',
        columns: [
          'Repository',
          'Ended',
          { label: 'Open', isNumeric: true },
          { label: 'Cost this month', isNumeric: true },
          { label: 'Sessions', isNumeric: true },
          { label: 'Their size', isNumeric: true },
          'Onboarding',
        ],
        rows,
        empty:
          'There is no repository yet. Install the GitHub App on one, or see to it that you have access to one on GitHub.',
      }),
    }),
  };
}

function sumOf(ended: RepositoryFigures['ended']): number {
  return Object.values(ended).reduce((sum, count) => sum + count, 0);
}

/** How many ended otherwise than well. */
function endsOf({ ended }: RepositoryFigures): Html {
  const bad = (['failed', 'expired', 'refused', 'cancelled'] as const satisfies EndStatus[]).filter(
    (status) => ended[status],
  );
  return html`${bad.map((status) => html` <span class="nowrap">${statusBadge(status)} ${formatCount(ended[status] ?? 0)}</span>`)}`;
}

/** Of the app's own budget: what a repository sets for itself only its own file says. */
function monthOf(repository: RepositoryFigures, app: Services['budgets']): Html {
  const limit = budgetsFor({ flags: {}, config: { enabled: true }, app, repository }).find(
    ({ scope }) => scope === 'repositoryPerMonth',
  );
  const spent = formatCost(repository.monthUsd);
  if (!limit) return html`${spent}`;
  return html`${spent} <span class="muted">of ${formatCost(limit.limitUsd)}</span>${
    repository.monthUsd >= limit.limitUsd ? html` ${badge('spent', 'bad')}` : nothing
  }`;
}

/** What `onboardNext` leaves in the ledger, in words. */
const outcomes: Readonly<Record<string, [text: string, tone: Tone]>> = {
  opened: ['proposed', 'waiting'],
  updated: ['proposed', 'waiting'],
  open: ['proposed', 'waiting'],
  merged: ['merged', 'good'],
  current: ['up to date', 'good'],
  declined: ['declined', 'quiet'],
  failed: ['failed', 'bad'],
  gone: ['not installed', 'quiet'],
  archived: ['archived', 'quiet'],
  disabled: ['disabled', 'quiet'],
  fork: ['a fork', 'quiet'],
  empty: ['empty', 'quiet'],
  'not-permitted': ['not permitted', 'warning'],
};

function onboardingOf({ onboarding }: RepositoryFigures): Html {
  if (!onboarding) return html`<span class="muted">–</span>`;
  const { outcome, isDue } = onboarding;
  if (outcome === null) return isDue ? badge('due', 'waiting') : html`<span class="muted">–</span>`;
  const known = outcomes[outcome];
  return html`${known ? badge(...known) : line(outcome, 80)}${isDue ? html` <span class="muted">(looked at again soon)</span>` : nothing}`;
}
