import { type Command, InvalidArgumentError } from 'commander';
import { lookOf, type Run } from './terminal.ts';

/** `dexter logs`. What it needs is loaded when it runs, so that help works on any Node.js. */
export function addLogsCommand(program: Command, run: Run): void {
  program
    .command('logs')
    .description('say what became of a command, step by step, and what its run wrote')
    .argument('<command>', 'its id, the beginning of it, or the key of its issue for the newest one')
    .option('-f, --follow', 'go on until it has ended')
    .option('--tail <lines>', 'how much to show of the log of a run on this machine', parseLines, 100)
    .option('--json', 'as JSON, in one line')
    .action((meant: string, flags: { follow?: boolean; tail: number; json?: boolean }) =>
      run(async (terminal) => {
        const { withFacts } = await import('./with-facts.ts');
        const { showLog } = await import('./show-log.ts');
        const shown = {
          json: flags.json === true,
          follow: flags.follow === true,
          tail: flags.tail,
          ...lookOf(terminal),
        };
        return withFacts(terminal.env, (facts) => showLog(facts, meant, shown, terminal));
      }),
    );
}

function parseLines(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 0 on.');
  return Number(text);
}
