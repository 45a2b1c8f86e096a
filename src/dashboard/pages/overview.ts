import { html } from 'hono/html';
import type { CurrentAlert } from '../../alerts/current-alerts.ts';
import { isWaiting } from '../../core/status.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Services } from '../../jobs/services.ts';
import { commandPage, openWithAge } from '../../ledger/command-pages.ts';
import type { LayerMetrics } from '../../metrics/cache-metrics.ts';
import { formatCost, formatCount, formatSaved, plural } from '../../report/figures.ts';
import { type Html, nothing, type Text } from '../html.ts';
import type { Page } from '../layout.ts';
import { daysShown, type MonthFigures } from '../month-figures.ts';
import { alertText } from '../parts/alert-strip.ts';
import { levelBadge } from '../parts/badge.ts';
import { inlineWords } from '../parts/inline-words.ts';
import { age as ageOf, ago } from '../parts/moment.ts';
import { section } from '../parts/section.ts';
import { table } from '../parts/table.ts';
import { type Tile, tiles } from '../parts/tiles.ts';
import { commandTable } from './commands.ts';

export interface OverviewOptions {
  services: Services;
  viewer: Viewer;
  /** What is summed up of a longer time. */
  month: MonthFigures;
  /** Those that the viewer may see. */
  alerts: readonly CurrentAlert[];
  now: Date;
}

const newest = 8;

/** What goes on, what it costs, and whether all is well. */
export async function overviewPage({ services, viewer, month, alerts, now }: OverviewOptions): Promise<Page> {
  const { db } = services;
  const [open, { commands }] = await Promise.all([
    openWithAge(db, viewer.scope),
    commandPage(db, viewer.scope, {}, newest),
  ]);
  const body = html`
    ${section({ id: 'now', title: 'Now', isLive: true, body: tiles(tilesOf(open, month, now)) })}
    ${section({ id: 'alerts', title: 'Alerts', isLive: true, body: alertList(alerts, now) })}
    <div class="halves">
      ${section({ id: 'cost', title: `Cost and saving, ${daysShown} days`, note: costNote(month), isLive: true, body: month.costChart })}
      ${section({ id: 'ends', title: `Commands, ${daysShown} days`, note: endNote(month), isLive: true, body: month.endChart })}
    </div>
    ${section({ id: 'caches', title: 'Caches, 7 days', note: 'How often what was needed was there already, so that it was neither fetched nor paid for again. A ticket that changed since is read again, and a comment changes it.', isLive: true, body: cacheTable(month) })}
    ${section({ id: 'newest', title: 'Newest commands', aside: html`<a href="/commands">All commands</a>`, isLive: true, body: commandTable(commands, 'Nobody has asked for anything yet.') })}`;
  return { title: 'Overview', path: '/', body };
}

type Open = Awaited<ReturnType<typeof openWithAge>>;

function tilesOf(open: Open, month: MonthFigures, now: Date): Tile[] {
  const waits = open.filter(({ status }) => isWaiting(status));
  const works = open.filter(({ status }) => !isWaiting(status));
  const { comparedRuns, baselineUsd, savedUsd, costUsd, runs, unknownRuns } = month;
  return [
    { label: 'Waiting', value: count(waits), note: oldestOf(waits, now) ?? 'nobody waits' },
    { label: 'At work', value: count(works), note: namesOf(works) },
    {
      label: `Cost, ${daysShown} days`,
      value: formatCost(costUsd),
      note: `${plural(runs, 'run')}${unknownRuns > 0 ? `, ${formatCount(unknownRuns)} of them of unknown cost` : ''}`,
    },
    {
      label: `Saved, ${daysShown} days`,
      value: comparedRuns === 0 ? '–' : formatSaved(savedUsd),
      note:
        comparedRuns === 0 || baselineUsd <= 0
          ? 'no run could be compared'
          : `${percent(savedUsd / baselineUsd)} of cold starts (estimated)`,
    },
  ];
}

function count(open: Open): string {
  return formatCount(open.reduce((sum, { commands }) => sum + commands, 0));
}

function oldestOf(open: Open, now: Date): string | undefined {
  const [oldest] = open.map((one) => one.oldest).sort((one, other) => one.getTime() - other.getTime());
  return oldest && `oldest for ${ageOf(oldest, now)}`;
}

/** `2 running, 1 preparing`. */
function namesOf(open: Open): Text {
  if (open.length === 0) return 'nothing is under way';
  return open.map(({ status, commands }) => `${formatCount(commands)} ${status}`).join(', ');
}

function alertList(alerts: readonly CurrentAlert[], now: Date): Html {
  if (alerts.length === 0) return html`<p class="muted">Nothing is out of order.</p>`;
  return html`<ul class="alerts">${alerts.map(
    (alert) => html`<li class="card">
      <p>${levelBadge(alert.level)} <strong>${alertText(alert)}</strong> <span class="muted">since ${ago(alert.since, now)}</span></p>
      <p>${inlineWords(alert.meaning)}</p>
      <p class="muted">${inlineWords(alert.whatToDo)}</p>
    </li>`,
  )}</ul>`;
}

function costNote({ unknownRuns }: MonthFigures): string {
  const unknown =
    unknownRuns > 0
      ? ` ${plural(unknownRuns, 'run')} whose cost nobody can say ${are(unknownRuns)} not in it.`
      : '';
  return `In US dollars, by the day on which a run ended.${unknown}`;
}

function are(times: number): string {
  return times === 1 ? 'is' : 'are';
}

function endNote({ ended, done }: MonthFigures): string {
  if (ended === 0) return 'By the day on which a command ended, and how.';
  return `${formatCount(ended)} ended, ${percent(done / ended)} of them done.`;
}

const layers = { context: 'Tickets', session: 'Sessions', mcp: 'MCP', prompt: 'Prompt' } as const;

function cacheTable({ layers: found }: MonthFigures): Html {
  return table({
    caption: 'Caches, 7 days',
    isCaptionHidden: true,
    columns: [
      'Cache',
      { label: 'Hit rate', isNumeric: true },
      { label: 'Hits', isNumeric: true },
      { label: 'Misses', isNumeric: true },
      { label: 'Reading, median', isNumeric: true },
      { label: 'Reading, 99 % below', isNumeric: true },
    ],
    rows: Object.entries(layers).map(([layer, name]) => cacheRow(name, found[layer as keyof typeof layers])),
    empty: 'No cache was asked for anything yet.',
  });
}

function cacheRow(name: string, { hits, misses, hitRate, readLatencyMs }: LayerMetrics): Text[] {
  const none = html`<span class="muted">–</span>`;
  const asked = hits + misses > 0;
  return [
    name,
    asked ? html`${meter(hitRate)}${percent(hitRate)}` : none,
    asked ? formatCount(hits) : none,
    asked ? formatCount(misses) : none,
    readLatencyMs.p50 === null ? none : milliseconds(readLatencyMs.p50),
    readLatencyMs.p99 === null ? none : milliseconds(readLatencyMs.p99),
  ];
}

/** The share as a bar; the figure stands beside it. */
function meter(share: number): Html {
  return html`<svg class="meter" viewBox="0 0 60 8" width="60" height="8" aria-hidden="true"><rect class="rest" width="60" height="8" rx="4"/>${share > 0 ? html`<rect class="fill-1" width="${Math.max(4, Math.round(60 * share))}" height="8" rx="4"/>` : nothing}</svg>`;
}

function percent(share: number): string {
  const value = share * 100;
  return `${Math.abs(value) >= 99.95 || value === 0 ? Math.round(value) : value.toFixed(1)} %`;
}

function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : `${formatCount(Math.round(value))} ms`;
}
