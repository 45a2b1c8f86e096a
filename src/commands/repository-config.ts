import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { CommandFlags } from '../core/command.ts';
import { messageOf, type Problem } from '../core/errors.ts';

export const repositoryConfigPath = '.github/dexter.yml';

/** `.github/dexter.yml` of a repository. Published as `repository.schema.json`. */
export const RepositoryConfig = z
  .strictObject({
    enabled: z
      .boolean('`true` or `false`')
      .default(true)
      .meta({ description: '`false` refuses all instructions on this repository' }),
    model: CommandFlags.shape.model.meta({
      description: 'Model for new sessions, when the command names none (`--model`)',
    }),
    maxBudget: CommandFlags.shape.maxBudget.meta({
      description:
        'Most that one run may cost, in US dollars; a command may ask for less (`--max-budget`), not for more',
    }),
  })
  .meta({ title: repositoryConfigPath, description: 'What Dexter does in a repository' });
export type RepositoryConfig = z.infer<typeof RepositoryConfig>;

/** The settings in a text of YAML, or all that is wrong with it; without a file all have their defaults. */
export function readRepositoryConfig(
  text: string | undefined,
): { config: RepositoryConfig } | { problem: Problem } {
  let content: unknown;
  try {
    content = parseYaml(text ?? '') ?? {};
  } catch (error) {
    return wrong([`it is not valid YAML: ${messageOf(error).split('\n')[0]}`]);
  }
  const parsed = RepositoryConfig.safeParse(content);
  if (parsed.success) return { config: parsed.data };
  return wrong(
    parsed.error.issues.map(
      ({ path, message }) => `${path.length > 0 ? `\`${path.join('.')}\`: ` : ''}${message}`,
    ),
  );
}

/** Why nothing is done where the settings say so. */
export function switchedOff(): Problem {
  return {
    code: 'not-authorized',
    message: `Dexter is switched off in this repository: \`${repositoryConfigPath}\` on its default branch says \`enabled: false\`.`,
    hint: 'Whoever looks after the repository can take that out.',
  };
}

function wrong(problems: string[]): { problem: Problem } {
  return {
    problem: {
      code: 'config-invalid',
      message: `\`${repositoryConfigPath}\` on the default branch is wrong: ${problems.join('; ')}.`,
      hint: 'Correct it there, then `retry`. Every setting is explained in repository.schema.json of Dexter, which editors read.',
    },
  };
}

/** The caps of a run: what the command asks for, within what the repository allows. */
export function capsOf(
  { model, maxBudget }: CommandFlags,
  config: RepositoryConfig,
  isNewSession: boolean,
): { model: string | undefined; maxBudgetUsd: number | undefined } {
  const budgets = [maxBudget, config.maxBudget].filter((one) => one !== undefined);
  return {
    // A session goes on with the model that it has, which somebody may have chosen for it.
    model: model ?? (isNewSession ? config.model : undefined),
    maxBudgetUsd: budgets.length === 0 ? undefined : Math.min(...budgets),
  };
}
