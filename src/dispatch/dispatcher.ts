import type { RepositoryRef } from '../core/command.ts';
import type { Job } from '../core/job.ts';
import type { WaitingFor } from '../core/waiting-for.ts';

/** Where a dispatched job runs. `url` is for people and may be empty until the runner claims the job. */
export interface RunRef {
  /** Workflow run id, or the process id of a local run; empty while it is not known. */
  id: string;
  url: string;
  /** Branch whose workflow file runs; only `dispatch` says so. */
  branch?: string;
  /** The run is over, and how; only `find` says so. `deleted` when there is no such run any more. */
  ended?: string;
}

export interface DispatchRequest {
  installationId: number;
  repository: RepositoryRef;
  job: Job;
  /** The repository's default branch, when it is known already. */
  defaultBranch?: string | undefined;
}

/**
 * Brings a job to a runner.
 *
 * Dispatch happens at least once: a lost answer is looked up by `find` before it is tried again, and should
 * two runners start after all, the claim lets only one of them run.
 */
export interface Dispatcher {
  /** Rejects with AppError `dispatch-failed` when the job certainly did not start. */
  dispatch(request: DispatchRequest): Promise<RunRef>;
  /**
   * The run of a command whose dispatch may have been lost, or undefined when there is none. `runId` is what
   * `dispatch` answered, when that is known: then there is one, or it was deleted.
   */
  find(request: DispatchRequest, runId?: string): Promise<RunRef | undefined>;
  /** Asks the run to end; a run that has ended is no error. */
  cancel(request: DispatchRequest, run: RunRef): Promise<void>;
  /** What holds a run that has not begun; undefined when it has, or when that cannot be told. */
  waitsFor(request: DispatchRequest, run: RunRef): Promise<WaitingFor | undefined>;
}
