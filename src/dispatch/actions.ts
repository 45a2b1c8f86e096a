import { z } from 'zod';
import { AppError, messageOf } from '../core/errors.ts';
import { encodeInputs } from '../core/job.ts';
import type { WaitingFor } from '../core/waiting-for.ts';
import { type Authenticate, githubError, place, say, statusOf } from '../github/github.ts';
import { defaultBranchOf } from '../github/repositories.ts';
import type { Dispatcher, DispatchRequest, RunRef } from './dispatcher.ts';

export interface ActionsOptions {
  github: Authenticate;
  /** File name of the workflow in `.github/workflows`. */
  workflow: string;
  /** Branch whose workflow file is run; the default branch when absent. */
  ref?: string;
}

/** GitHub ends a job that waited 24 h for a runner: older runs are not looked through. */
const lookBackMs = 25 * 60 * 60 * 1000;

/**
 * GitHub Actions: `workflow_dispatch` on the default branch, so that the workflow file is a reviewed one.
 * https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event
 */
export function actionsDispatcher(options: ActionsOptions): Dispatcher {
  async function workflowRef(request: DispatchRequest): Promise<string> {
    if (options.ref) return options.ref;
    if (request.defaultBranch !== undefined) return request.defaultBranch;
    return defaultBranchOf(options.github, request.installationId, request.repository);
  }

  return {
    async dispatch(request) {
      const ref = await workflowRef(request);
      try {
        const octokit = await options.github(request.installationId);
        const { data } = await octokit.request(
          'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches',
          {
            ...place(request.repository),
            workflow_id: options.workflow,
            ref,
            inputs: encodeInputs(request.job),
            return_run_details: true,
            // Trying again by itself could start the job twice; a lost answer is looked up by `find`.
            request: { retries: 0 },
          },
        );
        return { ...runOf(data), branch: ref };
      } catch (error) {
        throw dispatchError(request, options.workflow, ref, error);
      }
    },

    async find(request, runId) {
      if (runId) return findById(options, request, runId);
      return say('looking for the run of the command', async () => {
        const octokit = await options.github(request.installationId);
        const pages = octokit.paginate.iterator(octokit.rest.actions.listWorkflowRuns, {
          ...place(request.repository),
          workflow_id: options.workflow,
          event: 'workflow_dispatch',
          created: `>=${new Date(Date.now() - lookBackMs).toISOString()}`,
          per_page: 100,
        });
        for await (const { data } of pages) {
          // The workflow's `run-name` holds the command id.
          const run = data.find((one) => one.display_title.includes(request.job.commandId));
          if (run) return refOf(run);
        }
        return undefined;
      });
    },

    async waitsFor(request, run) {
      if (run.id === '') return undefined;
      return say('asking what the run waits for', async () => {
        const octokit = await options.github(request.installationId);
        const { data } = await octokit.rest.actions.listJobsForWorkflowRun({
          ...place(request.repository),
          run_id: Number(run.id),
        });
        return holding(data.jobs);
      });
    },

    async cancel(request, run) {
      if (run.id === '') return;
      try {
        const octokit = await options.github(request.installationId);
        await octokit.rest.actions.cancelWorkflowRun({
          ...place(request.repository),
          run_id: Number(run.id),
          // A run that has ended answers 409, which would be tried again for a quarter of a minute.
          request: { retries: 0 },
        });
      } catch (error) {
        // 409: the run has ended already.
        if (statusOf(error) !== 409 && statusOf(error) !== 404)
          throw githubError('cancelling the run', error);
      }
    },
  };
}

const RunDetails = z.looseObject({
  workflow_run_id: z.number().int().positive(),
  html_url: z.string().catch(''),
});

/** With `return_run_details` GitHub answers 200 and names the run; older servers answer 204 without a body. */
function runOf(data: unknown): RunRef {
  const run = RunDetails.safeParse(data);
  return run.success ? { id: String(run.data.workflow_run_id), url: run.data.html_url } : { id: '', url: '' };
}

