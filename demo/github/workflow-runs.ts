import { git } from './git.ts';
import { isObject, type JsonObject, textAt } from './json.ts';

/** https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event */
const maxInputs = 25;
const maxInputCharacters = 65_535;

/** A run that somebody dispatched. Nothing runs here: a test or the demo decides how it ends. */
export type WorkflowRun = {
  id: number;
  workflow: string;
  ref: string;
  inputs: Record<string, string>;
  status: 'queued' | 'completed';
  conclusion: string | null;
  createdAt: string;
};

export type DispatchResult =
  | { outcome: 'dispatched'; run: WorkflowRun }
  | { outcome: 'refused'; status: number; message: string };

/** The least of Actions that dispatching needs; the emulator has no workflows at all. */
export function createWorkflowRuns(directory: string) {
  const runs: WorkflowRun[] = [];

  return {
    runs,
    find: (id: number) => runs.find((run) => run.id === id),

    async dispatch(workflow: string, request: unknown): Promise<DispatchResult> {
      const ref = textAt(request, 'ref').replace(/^refs\/heads\//, '');
      const refused = (status: number, message: string): DispatchResult => ({
        outcome: 'refused',
        status,
        message,
      });
      if (!/^[\w.-]+\.ya?ml$/.test(workflow)) return refused(404, 'Not Found');
      if (!(await hasFile(directory, ref, `.github/workflows/${workflow}`))) {
        return refused(ref === '' ? 422 : 404, ref === '' ? 'ref is required' : 'Not Found');
      }
      const inputs = isObject(request) && isObject(request.inputs) ? request.inputs : {};
      const texts = Object.entries(inputs).map(([key, value]) => [key, String(value)] as const);
      const characters = texts.reduce((total, [key, value]) => total + key.length + value.length, 0);
      if (texts.length > maxInputs) return refused(422, `you may only define up to ${maxInputs} inputs`);
      if (characters > maxInputCharacters) return refused(422, 'inputs are too large.');
      const run: WorkflowRun = {
        id: 1000 + runs.length + 1,
        workflow,
        ref,
        inputs: Object.fromEntries(texts),
        status: 'queued',
        conclusion: null,
        createdAt: new Date().toISOString(),
      };
      runs.push(run);
      return { outcome: 'dispatched', run };
    },

    complete(run: WorkflowRun, conclusion: string): void {
      run.status = 'completed';
      run.conclusion = conclusion;
    },
  };
}
export type WorkflowRuns = ReturnType<typeof createWorkflowRuns>;

/** Whether a branch of the repository has a file. */
export async function hasFile(directory: string, ref: string, path: string): Promise<boolean> {
  if (!/^[\w][\w./-]*$/.test(ref)) return false;
  const out = await git(directory, [
    'ls-tree',
    '--name-only',
    '--full-tree',
    `refs/heads/${ref}`,
    '--',
    path,
  ]).catch(() => Buffer.alloc(0));
  return out.length > 0;
}

export function formatRun(run: WorkflowRun, repositoryUrl: string, htmlUrl: string): JsonObject {
  return {
    id: run.id,
    name: run.workflow,
    path: `.github/workflows/${run.workflow}`,
    event: 'workflow_dispatch',
    head_branch: run.ref,
    status: run.status,
    conclusion: run.conclusion,
    run_attempt: 1,
    run_number: run.id - 1000,
    created_at: run.createdAt,
    url: `${repositoryUrl}/actions/runs/${run.id}`,
    html_url: `${htmlUrl}/actions/runs/${run.id}`,
  };
}
