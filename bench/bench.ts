import type { Figure } from './figure.ts';

export interface BenchOptions {
  /** How often each measurement is taken, after one that does not count. */
  rounds: number;
  /** Size of the transcript. */
  megabytes: number;
  /** Commands in a ledger that pages are shown of. */
  commands: number;
  /** Parts to run; all where it is empty. */
  only: string[];
  /** Writes what is published of the results into docs/, where a bench publishes any. */
  write: boolean;
  /** For people who wait. */
  log: (message: string) => void;
  /** Everything that is made is put here at once, so that it goes away whatever happens. */
  leftovers: AsyncDisposableStack;
}

export interface Bench {
  description: string;
  parts: readonly string[];
  run(options: BenchOptions): AsyncGenerator<Figure>;
}
