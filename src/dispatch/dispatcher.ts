import type { RepositoryRef } from '../core/command.ts';
import type { Job } from '../core/job.ts';

/** Where a dispatched job runs. `url` is for people and may be empty until the runner claims the job. */
export interface RunRef {
  /** Workflow run id, or the process id of a local run; empty while it is not known. */
  id: string;
  url: string;
  /** The run is over; only `find` says so. */
  ended?: boolean;
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
   * `dispatch` answered, when that is known.
   */
  find(request: DispatchRequest, runId?: string): Promise<RunRef | undefined>;
  /** Asks the run to end; a run that has ended is no error. */
  cancel(request: DispatchRequest, run: RunRef): Promise<void>;
}
