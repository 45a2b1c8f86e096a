import type { CellSummary } from './summary.ts';

/** The results as Markdown: two tables, as one of all columns is wider than a page. */
export function markdownTables(cells: readonly CellSummary[], baseline: string): string {
  return [
    costTable(cells, baseline),
    'An average follow-up of the same runs: tokens that it read from the prompt cache, wrote to it, sent besides and was answered with; requests, turns and seconds.',
    workTable(cells),
  ].join('\n\n');
}

function costTable(cells: readonly CellSummary[], baseline: string): string {
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
    ];
  });
  return table(['gap', 'strategy', 'follow-up', 'of cold', 'whole ticket', 'of cold'], rows);
}

function workTable(cells: readonly CellSummary[]): string {
  const rows = cells.map(({ gap, strategy, followUp }) => [
    gapName(gap),
    strategy,
    ...[followUp.read, followUp.written, followUp.input, followUp.output].map(thousands),
    ...[followUp.requests, followUp.turns, followUp.seconds].map((value) =>
      value.toFixed(1).replace(/\.0$/, ''),
    ),
  ]);
  const head = ['gap', 'strategy', 'read', 'written', 'uncached', 'output', 'requests', 'turns', 'seconds'];
  return table(head, rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
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
