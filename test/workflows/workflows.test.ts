import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { Inputs, parseInputs } from '../../action/inputs.ts';
import { engineTimeLimitMs } from '../../action/time-limit.ts';
import { encodeInputs, type Job } from '../../src/core/job.ts';
import { evaluated, findingsIn } from './github-parser.ts';
import { ActionFile, root, type WorkflowFile, workflowFiles } from './workflow-files.ts';

/** https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#onworkflow_dispatchinputs */
const mostInputs = 25;

const files = await workflowFiles();
const named = (path: string): WorkflowFile => {
  const found = files.find((file) => file.path === path);
  if (!found) throw new Error(`no workflow ${path}`);
  return found;
};
const callerFile = named('examples/dexter.yml');
const reusableFile = named('.github/workflows/dexter.yml');
const caller = callerFile.workflow;
const reusable = reusableFile.workflow;
const [callerJob] = Object.values(caller.jobs);
const [reusableJob] = Object.values(reusable.jobs);
const actionText = await readFile(join(root, 'action/action.yml'), 'utf8');
const action = ActionFile.parse(parseYaml(actionText));
const referred = { workflow: reusableFile.text, action: parseYaml(actionText) };

const taken = caller.on.workflow_dispatch?.inputs ?? {};
const called = reusable.on.workflow_call;
const step = reusableJob?.steps.find(({ uses }) => uses?.startsWith('dexter-app/dexter/action@'));
const sent = Object.keys(encodeInputs({} as Job));
const from = (context: 'inputs' | 'secrets', name: string) => `\${{ ${context}.${name} }}`;
const namesOf = (record: object | undefined) => Object.keys(record ?? {}).toSorted();

test.each([...files.map(({ path, text }) => [path, text]), ['action/action.yml', actionText]])(
  "GitHub's own parser finds nothing to say about %s",
  async (path = '', text = '') => {
    expect(await findingsIn(path, text, referred)).toEqual([]);
  },
);

test.each([
  ['a word that is none', 'queue: max', 'queue: most', 'most'],
  ['an input that the called workflow lacks', 'runs-on:', 'run-on:', 'run-on is not defined'],
  ['an input that it needs', /^ +instruction: \$.*\n/m, '', 'instruction is required'],
  ['an input that nobody gives', 'inputs.delta }}', 'inputs.deltas }}', 'deltas'],
])("GitHub's own parser sees %s", async (_, part, broken, finding) => {
  const text = callerFile.text.replace(part, broken);
  expect(await findingsIn(callerFile.path, text, referred)).toEqual([expect.stringContaining(finding)]);
});

test('the caller is started by the app alone, with exactly what the app sends, and passes all of it on', () => {
  expect(Object.keys(caller.on)).toEqual(['workflow_dispatch']);
  expect(namesOf(taken)).toEqual(sent.toSorted());
  expect(sent.length).toBeLessThanOrEqual(mostInputs);
  for (const name of sent) expect(callerJob?.with[name]).toBe(from('inputs', name));
});

test('the reusable workflow has an input or a secret for each input of the action, and passes it on', () => {
  expect(namesOf(step?.with)).toEqual(namesOf(action.inputs));
  // The name `github-token` is GitHub's own among secrets.
  expect(step?.with['github-token']).toBe(`\${{ secrets.token || github.token }}`);
  for (const name of namesOf(action.inputs).filter((one) => one !== 'github-token')) {
    const context = name in (called?.secrets ?? {}) ? 'secrets' : 'inputs';
    expect(namesOf(called?.[context])).toContain(name);
    expect(step?.with[name]).toBe(from(context, name));
  }
  expect(namesOf(action.inputs)).toEqual(namesOf(Inputs.shape));
});

test('the reusable workflow has no input that does nothing', () => {
  for (const name of namesOf(called?.inputs))
    expect(
      reusableFile.text.includes(`inputs.${name} `) || reusableFile.text.includes(`inputs.${name})`),
    ).toBe(true);
  for (const name of namesOf(called?.secrets)) expect(reusableFile.text).toContain(`secrets.${name} `);
});

test('what is required is so for the app and the caller, and what is without the app for the workflow and the action', () => {
  const required = (inputs: Record<string, { required: boolean }> | undefined) =>
    Object.entries(inputs ?? {})
      .filter(([, input]) => input.required)
      .map(([name]) => name)
      .toSorted();
  const needed = sent.filter((name) => {
    const others = Object.fromEntries(sent.filter((one) => one !== name).map((one) => [one, 'x']));
    return errorOf(() => parseInputs((asked) => others[asked] ?? '')).includes(`\`${name}\``);
  });
  expect(needed).not.toEqual([]);
  expect(required(taken)).toEqual(needed.toSorted());
  // Without the app the rest of it is not there.
  for (const inputs of [called?.inputs, action.inputs]) expect(required(inputs)).toEqual(['instruction']);
});

