import { costOfRequest } from '../../src/pricing/cost-of-usage.ts';
import type { ModelPrices } from '../../src/pricing/model-prices.ts';
import type { LoggedRequest } from './server.ts';

/** What one request came to. */
export interface TraceLine {
  /** Seconds since the first request of the trace, by the model's clock. */
  seconds: number;
  kind: LoggedRequest['kind'];
  status: number;
  /** Tokens by what they cost; the five never overlap. */
  input: number;
  read: number;
  written: number;
  writtenForAnHour: number;
  output: number;
  /** US dollars. */
  dollars: number;
}

/** What requests came to, one by one. */
export function traceOf(
  requests: readonly Pick<LoggedRequest, 'time' | 'kind' | 'status' | 'usage'>[],
  prices: ModelPrices,
): TraceLine[] {
  const start = requests[0]?.time ?? 0;
  return requests.map(({ time, kind, status, usage }) => {
    const tokens = {
      input: usage.input_tokens,
      read: usage.cache_read_input_tokens,
      written: usage.cache_creation.ephemeral_5m_input_tokens,
      writtenForAnHour: usage.cache_creation.ephemeral_1h_input_tokens,
      output: usage.output_tokens,
    };
    const dollars = costOfRequest(
      {
        inputTokens: tokens.input,
        cacheReadTokens: tokens.read,
        cacheWriteTokens: tokens.written + tokens.writtenForAnHour,
        cacheWriteHourTokens: tokens.writtenForAnHour,
        outputTokens: tokens.output,
      },
      prices,
    );
    return { seconds: (time - start) / 1000, kind, status, ...tokens, dollars };
  });
}

/** The lines together: requests that were answered, tokens by what they cost, dollars. */
export function sumOf(
  lines: readonly TraceLine[],
): Omit<TraceLine, 'seconds' | 'kind' | 'status'> & { requests: number } {
  const total = (of: (line: TraceLine) => number) => lines.reduce((sum, line) => sum + of(line), 0);
  return {
    requests: lines.filter(({ status }) => status === 200).length,
    input: total((line) => line.input),
    read: total((line) => line.read),
    written: total((line) => line.written),
    writtenForAnHour: total((line) => line.writtenForAnHour),
    output: total((line) => line.output),
    dollars: total((line) => line.dollars),
  };
}

const columns = ['second', 'kind', 'uncached', 'read', 'written', 'for 1 h', 'output', 'dollars'];

/** A table for people, one line for each request and their sum. */
export function traceTable(lines: readonly TraceLine[]): string {
  const row = (
    first: string,
    second: string,
    line: Omit<TraceLine, 'seconds' | 'kind' | 'status'>,
  ): string[] => [
    first,
    second,
    ...[line.input, line.read, line.written, line.writtenForAnHour, line.output].map(String),
    line.dollars.toFixed(4),
  ];
  const rows = [
    columns,
    ...lines.map((line) =>
      row(line.seconds.toFixed(1), line.status === 200 ? line.kind : `${line.kind} ${line.status}`, line),
    ),
    row('', 'sum', sumOf(lines)),
  ];
  const widths = columns.map((_, at) => Math.max(...rows.map((cells) => cells[at]?.length ?? 0)));
  return rows
    .map((cells) =>
      cells
        .map((cell, at) => (at === 1 ? cell.padEnd : cell.padStart).call(cell, widths[at] ?? 0))
        .join('  '),
    )
    .map((line) => line.trimEnd())
    .join('\n');
}
