import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CostGroup } from '../ledger/costs.ts';
import { lookOf, type Run } from './terminal.ts';

/** `dexter cost`. What it needs is loaded when it runs, so that help works on any Node.js. */
export function addCostCommand(program: Command, run: Run): void {
  program
    .command('cost')
    .description('say what the runs of an issue cost and what its session saved; without one, of all runs')
    .argument('[issue key]', 'such as DXTR-123, or gh-<repository id>-<number>')
    .option('--repository-id <id>', 'of an issue: only its runs in the repository with this id', parseId)
    .addOption(
      new Option('--by <what>', 'without an issue: what to sum up by')
        .choices(['day', 'repository', 'person'])
        .default('day'),
    )
    .option('--days <number>', 'without an issue: how far to look back', parseDays, 30)
    .option('--json', 'as JSON, in one line')
    .action((issueKey: string | undefined, flags: CostFlags, command: Command) => {
      for (const flag of ['by', 'days']) {
        if (issueKey !== undefined && command.getOptionValueSource(flag) === 'cli')
          command.error(`error: option '--${flag}' is for all runs: leave out the issue key, or the option`);
      }
      return run(async (terminal) => {
        const { withFacts } = await import('./with-facts.ts');
        const { showCost, showCosts } = await import('./show-cost.ts');
        const shown = { json: flags.json === true, ...lookOf(terminal) };
        return withFacts(terminal.env, (facts) =>
          issueKey === undefined
            ? showCosts(facts, { by: flags.by, days: flags.days, ...shown }, terminal)
            : showCost(facts, { issueKey, repositoryId: flags.repositoryId }, shown, terminal),
        );
      });
    });
}

interface CostFlags {
  json?: boolean;
  by: CostGroup;
  days: number;
  repositoryId?: number;
}

function parseId(text: string): number {
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new InvalidArgumentError('It must be the id of a repository.');
  return Number(text);
}

function parseDays(text: string): number {
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > 3650) throw new InvalidArgumentError('It must be a whole number from 1 to 3650.');
  return days;
}
