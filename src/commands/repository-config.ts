import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { BudgetAmount } from '../core/budget.ts';
import { CommandFlags } from '../core/command.ts';
import { EngineSetting } from '../core/engine.ts';
import { firstLineOf, type Problem } from '../core/errors.ts';
import { mistakeText, readAs } from '../core/read-as.ts';

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
    engine: EngineSetting.optional().meta({
      description:
        'What talks to the model when the command names nothing (`--engine`): `claude-code` or `anthropic-api`, for all commands or by kind. Without it, what the app says',
    }),
    maxBudget: BudgetAmount.optional().meta({
      description:
        'Most that one run may cost, in US dollars; with 0 nothing is begun. A command may ask for less (`--max-budget`), not for more',
    }),
    budgets: z
      .strictObject({
        issue: BudgetAmount.optional().meta({
          description: 'Most that one issue may cost in this repository',
        }),
        personPerDay: BudgetAmount.optional().meta({
          description: 'Most that one person may spend in this repository in a day (UTC)',
        }),
        repositoryPerMonth: BudgetAmount.optional().meta({
          description: 'Most that this repository may cost in a month (UTC)',
        }),
      })
      .optional()
      .meta({
        description:
          'What may be spent here, in US dollars, besides what the administrator of Dexter allows; with 0 nothing is begun',
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
    return wrong([`it is not valid YAML: ${firstLineOf(error)}`]);
  }
  const read = readAs(RepositoryConfig, content);
  if (read.outcome === 'read') return { config: read.value };
  return wrong(read.mistakes.map((mistake) => mistakeText(mistake, 'the file')));
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

/** The model that a run is told to use; none leaves it to the session and to the workflow. */
export function modelOf(
  { model }: CommandFlags,
  config: RepositoryConfig,
  isNewSession: boolean,
): string | undefined {
  // A session goes on with the model that it has, which somebody may have chosen for it.
  return model ?? (isNewSession ? config.model : undefined);
}
