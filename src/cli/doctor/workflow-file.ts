import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { firstLineOf } from '../../core/errors.ts';
import { mistakeText, readAs } from '../../core/read-as.ts';

const Job = z.looseObject({
  'runs-on': z.unknown().optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), z.unknown()).nullish().catch(undefined),
  permissions: z.unknown().optional(),
  secrets: z.unknown().optional(),
  environment: z.unknown().optional(),
});
type Job = z.infer<typeof Job>;

const WorkflowFile = z.looseObject({
  on: z.unknown().optional(),
  'run-name': z.string().optional(),
  permissions: z.unknown().optional(),
  jobs: z.record(z.string(), Job),
});

const Dispatch = z.object({
  workflow_dispatch: z
    .looseObject({
      inputs: z
        .record(
          z.string(),
          z.looseObject({ required: z.boolean().optional(), default: z.unknown().optional() }).nullish(),
        )
        .nullish(),
    })
    .nullish(),
});

export interface DispatchInput {
  name: string;
  /** Whether a dispatch without it is refused. */
  isRequired: boolean;
}

/** Where a job runs, as far as its file tells. */
export type RunsOn =
  | { kind: 'labels'; labels: string[] }
  /** A group of runners; the labels narrow it down. */
  | { kind: 'group'; group: string; labels: string[] }
  /** An expression, or whatever a workflow of elsewhere makes of its inputs. */
  | { kind: 'unknown' };

/** What of a workflow file decides whether the app can start it, and whether a runner takes it. */
export interface ParsedWorkflow {
  /** Undefined when nobody can dispatch it. */
  inputs: DispatchInput[] | undefined;
  runName: string;
  mayIdentify: boolean;
  runsOn: RunsOn[];
  /** Names of the secrets that it passes on, without the token that GitHub makes itself. */
  secrets: string[];
  inheritsSecrets: boolean;
  /** Whether its jobs may take secrets from an environment of the repository. */
  hasEnvironment: boolean;
}

/** Inputs of reusable workflows that say where their job is to run. */
const labelInputs = ['runs-on', 'runner', 'runners', 'runner-labels', 'labels'];

/** Reads a workflow file of a repository: text that anybody may have written. */
export function parseWorkflow(
  text: string,
): { outcome: 'parsed'; workflow: ParsedWorkflow } | { outcome: 'unusable'; reason: string } {
  let content: unknown;
  try {
    content = parseYaml(text);
  } catch (error) {
    return { outcome: 'unusable', reason: firstLineOf(error) };
  }
  const read = readAs(WorkflowFile, content);
  if (read.outcome === 'wrong')
    return {
      outcome: 'unusable',
      reason: read.mistakes.map((mistake) => mistakeText(mistake, 'the file')).join('; '),
    };
  const { on, permissions, jobs, 'run-name': runName = '' } = read.value;
  const all = Object.values(jobs);
  // A file may hold jobs of its own beside the one that is given the command.
  const ours = all.filter((job) => JSON.stringify(job).includes('command-id'));
  const relevant = ours.length > 0 ? ours : all;
  return {
    outcome: 'parsed',
    workflow: {
      inputs: inputsOf(on),
      runName,
      mayIdentify: relevant.some((job) => grantsToken(job.permissions ?? permissions)),
      runsOn: relevant.map(runsOnOf),
      secrets: secretsIn(text),
      inheritsSecrets: relevant.some((job) => job.secrets === 'inherit'),
      hasEnvironment: relevant.some((job) => job.environment !== undefined && job.environment !== null),
    },
  };
}

function inputsOf(on: unknown): DispatchInput[] | undefined {
  if (on === 'workflow_dispatch' || (Array.isArray(on) && on.includes('workflow_dispatch'))) return [];
  const { success, data } = Dispatch.safeParse(on);
  if (!success || data.workflow_dispatch === undefined) return undefined;
  return Object.entries(data.workflow_dispatch?.inputs ?? {}).map(([name, input]) => ({
    name,
    isRequired: input?.required === true && input.default === undefined,
  }));
}

function grantsToken(permissions: unknown): boolean {
  if (permissions === 'write-all') return true;
  return z.looseObject({ 'id-token': z.literal('write') }).safeParse(permissions).success;
}

function runsOnOf(job: Job): RunsOn {
  const stated =
    job.uses === undefined
      ? job['runs-on']
      : labelInputs.map((name) => job.with?.[name]).find((value) => value !== undefined);
  return toRunsOn(stated);
}

function toRunsOn(stated: unknown): RunsOn {
  if (typeof stated === 'string') {
    const list = stated.trim().startsWith('[')
      ? z.array(z.string()).safeParse(parseQuietly(stated)).data
      : undefined;
    const labels = list ?? [stated.trim()];
    return labels.some((label) => label.includes('${{')) ? { kind: 'unknown' } : { kind: 'labels', labels };
  }
  const list = z.array(z.string()).min(1).safeParse(stated);
  if (list.success) {
    return list.data.some((label) => label.includes('${{'))
      ? { kind: 'unknown' }
      : { kind: 'labels', labels: list.data };
  }
  const group = z
    .object({ group: z.string(), labels: z.union([z.string(), z.array(z.string())]).optional() })
    .safeParse(stated);
  if (!group.success) return { kind: 'unknown' };
  return { kind: 'group', group: group.data.group, labels: [group.data.labels ?? []].flat() };
}

function parseQuietly(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Lines that are comments name secrets too, but nobody uses those. */
function secretsIn(text: string): string[] {
  const code = text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n');
  const names = [
    ...code.matchAll(/\bsecrets(?:\.([A-Za-z_]\w{0,99})|\[\s*['"]([A-Za-z_]\w{0,99})['"]\s*\])/g),
  ];
  const found = names.map(([, dotted, quoted]) => (dotted ?? quoted ?? '').toUpperCase());
  return [...new Set(found)].filter((name) => name !== 'GITHUB_TOKEN').toSorted();
}
