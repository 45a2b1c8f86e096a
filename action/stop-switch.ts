/** Why a run was ended before its engine was done. */
export type StopCause =
  /** A person said `stop`. */
  | 'stop'
  | 'timeout'
  /** The runner was told to end the job. */
  | 'runner'
  /** The app gave the command to another run, or ended it. */
  | 'lost';

export interface StopSwitch {
  signal: AbortSignal;
  /** The first cause counts. */
  stop(cause: StopCause): void;
  cause(): StopCause | undefined;
  [Symbol.dispose](): void;
}

/** Gathers everything that may end a run early. `runner` aborts when the job is cancelled. */
export function stopSwitch(timeLimitMs: number, runner: AbortSignal): StopSwitch {
  const controller = new AbortController();
  const stop = (cause: StopCause) => controller.abort(cause);
  const onRunner = () => stop('runner');
  const timer = setTimeout(() => stop('timeout'), timeLimitMs);
  runner.addEventListener('abort', onRunner);
  if (runner.aborted) onRunner();
  return {
    signal: controller.signal,
    stop,
    cause: () => controller.signal.reason,
    [Symbol.dispose]() {
      clearTimeout(timer);
      runner.removeEventListener('abort', onRunner);
    },
  };
}
