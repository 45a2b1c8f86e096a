import type { CellSummary } from './summary.ts';

const head = [
  'gap',
  'strategy',
  'follow-up',
  'of cold',
  'whole ticket',
  'of cold',
  'read from cache',
  'written to cache',
  'uncached',
  'output',
  'requests',
  'turns',
  'seconds',
];

/** A Markdown table: tokens, requests, turns and seconds are those of an average follow-up. */
export function markdownTable(cells: readonly CellSummary[], baseline: string): string {
  const rows = cells.map((cell) => {
    const cold = cells.find(({ strategy, gap }) => strategy === baseline && gap === cell.gap);
    const { followUp, ticketUsd } = cell;
    return [
      gapName(cell.gap),
      cell.choices.length === 0 ? cell.strategy : `${cell.strategy} (${cell.choices.join(', ')})`,
      dollars(followUp.usd),
      cold ? percent(followUp.usd / cold.followUp.usd) : '',
      dollars(ticketUsd),
      cold ? percent(ticketUsd / cold.ticketUsd) : '',
      ...[followUp.read, followUp.written, followUp.input, followUp.output].map(thousands),
      ...[followUp.requests, followUp.turns, followUp.seconds].map((value) =>
        value.toFixed(1).replace(/\.0$/, ''),
      ),
    ];
  });
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, index) => (index < 2 ? '---' : '---:'));
  return [head, rule, ...rows].map(line).join('\n');
}

const gapNames: Record<string, string> = {
  '2m': '2 minutes',
  '1h': '1 hour',
  '1d': '1 day',
  mix: 'one of each',
};

export function gapName(gap: string): string {
  return gapNames[gap] ?? gap;
}

function dollars(value: number): string {
  return `$${value.toFixed(2)}`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function thousands(tokens: number): string {
  return tokens < 1000 ? String(Math.round(tokens)) : `${(tokens / 1000).toFixed(tokens < 10_000 ? 1 : 0)}k`;
}
