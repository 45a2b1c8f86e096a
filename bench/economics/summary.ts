import { type CostPart, costParts, type RunFigures } from './cell.ts';

/** What a strategy came to at one distance between the commands. */
export interface CellSummary {
  strategy: string;
  gap: string;
  /** US dollars of all commands. */
  ticketUsd: number;
  /** Of an average follow-up: all that was spent after the first command's own work, compactions included. */
  followUp: {
    usd: number;
    parts: Record<CostPart, number>;
    input: number;
    read: number;
    written: number;
    output: number;
    requests: number;
    turns: number;
    seconds: number;
  };
  /** How each follow-up went on, where the strategy decides that. */
  choices: string[];
  unfinished: number;
  readAgain: number;
  /** Of what the CLI or the strategy reported against what the meter counted, at its worst run; 0 for none. */
  deviation: number;
}

/** Throws when nothing but a first command was run. */
export function summarize(strategy: string, gap: string, runs: readonly RunFigures[]): CellSummary {
  const [first, ...followUps] = runs;
  if (first === undefined || followUps.length === 0) throw new Error('A ticket has follow-ups');
  const mean = (of: (run: RunFigures) => number) =>
    followUps.reduce((sum, run) => sum + of(run), 0) / followUps.length;
  const parts = Object.fromEntries(
    costParts.map((part) => {
      // What the first command compacts, it compacts for those that follow.
      const before = part === 'compaction' ? first.parts.compaction / followUps.length : 0;
      return [part, before + mean((run) => run.parts[part])];
    }),
  ) as Record<CostPart, number>;
  const deviations = runs.map(({ reportedUsd, dollars }) =>
    reportedUsd === null ? 0 : Math.abs(reportedUsd - dollars) / dollars,
  );
  return {
    strategy,
    gap,
    ticketUsd: runs.reduce((sum, { dollars }) => sum + dollars, 0),
    followUp: {
      usd: first.parts.compaction / followUps.length + mean(({ dollars }) => dollars),
      parts,
      input: mean(({ input }) => input),
      read: mean(({ read }) => read),
      written: mean(({ written, writtenForAnHour }) => written + writtenForAnHour),
      output: mean(({ output }) => output),
      requests: mean(({ requests }) => requests),
      turns: mean(({ turns }) => turns),
      seconds: mean(({ seconds }) => seconds),
    },
    choices: followUps.flatMap(({ choice }) => choice ?? []),
    unfinished: runs.reduce((sum, run) => sum + run.unfinished.length, 0),
    readAgain: runs.reduce((sum, run) => sum + run.readAgain.length, 0),
    deviation: Math.max(...deviations),
  };
}
