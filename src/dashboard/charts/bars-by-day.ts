import * as Plot from '@observablehq/plot';
import { html, raw } from 'hono/html';
import { parseHTML } from 'linkedom';
import type { Html } from '../html.ts';
import { emptyState } from '../parts/empty-state.ts';
import { table } from '../parts/table.ts';

export interface BarSeries {
  name: string;
  /** Which of the style sheet's colours of charts. */
  colour: 1 | 2 | 3 | 4 | 5;
  /** One per day. */
  values: readonly number[];
}

export interface BarsByDay {
  /** Names the picture and its table. */
  title: string;
  /** What is to be seen in it, in a sentence. */
  description: string;
  /** `2026-01-29`, oldest first. */
  days: readonly string[];
  /** Those that come first stand below. */
  series: readonly BarSeries[];
  format: (value: number) => string;
  /** For the axis, where shorter is better. */
  formatTick?: (value: number) => string;
  /** How high the axis is at least: what is counted has no halves beside it. */
  leastTop?: number;
  /** Said where there is nothing to be seen. */
  empty: string;
}

const width = 520;
const height = 220;

/** Days that are named below their bars. */
const namedDays = 6;

/** Bars of each day, one part on top of the other, and the same figures as a table to be opened. */
export function barsByDay(chart: BarsByDay): Html {
  const { title, description, days, format, empty } = chart;
  const series = chart.series.filter(({ values }) => values.some((value) => value !== 0));
  if (series.length === 0) return emptyState(empty);
  const rows = days
    .map((day, index) => [day, ...series.map(({ values }) => format(values[index] ?? 0))])
    .reverse();
  return html`<figure class="chart">
    <ul class="legend" aria-hidden="true">${series.map(
      ({ name, colour }) =>
        html`<li><svg viewBox="0 0 12 12" class="fill-${colour}"><rect width="12" height="12" rx="2"></rect></svg>${name}</li>`,
    )}</ul>
    <div class="plot" role="region" aria-label="${title}, drawn" tabindex="0">${draw({ ...chart, series })}</div>
    <figcaption class="hidden">${description}</figcaption>
    <details id="${idOf(title)}"><summary>The same in figures</summary>
    ${table({
      caption: title,
      isCaptionHidden: true,
      columns: ['Day', ...series.map(({ name }) => ({ label: name, isNumeric: true }))],
      rows,
      empty,
    })}</details>
  </figure>`;
}

function idOf(title: string): string {
  return `figures-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
}

/** Names of days and series and numbers are all that gets in here: the rest is this file's own. */
function draw({ title, description, days, series, format, formatTick = format, leastTop }: BarsByDay): Html {
  const { document } = parseHTML('<html><body></body></html>');
  const bars = stacked(days, series);
  const most = Math.max(0, ...bars.map(({ to }) => to));
  const top = Math.max(most, leastTop ?? (most === 0 ? 1 : 0));
  const every = Math.ceil(days.length / namedDays);
  const named = days.filter((_, index) => (days.length - 1 - index) % every === 0);
  const figure = Plot.plot({
    document,
    width,
    height,
    // Half of a day’s label.
    marginLeft: 24,
    // As wide as the longest figure beside it. On this side a phone shows it with the newest days.
    marginRight: 20 + 7 * formatTick(Math.ceil(1.2 * top)).length,
    marginTop: 10,
    marginBottom: 26,
    x: { domain: [...days], padding: 0.25, label: null },
    y: { domain: [0, top], label: null, nice: true, round: true },
    marks: [
      Plot.gridY({ className: 'grid', ticks: 4 }),
      Plot.axisY({ anchor: 'right', ticks: 4, tickSize: 0, tickFormat: formatTick, label: null }),
      Plot.axisX({ ticks: named, tickSize: 0, tickFormat: dayOfMonth, label: null }),
      ...series.map(({ name, colour }) =>
        Plot.barY(
          bars.filter((bar) => bar.name === name),
          { x: 'day', y1: 'from', y2: 'to', className: `fill-${colour}` },
        ),
      ),
    ],
  });
  const words = String(html`<title>${title}</title><desc>${description}</desc>`);
  return raw(
    String(figure.outerHTML)
      // Plot's own style sheet: pages may have none of their own, and dexter.css says all that is needed. Its names of
      // marks are for nobody: to those who do not see it the picture is one thing, with a name and a table.
      .replace(/<style>[\s\S]*?<\/style>/, () => words)
      .replaceAll(/ aria-label="[^"]*"/g, '')
      .replace(/^<svg /, '<svg role="img" '),
  );
}

interface Bar {
  day: string;
  name: string;
  from: number;
  to: number;
}

function stacked(days: readonly string[], series: readonly BarSeries[]): Bar[] {
  return days.flatMap((day, index) => {
    let from = 0;
    return series.flatMap(({ name, values }) => {
      const value = values[index] ?? 0;
      // What is below nothing is to be read in the table.
      if (value <= 0) return [];
      const bar = { day, name, from, to: from + value };
      from = bar.to;
      return [bar];
    });
  });
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `29 Jan` of `2026-01-29`. */
function dayOfMonth(day: string): string {
  const [, month, date] = day.split('-').map(Number);
  return `${date} ${months[(month ?? 1) - 1]}`;
}
