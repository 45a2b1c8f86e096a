import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { type CostPart, costParts } from './cell.ts';
import type { CellSummary } from './summary.ts';
import { gapName, percent } from './table.ts';

const names: Record<CostPart, string> = {
  written: 'written to the prompt cache',
  read: 'read from the prompt cache',
  uncached: 'uncached input',
  output: 'output',
  compaction: 'compaction',
};

/** Told apart also by who does not see red or green, on white as on black. */
const colours: Record<CostPart, string> = {
  written: '#d9822b',
  read: '#3d8bd4',
  uncached: '#8a6fc0',
  output: '#7d8a97',
  compaction: '#2a9d74',
};

/** A part of a tenth of a cent is not to be seen. */
const leastShown = 0.001;

const title =
  'Where the dollars of an average follow-up go, by strategy and by the time between two commands';

const style = `<style>
  svg { --text: #1f2328; --line: #d1d9e0; color: var(--text); background: transparent; font: 13px system-ui, sans-serif; }
  @media (prefers-color-scheme: dark) { svg { --text: #e6edf3; --line: #3d444d; } }
  .line { stroke: var(--line); }
</style>`;

/** Where the dollars of an average follow-up go, as an SVG that suits light and dark pages. */
export function costChart(cells: readonly CellSummary[], baseline: string): string {
  const { document } = parseHTML('<html><body></body></html>');
  const parts = costParts.filter((part) => cells.some(({ followUp }) => followUp.parts[part] >= leastShown));
  const bars = cells.flatMap((cell) =>
    parts.map((part) => ({ ...at(cell), part: names[part], usd: cell.followUp.parts[part] })),
  );
  const labels = cells.map((cell) => {
    const cold = cells.find(({ strategy, gap }) => strategy === baseline && gap === cell.gap);
    const share = cold && cell !== cold ? ` · ${percent(cell.followUp.usd / cold.followUp.usd)}` : '';
    return { ...at(cell), usd: cell.followUp.usd, label: `$${cell.followUp.usd.toFixed(2)}${share}` };
  });
  const figure = Plot.plot({
    document,
    width: 860,
    height: 90 + cells.length * 27,
    marginLeft: 150,
    marginRight: 110,
    marginTop: 48,
    marginBottom: 44,
    x: {
      // Room for what stands behind the longest bar.
      domain: [0, 1.16 * Math.max(...cells.map(({ followUp }) => followUp.usd))],
      label: 'US dollars of an average follow-up, its compactions included · share of cold',
      labelAnchor: 'center',
      labelArrow: 'none',
      tickFormat: (value: number) => `$${value.toFixed(1)}`,
      ticks: 6,
    },
    y: {
      label: null,
      domain: [...new Set(cells.map(({ strategy }) => strategy))],
      padding: 0.25,
      tickSize: 0,
    },
    fy: { label: null, domain: [...new Set(cells.map(({ gap }) => gapName(gap)))], padding: 0.12 },
    color: { domain: parts.map((part) => names[part]), range: parts.map((part) => colours[part]) },
    marks: [
      Plot.axisFy({ label: null, anchor: 'right', dx: 8, fontWeight: 'bold' }),
      Plot.gridX({ className: 'line', strokeOpacity: 1, ticks: 6 }),
      Plot.barX(bars, { x: 'usd', y: 'strategy', fy: 'gap', fill: 'part' }),
      Plot.ruleX([0], { stroke: 'currentColor' }),
      Plot.text(labels, {
        x: 'usd',
        y: 'strategy',
        fy: 'gap',
        text: 'label',
        textAnchor: 'start',
        dx: 6,
        fill: 'currentColor',
      }),
    ],
  });
  return `${withLegend(withStyle(String(figure.outerHTML)), parts)}\n`;
}

const at = ({ strategy, gap }: CellSummary) => ({ strategy, gap: gapName(gap) });

/** Plot styles for a page; a picture has its colours to itself, and follows the reader's scheme. */
function withStyle(svg: string): string {
  return svg
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(
      /^<svg (?:xmlns="[^"]*" )?([^>]*)>/,
      `<svg xmlns="http://www.w3.org/2000/svg" $1 role="img"><title>${title}</title>${style}`,
    );
}

/** Plot's own legend is HTML, which has no place in a picture. */
function withLegend(svg: string, parts: readonly CostPart[]): string {
  let x = 150;
  const entries = parts.map((part) => {
    const entry = `<rect x="${x}" y="14" width="11" height="11" rx="2" fill="${colours[part]}"/><text x="${x + 16}" y="24" fill="currentColor">${names[part]}</text>`;
    x += 36 + names[part].length * 6.3;
    return entry;
  });
  return svg.replace(/<\/svg>$/, `<g font-size="12" text-anchor="start">${entries.join('')}</g></svg>`);
}
