import { parse as parseYaml } from 'yaml';
import { z } from 'zod';

const Workflow = z.looseObject({
  on: z.looseObject({
    workflow_dispatch: z.looseObject({
      inputs: z.record(z.string(), z.looseObject({ required: z.boolean().catch(false) })).default({}),
    }),
  }),
});

/**
 * Whether the app can start a workflow as well as `wanted`: it takes the same inputs and requires no others. What else
 * a team changed in its own copy is its business.
 */
export function takesInputsOf(workflow: string, wanted: string): boolean {
  const [own, needed] = [inputsOf(workflow), inputsOf(wanted)];
  if (!own || !needed) return false;
  const hasAll = Object.keys(needed).every((name) => own[name] !== undefined);
  return hasAll && Object.entries(own).every(([name, { required }]) => needed[name] || !required);
}

function inputsOf(workflow: string) {
  try {
    return Workflow.parse(parseYaml(workflow)).on.workflow_dispatch.inputs;
  } catch {
    return undefined;
  }
}
