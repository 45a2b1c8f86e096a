import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const Workflow = z.object({
  on: z.record(z.string(), z.unknown()),
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(
    z.string(),
    z.object({
      if: z.string().optional(),
      concurrency: z.object({ group: z.string(), 'cancel-in-progress': z.literal(false) }),
      permissions: z.record(z.string(), z.enum(['read', 'write'])),
      uses: z.string(),
      with: z.record(z.string(), z.union([z.string(), z.number()])),
      secrets: z.record(z.string(), z.string()),
    }),
  ),
});

/** What the reusable workflow takes for itself. */
const notOfTheAction = new Set(['runs-on']);

/** A workflow of examples/ that has one job, which calls the reusable workflow; `with` is what that gives the action. */
export async function exampleWorkflow(name: string) {
  const text = await readFile(join(import.meta.dirname, '../../examples', name), 'utf8');
  const workflow = Workflow.parse(parse(text));
  const [job] = Object.values(workflow.jobs);
  if (!job) throw new Error(`${name} has no job`);
  const given = Object.entries({ ...job.with, ...job.secrets });
  return {
    ...workflow,
    text,
    job,
    with: Object.fromEntries(given.filter(([input]) => !notOfTheAction.has(input))),
  };
}

/** What the inputs are for an event: each expression names values, the first that is not empty counts. */
export function inputsFor(
  workflow: { with: Record<string, string | number> },
  contexts: object,
): Record<string, string> {
  const value = (path: string) =>
    path.split('.').reduce<unknown>((at, key) => (Object(at) as Record<string, unknown>)[key], contexts) ??
    '';
  const render = (text: string) =>
    text.replaceAll(/\$\{\{ (?:format\('\{0\}', )?([\w.| ]+)\)? \}\}/g, (_, expression: string) =>
      String(expression.split(' || ').map(value).find(Boolean) ?? ''),
    );
  // The runner trims what it gives to an action, as the toolkit does when it reads it.
  return Object.fromEntries(
    Object.entries(workflow.with).map(([name, text]) => [name, render(String(text))]),
  );
}
