import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Instruction {
  name:
    | 'WORKDIR'
    | 'COPY'
    | 'RUN'
    | 'ENV'
    | 'USER'
    | 'VOLUME'
    | 'EXPOSE'
    | 'STOPSIGNAL'
    | 'HEALTHCHECK'
    | 'CMD';
  /** `--from=build` and the like. */
  flags: Record<string, string>;
  rest: string;
}

export interface Stage {
  image: string;
  name: string | undefined;
  instructions: Instruction[];
}

const names = [
  'WORKDIR',
  'COPY',
  'RUN',
  'ENV',
  'USER',
  'VOLUME',
  'EXPOSE',
  'STOPSIGNAL',
  'HEALTHCHECK',
  'CMD',
];

/**
 * The stages of the Dockerfile. It is kept as plain as this reads: one instruction a line, or continued by `\`;
 * no variables, no heredocs. What goes beyond that is an error.
 * https://docs.docker.com/reference/dockerfile/
 */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  const lines = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  for (const line of lines) {
    const [, name = '', given = ''] = /^([A-Z]+)\s+(.+)$/.exec(line) ?? [];
    if (name === 'FROM') {
      const [, image = '', stage] = /^(\S+)(?: AS (\S+))?$/.exec(given) ?? [];
      if (image === '') throw new Error(`not understood: ${line}`);
      stages.push({ image, name: stage, instructions: [] });
      continue;
    }
    if (!isName(name) || given.includes('<<') || (name !== 'HEALTHCHECK' && given.includes('$')))
      throw new Error(`not understood: ${line}`);
    const flags = [...given.matchAll(/--([a-z-]+)=(\S+)\s+/gy)];
    const rest = given.slice(flags.map(([flag]) => flag).join('').length);
    const instruction = {
      name,
      flags: name === 'RUN' ? {} : Object.fromEntries(flags.map(([, flag, value]) => [flag, value])),
      rest: name === 'RUN' ? given : rest,
    };
    stages.at(-1)?.instructions.push(instruction as Instruction);
  }
  return stages;
}

function isName(name: string): name is Instruction['name'] {
  return names.includes(name);
}

export const readStages = async () => parseDockerfile(await readFile(join(root, 'Dockerfile'), 'utf8'));

/** The last value of an instruction of a stage. */
export function lastOf(stage: Stage | undefined, name: Instruction['name']): string | undefined {
  return stage?.instructions.findLast((one) => one.name === name)?.rest;
}

/** `A=1 B=2`. */
export function environmentOf(stage: Stage | undefined): Record<string, string> {
  const pairs = (stage?.instructions ?? [])
    .filter(({ name }) => name === 'ENV')
    .flatMap(({ rest }) => rest.trim().split(/\s+/));
  return Object.fromEntries(pairs.map((pair) => pair.split('=', 2) as [string, string]));
}

/** The command of an instruction in its exec form, which needs no shell. */
export function execForm(text: string | undefined): string[] {
  const parsed: unknown = JSON.parse(text ?? '');
  if (!Array.isArray(parsed) || !parsed.every((part) => typeof part === 'string'))
    throw new Error(`not in exec form: ${text}`);
  return parsed;
}

/**
 * Whether a file of the repository is sent to the build. The file is a list of what is: everything else is not.
 * https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export function isInContext(dockerignore: string, path: string): boolean {
  const [first, ...lines] = dockerignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  if (first !== '*') throw new Error('the list does not begin with `*`');
  return lines.some((line) => {
    const [, kept] = /^!([\w./-]+)$/.exec(line) ?? [];
    if (kept === undefined) throw new Error(`not understood: ${line}`);
    return path === kept || path.startsWith(`${kept}/`);
  });
}
