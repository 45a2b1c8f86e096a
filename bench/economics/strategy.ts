import type { Ground } from './ground.ts';
import type { Step } from './workload.ts';

/** One way to answer the commands of a ticket. */
export interface Strategy {
  /** Short, for tables. */
  name: string;
  open(ground: Ground): Promise<Contestant>;
}

export interface Contestant {
  /** Does one command and pushes what came of it. `earlier` are the steps before it, oldest first. */
  run(step: Step, earlier: readonly Step[]): Promise<Ended>;
}

export interface Ended {
  /** What the CLI says that it cost, in US dollars; null where it does not say. */
  reportedUsd: number | null;
  turns: number;
  /** How the conversation was taken up, where the strategy decides that. */
  choice?: string;
}
