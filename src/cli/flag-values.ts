import type { z } from 'zod';
import type { Environment } from '../config.ts';
import { AppError } from '../core/errors.ts';
import { readAs } from '../core/read-as.ts';

/** Flags by their name in camel case, as commander hands them over. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>;

/** Where a value may come from: the flag first, then the variables in their order. */
export interface Source {
  /** With its dashes: `--s3-bucket`. */
  flag: string;
  variables?: readonly string[];
}

/**
 * Reads the values that `sources` names and checks them with `schema`. Empty ones count as not given.
 * @throws AppError `input-invalid` that names every problem by the flag or variable that it came from.
 */
export function flagValues<T>(
  schema: z.ZodType<T>,
  sources: Readonly<Record<string, Source>>,
  flags: Flags,
  env: Environment,
): T {
  const found = new Map(
    Object.entries(sources).map(([name, source]) => [name, findValue(source, flags, env)] as const),
  );
  const values = Object.fromEntries([...found].map(([name, value]) => [name, value?.value]));
  const read = readAs(schema, values);
  if (read.outcome === 'read') return read.value;
  const problems = read.mistakes.map(({ path: [name = ''], says }) => {
    const value = found.get(name);
    if (value !== undefined) return `${value.from} ${says}`;
    return `${namesOf(sources[name])} is not set`;
  });
  throw new AppError('input-invalid', {
    message: `${[...new Set(problems)].join('; ')}.`,
    hint: 'Correct it and try again; `--help` after the subcommand describes each flag.',
  });
}

function findValue(
  { flag, variables = [] }: Source,
  flags: Flags,
  env: Environment,
): { value: string | boolean; from: string } | undefined {
  const value = flags[camelCase(flag)];
  if (value !== undefined && value !== '') return { value, from: flag };
  for (const variable of variables) {
    const inherited = env[variable];
    if (inherited) return { value: inherited, from: variable };
  }
  return undefined;
}

function camelCase(flag: string): string {
  return flag.replace(/^--/, '').replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `--s3-bucket (or DEXTER_S3_BUCKET)`. */
function namesOf(source: Source | undefined): string {
  const { flag, variables = [] } = source ?? { flag: 'a value' };
  return variables.length === 0 ? flag : `${flag} (or ${variables.join(', ')})`;
}
