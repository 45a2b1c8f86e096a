import type { Answer } from '../../../core/answer.ts';
import { jobInputNames } from '../../../core/job.ts';
import type { Check } from '../check.ts';
import { installationIn, namedOf, type Patient } from '../patient.ts';
import { count, failed, ok, skipped, type Verdict, warning } from '../verdict.ts';
import { type ParsedWorkflow, parseWorkflow } from '../workflow-file.ts';

const example = 'https://github.com/dexter-app/dexter/blob/main/examples/dexter.yml';

/** Of the app's own settings: with local runs nobody dispatches anything. */
export const noWorkflow = skipped('Runs are done by the app itself (DEXTER_DISPATCHER=local).');

export const workflow: Check = {
  id: 'workflow',
  area: 'repository',
  title: 'Workflow',
  looksAt:
    'The workflow file is on the default branch (and on `DEXTER_WORKFLOW_REF`), can be dispatched, declares exactly the inputs that the app sends, may identify itself (`id-token: write`), and has the command id in its `run-name`.',
  mend: 'Copy `examples/dexter.yml` to `.github/workflows/` anew and merge it into the default branch.',
  needs: ['repository'],
  async inspect(patient, name) {
    if ((await patient.config()).dispatcher.kind === 'local') return noWorkflow;
    const { path, onDefault, run, ref } = await patient.workflow(name);
    return judgeWorkflow({ path, onDefault, run, ref, sent: jobInputNames });
  },
};

export const workflowActive: Check = {
  id: 'workflow-active',
  area: 'repository',
  title: 'Workflow is active',
  looksAt: 'Nobody has disabled the workflow, and GitHub has not for want of use.',
  mend: 'Choose "Enable workflow" on the workflow\'s page, or run `gh workflow enable dexter.yml`.',
  needs: ['workflow'],
  async inspect(patient, name) {
    const { dispatcher, github } = await patient.config();
    if (dispatcher.kind === 'local') return noWorkflow;
    const { id } = await installationIn(patient.installationOf(name));
    const answer = await (await patient.github()).workflowState(id, namedOf(name), dispatcher.workflow);
    return judgeState({ name, file: dispatcher.workflow, serverUrl: github.serverUrl, answer });
  },
};

/** The file that the `workflow` check has found to be in order. */
export async function workflowOf(patient: Patient, name: string): Promise<ParsedWorkflow> {
  const { run } = await patient.workflow(name);
  const parsed = run.outcome === 'answered' ? parseWorkflow(run.value) : undefined;
  if (parsed?.outcome !== 'parsed') throw new Error('the workflow was in order before');
  return parsed.workflow;
}

export function judgeWorkflow(facts: {
  path: string;
  onDefault: Answer<string>;
  run: Answer<string>;
  ref: string | undefined;
  /** Inputs that the app sends. */
  sent: readonly string[];
}): Verdict {
  const { path, onDefault, run, ref, sent } = facts;
  for (const [answer, branch] of [
    [onDefault, 'the default branch'],
    [run, `the branch ${ref}`],
  ] as const) {
    if (answer.outcome === 'answered') continue;
    if (answer.outcome === 'refused' && answer.status === 404) {
      return failed(`There is no ${path} on ${branch}.`, `Copy ${example} there, and merge it.`);
    }
    const how = answer.outcome === 'refused' ? `HTTP ${answer.status}` : answer.outcome;
    return failed(
      `GitHub does not show ${path} to the App (${how}).`,
      'Check the permission `contents` of the App, and try again.',
    );
  }
  const parsed = parseWorkflow(run.outcome === 'answered' ? run.value : '');
  if (parsed.outcome === 'unusable') {
    return failed(`${path} is not a workflow: ${parsed.reason}.`, `Compare it with ${example}`);
  }
  const { inputs, runName, mayIdentify } = parsed.workflow;
  if (inputs === undefined) {
    return failed(
      `${path} cannot be dispatched.`,
      `Give it \`on: workflow_dispatch:\` with the inputs of ${example}`,
    );
  }
  const names = inputs.map(({ name }) => name);
  const missing = sent.filter((name) => !names.includes(name));
  const unfilled = inputs.filter(({ name, isRequired }) => isRequired && !sent.includes(name));
  const problems = [
    ...(missing.length > 0 ? [`it lacks the ${plural(missing, 'input')} ${missing.join(', ')}`] : []),
    ...(unfilled.length > 0
      ? [`it requires ${unfilled.map(({ name }) => name).join(', ')}, which the app does not send`]
      : []),
    ...(mayIdentify ? [] : ['it lacks `permissions: id-token: write`, so that its run cannot say who it is']),
  ];
  if (problems.length > 0) {
    return failed(
      `${path} does not fit this Dexter: ${problems.join('; ')}.`,
      `Take it over from ${example}`,
    );
  }
  if (!runName.includes('inputs.command-id')) {
    return warning(
      `The \`run-name\` of ${path} does not hold the command id: a run whose dispatch was answered too late is not found again.`,
      `Take the line \`run-name\` over from ${example}`,
    );
  }
  return ok(`${path} takes the ${count(sent.length, 'input')} that the app sends.`);
}

function judgeState({
  name,
  file,
  serverUrl,
  answer,
}: {
  name: string;
  file: string;
  serverUrl: string;
  answer: Answer<{ state: string }>;
}): Verdict {
  const page = `${serverUrl}/${name}/actions/workflows/${file}`;
  if (answer.outcome !== 'answered') {
    const how = answer.outcome === 'refused' ? `HTTP ${answer.status}` : answer.outcome;
    return failed(
      `GitHub does not know the workflow ${file} (${how}).`,
      `Look at ${serverUrl}/${name}/actions: Actions may be disabled, or the file is not valid.`,
    );
  }
  const { state } = answer.value;
  if (state === 'active') return ok('It is.');
  const why =
    state === 'disabled_inactivity' ? 'GitHub has disabled it after 60 days without activity' : state;
  return failed(
    `The workflow ${file} does not run: ${why}.`,
    `gh workflow enable ${file} --repo ${name} (or ${page})`,
  );
}

function plural(list: readonly unknown[], noun: string): string {
  return list.length === 1 ? noun : `${noun}s`;
}
