import { readConversation } from '../../demo/model/conversation.ts';
import type { LoggedRequest } from '../../demo/model/server.ts';
import { sumOf, type TraceLine, traceOf, traceTable } from '../../demo/model/trace.ts';
import type { ModelPrices } from '../../src/pricing/model-prices.ts';
import { prepareGround } from './ground.ts';
import { benchPrices } from './prices.ts';
import type { Strategy } from './strategy.ts';
import type { Step, Workload } from './workload.ts';

/** Where the dollars go. Those of a compaction stand apart, whatever they were paid for. */
export const costParts = ['written', 'read', 'uncached', 'output', 'compaction'] as const;
export type CostPart = (typeof costParts)[number];

/** What one command came to. */
export interface RunFigures extends ReturnType<typeof sumOf> {
  /** Of `dollars`; together they are all of them. */
  parts: Record<CostPart, number>;
  reportedUsd: number | null;
  turns: number;
  /** On this machine, with a model that answers at once. */
  seconds: number;
  choice: string | undefined;
  /** Files that were to be changed and are not as the task wants them. */
  unfinished: string[];
  /** Files that an earlier command has read, and which this one read again without changing them. */
  readAgain: string[];
  /** Request by request, for people. */
  trace: string;
}

export interface CellOptions {
  strategy: Strategy;
  /** Milliseconds before each follow-up. */
  gaps: readonly number[];
  workload: Workload;
  /** Ends what runs. */
  signal: AbortSignal;
  /** In which the cell has its files. */
  root: string;
}

/** Has a strategy do the ticket and its follow-ups. @returns what each of them came to. */
export async function measureCell({
  strategy,
  gaps,
  workload,
  root,
  signal,
}: CellOptions): Promise<RunFigures[]> {
  await using ground = await prepareGround({ root, workload, signal });
  const { model, clock } = ground;
  const prices = benchPrices();
  const contestant = await strategy.open(ground);
  const runs: RunFigures[] = [];
  for (const [index, step] of workload.steps.entries()) {
    signal.throwIfAborted();
    if (index > 0) clock.skip(gaps[index - 1] ?? 0);
    const earlier = workload.steps.slice(0, index);
    const before = model.requests.length;
    const startedAt = performance.now();
    const { choice, ...ended } = await contestant.run(step, earlier);
    const seconds = (performance.now() - startedAt) / 1000;
    const requests = model.requests.slice(before);
    const lines = traceOf(requests, prices);
    runs.push({
      ...sumOf(lines),
      parts: partsOf(lines, prices),
      ...ended,
      choice,
      seconds,
      unfinished: await unfinished(step, ground.show),
      readAgain: readAgain(step, earlier, requests),
      trace: traceTable(lines),
    });
  }
  return runs;
}

function partsOf(lines: readonly TraceLine[], prices: ModelPrices): Record<CostPart, number> {
  const work = sumOf(lines.filter(({ kind }) => kind !== 'compaction'));
  const million = 1_000_000;
  return {
    written: (work.written * prices.cacheWrite5m + work.writtenForAnHour * prices.cacheWrite1h) / million,
    read: (work.read * prices.cacheRead) / million,
    uncached: (work.input * prices.input) / million,
    output: (work.output * prices.output) / million,
    compaction: sumOf(lines.filter(({ kind }) => kind === 'compaction')).dollars,
  };
}

async function unfinished({ task }: Step, show: (path: string) => Promise<string>): Promise<string[]> {
  const wrong = await Promise.all(
    task.edits.map(async ({ path, content }) => ((await show(path)) === content ? [] : [path])),
  );
  return wrong.flat();
}

function readAgain({ task }: Step, earlier: readonly Step[], requests: LoggedRequest[]): string[] {
  const known = new Set(earlier.flatMap((step) => step.task.needs));
  const changed = new Set(task.edits.map(({ path }) => path));
  const last = requests.findLast(({ kind }) => kind === 'task');
  const calls = last === undefined ? [] : readConversation(last.body).calls;
  const paths = calls.flatMap(({ current, name, path }) =>
    current && name === 'Read' && path ? [path] : [],
  );
  return paths.filter((path) => known.has(path) && !changed.has(path));
}