test('an input that is left empty has the default of the action', () => {
  for (const [name, input] of Object.entries(called?.inputs ?? {})) {
    if (input.required || !(name in action.inputs)) continue;
    expect([name, String(input.default)]).toEqual([
      name,
      name === 'timeout-minutes' ? action.inputs[name]?.default : '',
    ]);
  }
});

test('the outputs of the action are those of the reusable workflow', () => {
  expect(namesOf(called?.outputs)).toEqual(namesOf(action.outputs));
  for (const [name, { value }] of Object.entries(called?.outputs ?? {}))
    expect(value).toBe(`\${{ jobs.dexter.outputs.${name} }}`);
});

test('secrets are handed over one by one', () => {
  expect(callerJob?.secrets).toEqual({ 'anthropic-api-key': from('secrets', 'ANTHROPIC_API_KEY') });
  expect(namesOf(called?.secrets)).toEqual(expect.arrayContaining(namesOf(callerJob?.secrets as object)));
});

test('a run can be found by the command id, and waits for its turn', () => {
  expect(caller['run-name']).toContain(from('inputs', 'command-id'));
  expect(caller.concurrency).toEqual({
    group: `dexter-${from('inputs', 'issue-key')}`,
    'cancel-in-progress': false,
    queue: 'max',
  });
});

test('the run gets the OIDC token only, and the reusable workflow takes what its caller gives', () => {
  expect(caller.permissions).toEqual({});
  expect(callerJob?.permissions).toEqual({ 'id-token': 'write' });
  expect([reusable.permissions, reusableJob?.permissions]).toEqual([undefined, undefined]);
});

test('the labels of the runner are those of the documentation', () => {
  expect(reusableJob?.['runs-on']).toContain('fromJSON(inputs.runs-on)');
  const labels = ['self-hosted', 'dexter'];
  expect(JSON.parse(String(called?.inputs['runs-on']?.default))).toEqual(labels);
  expect(JSON.parse(String(callerJob?.with['runs-on']))).toEqual(labels);
});

test.each([1, 20, 21, 60, 61, 90, 120, 121, 240, 241, 480, 481, 1440, 1441, 5_000, 7_190])(
  'the job has at least ten minutes more than the action, which has %d',
  (minutes) => {
    const [, expression = ''] = /^\$\{\{ (.+) \}\}$/.exec(String(reusableJob?.['timeout-minutes'])) ?? [];
    const job = evaluated(expression, { 'timeout-minutes': minutes });
    expect(job).toBeGreaterThanOrEqual(minutes + 10);
    expect(job).toBeLessThanOrEqual(7_200);
    expect(engineTimeLimitMs(minutes)).toBeLessThan(job * 60_000);
  },
);

test.each(files.map(({ path, text, workflow }) => ({ path, text, workflow })))(
  '$path runs nothing that can be changed or that people write',
  ({ text, workflow }) => {
    const jobs = Object.values(workflow.jobs);
    const steps = jobs.flatMap((job) => job.steps);
    const uses = [...jobs, ...steps].map((one) => one.uses).filter((one) => one !== undefined);
    for (const one of uses) expect(one).toMatch(/^[\w.-]+\/[\w.-]+(?:\/[\w./-]+)?@[0-9a-f]{40}$/);
    // The version that the commit is, beside it.
    for (const one of uses) expect(text).toMatch(new RegExp(`${one.replaceAll('.', '\\.')} # \\S`));
    for (const { run = '' } of steps) expect(run).not.toContain('${{');
    expect(text).not.toMatch(/pull_request_target|restore-keys|secrets: inherit/);
  },
);

test.each(files.map(({ path, text }) => ({ path, text })))(
  '$path gives a reason with each permission that it asks for',
  ({ text }) => {
    const asked = [...text.matchAll(/^ *(?:# )?[a-z-]+: (?:write|read)\b(.*)$/gm)];
    for (const [line, reason] of asked) expect(reason, line).toMatch(/^ # \S+ \S+/);
  },
);

function errorOf(action: () => unknown): string {
  try {
    action();
    return '';
  } catch (error) {
    return String(error);
  }
}
