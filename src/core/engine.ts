import { z } from 'zod';

/** What talks to the model: the Claude Code CLI, or Dexter itself by the Messages API. */
export const engines = ['claude-code', 'anthropic-api'] as const;

const oneOf = '`claude-code` or `anthropic-api`';

export const EngineName = z.enum(engines, oneOf);
export type EngineName = z.infer<typeof EngineName>;

/** What is asked of an engine: to do something, or to say how it would be done. */
export const jobKinds = ['instruction', 'plan'] as const;
export type JobKind = (typeof jobKinds)[number];

const forBoth = `${oneOf}, or one of them for each of \`instruction\` and \`plan\``;

/** The engine of all commands, or of each kind of them. */
export const EngineSetting = z.union(
  [
    EngineName,
    z.strictObject({
      instruction: EngineName.optional().meta({ description: 'Engine of instructions' }),
      plan: EngineName.optional().meta({ description: 'Engine of `plan`' }),
    } satisfies Record<JobKind, z.ZodType>),
  ],
  forBoth,
);
export type EngineSetting = z.infer<typeof EngineSetting>;

/** The engine of a kind of command by the first setting that names one; undefined leaves it to the runner. */
export function engineFor(
  kind: JobKind,
  settings: readonly (EngineSetting | undefined)[],
): EngineName | undefined {
  return settings
    .map((setting) => (typeof setting === 'object' ? setting[kind] : setting))
    .find((name) => name !== undefined);
}

/** As people are told of an engine, at the beginning of a sentence. */
export const engineWords: Readonly<Record<EngineName, string>> = {
  'claude-code': 'Claude Code',
  'anthropic-api': 'The direct engine',
};
