import { randomBytes } from 'node:crypto';
import type { JsonObject } from './json.ts';

/** A job of a workflow that ran for a commit, which the simulation is told of: nothing runs here. */
export type ActionsJob = {
  id: number;
  runId: number;
  name: string;
  workflow: string;
  commit: string;
  conclusion: string;
  /** What the job wrote, as its raw log has it. */
  log: string;
  /** Last part of the address at which the log lies; nobody else knows it. */
  secret: string;
};

/** Jobs and their logs, of which the emulator has none. */
export function createActionsJobs() {
  const jobs: ActionsJob[] = [];
  return {
    jobs,
    add(job: Pick<ActionsJob, 'name' | 'workflow' | 'commit' | 'conclusion' | 'log'>): ActionsJob {
      const number = jobs.length + 1;
      const added = {
        ...job,
        id: 900_000 + number,
        runId: 800_000 + number,
        secret: randomBytes(16).toString('hex'),
      };
      jobs.push(added);
      return added;
    },
  };
}
export type ActionsJobs = ReturnType<typeof createActionsJobs>;

export function formatJob(job: ActionsJob, repositoryUrl: string, htmlUrl: string): JsonObject {
  return {
    id: job.id,
    run_id: job.runId,
    name: job.name,
    head_sha: job.commit,
    status: 'completed',
    conclusion: job.conclusion,
    url: `${repositoryUrl}/actions/jobs/${job.id}`,
    html_url: pageOf(job, htmlUrl),
  };
}

export function formatJobsRun(job: ActionsJob, repositoryUrl: string, htmlUrl: string): JsonObject {
  return {
    id: job.runId,
    name: job.workflow,
    path: `.github/workflows/${job.workflow}`,
    event: 'pull_request',
    head_sha: job.commit,
    status: 'completed',
    conclusion: job.conclusion,
    run_attempt: 1,
    url: `${repositoryUrl}/actions/runs/${job.runId}`,
    html_url: `${htmlUrl}/actions/runs/${job.runId}`,
  };
}

export function pageOf({ runId, id }: ActionsJob, htmlUrl: string): string {
  return `${htmlUrl}/actions/runs/${runId}/job/${id}`;
}
