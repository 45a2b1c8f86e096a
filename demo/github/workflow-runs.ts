import { parse } from 'yaml';
import { git } from './git.ts';
import { isObject, type JsonObject, objectAt, textAt } from './json.ts';

/** https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event */
const maxInputs = 25;
const maxInputCharacters = 65_535;

/** A run that somebody dispatched. Nothing runs here: a test or the demo decides how it ends. */
export type WorkflowRun = {
  id: number;
  workflow: string;
  ref: string;
  inputs: Record<string, string>;
  /** The `run-name` of the workflow, or the workflow's name. */
  title: string;
  /** `runs-on` of its job. */
  labels: string[];
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
  createdAt: string;
};

export type DispatchResult =
  | { outcome: 'dispatched'; run: WorkflowRun }
  | { outcome: 'refused'; status: number; message: string };

/** The least of Actions that dispatching needs; the emulator has no workflows at all. */
export function createWorkflowRuns(directory: string) {
  const runs: WorkflowRun[] = [];
  const disabled = { actions: false, workflows: new Set<string>() };
  let last = 1000;

  return {
    runs,
    disabled,
    find: (id: number) => runs.find((run) => run.id === id),

    async dispatch(workflow: string, request: unknown): Promise<DispatchResult> {
      const ref = textAt(request, 'ref').replace(/^refs\/heads\//, '');
      const refused = (status: number, message: string): DispatchResult => ({
        outcome: 'refused',
        status,
        message,
      });
      if (!/^[\w.-]+\.ya?ml$/.test(workflow)) return refused(404, 'Not Found');
      if (ref === '') return refused(422, 'ref is required');
      if (disabled.actions) return refused(422, 'Actions has been disabled for this repository.');
      if (disabled.workflows.has(workflow))
        return refused(422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow");
      const file = await readWorkflow(directory, ref, `.github/workflows/${workflow}`);
      if (file === undefined) return refused(404, 'Not Found');
      if (!isDispatchable(file)) return refused(422, "Workflow does not have 'workflow_dispatch' trigger");
      const inputs = isObject(request) && isObject(request.inputs) ? request.inputs : {};
      const texts = Object.entries(inputs).map(([key, value]) => [key, String(value)] as const);
      const characters = texts.reduce((total, [key, value]) => total + key.length + value.length, 0);
      if (texts.length > maxInputs) return refused(422, `you may only define up to ${maxInputs} inputs`);
      if (characters > maxInputCharacters) return refused(422, 'inputs are too large.');
      last += 1;
      const given = Object.fromEntries(texts);
      const run: WorkflowRun = {
        id: last,
        workflow,
        ref,
        inputs: given,
        title: titleOf(file, workflow, given),
        labels: labelsOf(file),
        status: 'queued',
        conclusion: null,
        createdAt: new Date().toISOString(),
      };
      runs.push(run);
      return { outcome: 'dispatched', run };
    },

    /** Only what is over can be deleted. */
    remove(run: WorkflowRun): boolean {
      if (run.status !== 'completed') return false;
      runs.splice(runs.indexOf(run), 1);
      return true;
    },

    complete(run: WorkflowRun, conclusion: string): void {
      run.status = 'completed';
      run.conclusion = conclusion;
    },
  };
}
export type WorkflowRuns = ReturnType<typeof createWorkflowRuns>;

/** A workflow file of a branch, parsed; undefined where there is none. */
async function readWorkflow(directory: string, ref: string, path: string): Promise<JsonObject | undefined> {
  if (!/^[\w][\w./-]*$/.test(ref)) return undefined;
  const text = await git(directory, ['show', `refs/heads/${ref}:${path}`]).catch(() => undefined);
  if (text === undefined) return undefined;
  const file: unknown = parse(text.toString('utf8'));
  return isObject(file) ? file : {};
}

function isDispatchable({ on }: JsonObject): boolean {
  if (typeof on === 'string') return on === 'workflow_dispatch';
  if (Array.isArray(on)) return on.includes('workflow_dispatch');
  return isObject(on) && 'workflow_dispatch' in on;
}

/** Of all expressions, those that a `run-name` needs. */
function titleOf(file: JsonObject, workflow: string, inputs: Record<string, string>): string {
  const name = textAt(file, 'run-name') || textAt(file, 'name') || `.github/workflows/${workflow}`;
  return name.replaceAll(/\$\{\{\s*inputs\.([\w-]+)\s*\}\}/g, (_, input: string) => inputs[input] ?? '');
}

/** A job that calls a reusable workflow leaves its labels to that one, which takes them as JSON. */
function labelsOf(file: JsonObject): string[] {
  const [job] = Object.values(objectAt(file, 'jobs'));
  if (!isObject(job)) return [];
  const passedOn = textAt(objectAt(job, 'with'), 'runs-on');
  const runsOn: unknown = passedOn === '' ? job['runs-on'] : JSON.parse(passedOn);
  return [runsOn ?? []].flat().map(String);
}

/** The one job of a run, as the REST API shows it. */
export function formatRunJob(run: WorkflowRun, repositoryUrl: string, htmlUrl: string): JsonObject {
  return {
    id: 700_000 + run.id,
    run_id: run.id,
    name: 'dexter',
    status: run.status,
    conclusion: run.conclusion,
    labels: run.labels,
    runner_id: run.status === 'queued' ? 0 : 1,
    runner_name: run.status === 'queued' ? '' : 'by hand',
    url: `${repositoryUrl}/actions/jobs/${700_000 + run.id}`,
    html_url: `${htmlUrl}/actions/runs/${run.id}/job/${700_000 + run.id}`,
  };
}

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
    display_title: run.title,
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
