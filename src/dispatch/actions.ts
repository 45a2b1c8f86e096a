import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import { encodeInputs } from '../core/job.ts';
import { type Authenticate, githubError, place, say, statusOf } from '../github/github.ts';
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
    const octokit = await options.github(request.installationId);
    const { data } = await octokit.rest.repos.get(place(request.repository));
    return data.default_branch;
  }

  return {
    async dispatch(request) {
      const ref = await say('reading the default branch', () => workflowRef(request));
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
        return runOf(data);
      } catch (error) {
        throw dispatchError(request, options.workflow, error);
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
          if (run) return { id: String(run.id), url: run.html_url, ended: run.status === 'completed' };
        }
        return undefined;
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

function dispatchError(request: DispatchRequest, workflow: string, error: unknown): unknown {
  const name = `${request.repository.owner}/${request.repository.name}`;
  const status = statusOf(error);
  if (status === 404) {
    return new AppError('dispatch-failed', {
      message: `${name} has no workflow \`.github/workflows/${workflow}\` on its default branch, or Actions is disabled there.`,
      hint: 'Merge the workflow from the examples folder into the default branch, enable Actions, then `retry`.',
      cause: error,
    });
  }
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

/** GitHub named the run when it was dispatched. */
async function findById(
  { github }: ActionsOptions,
  request: DispatchRequest,
  runId: string,
): Promise<RunRef | undefined> {
  try {
    const octokit = await github(request.installationId);
    const { data } = await octokit.rest.actions.getWorkflowRun({
      ...place(request.repository),
      run_id: Number(runId),
    });
    return { id: runId, url: data.html_url, ended: data.status === 'completed' };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw githubError('looking for the run of the command', error);
  }
}
