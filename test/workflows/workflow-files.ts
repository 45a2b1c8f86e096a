import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const Input = z.object({
  description: z.string(),
  type: z.enum(['string', 'number', 'boolean']).optional(),
  required: z.boolean().default(false),
  default: z.union([z.string(), z.number()]).optional(),
});
const Values = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const Permissions = z.record(z.string(), z.string());

const Workflow = z.object({
  'run-name': z.string().optional(),
  on: z.looseObject({
    workflow_dispatch: z.object({ inputs: z.record(z.string(), Input) }).optional(),
    workflow_call: z
      .object({
        inputs: z.record(z.string(), Input),
        secrets: z.record(z.string(), z.object({ required: z.boolean() })),
        outputs: z.record(z.string(), z.object({ value: z.string() })),
      })
      .optional(),
  }),
  permissions: Permissions.optional(),
  concurrency: z.looseObject({ group: z.string() }).optional(),
  jobs: z.record(
    z.string(),
    z.object({
      'runs-on': z.string().optional(),
      'timeout-minutes': z.union([z.string(), z.number()]).optional(),
      permissions: Permissions.optional(),
      uses: z.string().optional(),
      with: Values.default({}),
      secrets: z.record(z.string(), z.string()).optional(),
      steps: z
        .array(
          z.object({
            if: z.string().optional(),
            uses: z.string().optional(),
            run: z.string().optional(),
            with: Values.default({}),
          }),
        )
        .default([]),
    }),
  ),
});

export const ActionFile = z.object({
  inputs: z.record(z.string(), Input),
  outputs: z.record(z.string(), z.unknown()),
});

export interface WorkflowFile {
  path: string;
  text: string;
  workflow: z.infer<typeof Workflow>;
}

/** A workflow as its text says it. */
export const workflowAt = (text: string): z.infer<typeof Workflow> => Workflow.parse(parseYaml(text));

/** Every workflow of the repository, and every example of one. */
export async function workflowFiles(): Promise<WorkflowFile[]> {
  const found: WorkflowFile[] = [];
  for (const folder of ['.github/workflows', 'examples']) {
    for (const name of (await readdir(join(root, folder))).filter((one) => /\.ya?ml$/.test(one))) {
      const path = `${folder}/${name}`;
      const text = await readFile(join(root, path), 'utf8');
      const content: unknown = parseYaml(text);
      if (!isWorkflow(content)) continue;
      found.push({ path, text, workflow: Workflow.parse(content) });
    }
  }
  return found;
}

function isWorkflow(content: unknown): boolean {
  return typeof content === 'object' && content !== null && 'jobs' in content;
}