/** Why GitHub starts a workflow not: what it says, what that means, and how to mend it. The first that fits counts. */
const refusals: {
  says: RegExp;
  because: (name: string, file: string, ref: string) => string;
  hint: string;
}[] = [
  {
    says: /^Actions has been disabled for this repository/i,
    because: (name) => `GitHub Actions is disabled in ${name}.`,
    hint: 'An administrator allows it in the settings of the repository or the organisation, under Actions → General. Then `retry`.',
  },
  {
    says: /^Actions has been disabled/i,
    because: (name) =>
      `GitHub lets the Dexter app start no workflow in ${name}: its account is barred from Actions.`,
    hint: 'An administrator asks GitHub Support why. Then `retry`.',
  },
  {
    says: /on a disabled workflow/i,
    because: (name, file) => `The workflow \`${file}\` of ${name} is disabled.`,
    hint: 'Choose it in the Actions tab of the repository and press *Enable workflow*, then `retry`.',
  },
  {
    says: /does not have 'workflow_dispatch' trigger/i,
    because: (name, file, ref) =>
      `\`${file}\` of ${name} lacks the trigger \`workflow_dispatch\` on the branch ${ref}.`,
    hint: 'Merge the workflow from the examples folder into that branch, then `retry`.',
  },
  {
    says: /^No ref found/i,
    because: (name, _file, ref) => `${name} has no branch ${ref}, on which the workflow should run.`,
    hint: 'Make that branch, or change DEXTER_WORKFLOW_REF of the app. Then `retry`.',
  },
  {
    says: /inputs? .*provided|input.* is (?:not|required)|provide value for/i,
    because: (name, file) =>
      `The inputs of \`${file}\` of ${name} are not those that this version of Dexter sends.`,
    hint: 'Merge the workflow from the examples folder of that version, then `retry`.',
  },
];

function dispatchError(request: DispatchRequest, workflow: string, ref: string, error: unknown): unknown {
  const name = `${request.repository.owner}/${request.repository.name}`;
  const file = `.github/workflows/${workflow}`;
  const status = statusOf(error);
  if (status === 404) {
    return new AppError('dispatch-failed', {
      message: `${name} has no workflow \`${file}\` on its default branch.`,
      hint: 'Merge the workflow from the examples folder into the default branch, then `retry`.',
      cause: error,
    });
  }
  const known =
    status === 422 || status === 403 ? refusals.find(({ says }) => says.test(messageOf(error))) : undefined;
  if (known)
    return new AppError('dispatch-failed', {
      message: known.because(name, file, ref),
      hint: known.hint,
      cause: error,
    });
  if (status === 422 || status === 403) {
    return new AppError('dispatch-failed', {
      message: `GitHub refused to start the workflow ${workflow} of ${name} (HTTP ${status}).`,
      hint: 'Check that it has the `workflow_dispatch` trigger with the inputs of the example, and that the app may write Actions.',
      cause: error,
    });
  }
  // The run may have started all the same: the command is looked after again when its lease is over.
  return githubError(`starting the workflow ${workflow} of ${name}`, error);
}

function refOf(run: {
  id: number;
  html_url: string;
  status: string | null;
  conclusion: string | null;
}): RunRef {
  return {
    id: String(run.id),
    url: run.html_url,
    ...(run.status === 'completed' ? { ended: run.conclusion ?? 'unknown' } : {}),
  };
}

/** The job of a run that has not begun, of those that GitHub shows: a run that waits for another one has none yet. */
function holding(jobs: { status: string; labels: string[] }[]): WaitingFor | undefined {
  if (jobs.length === 0) return { what: 'other-run' };
  if (jobs.some(({ status }) => status === 'in_progress' || status === 'completed')) return undefined;
  const queued = jobs.find(({ status }) => status === 'queued');
  if (queued) return { what: 'runner', labels: queued.labels };
  return jobs.some(({ status }) => status === 'waiting') ? { what: 'approval' } : { what: 'other-run' };
}

/** GitHub named the run when it was dispatched. */
async function findById(
  { github }: ActionsOptions,
  request: DispatchRequest,
  runId: string,
): Promise<RunRef> {
  try {
    const octokit = await github(request.installationId);
    const { data } = await octokit.rest.actions.getWorkflowRun({
      ...place(request.repository),
      run_id: Number(runId),
    });
    return refOf(data);
  } catch (error) {
    if (statusOf(error) === 404) return { id: runId, url: '', ended: 'deleted' };
    throw githubError('looking for the run of the command', error);
  }
}
