import { type Command, Option } from 'commander';
import { valueFlags } from './estimate/flags.ts';
import type { Flags } from './flag-values.ts';
import type { Run } from './terminal.ts';

/** `dexter estimate`. What it needs is loaded when it runs, so that help works on any Node.js. */
export function addEstimateCommand(program: Command, run: Run): void {
  const estimate = program
    .command('estimate')
    .description('what tickets and follow-ups cost: new starts, full resume and Dexter (docs/estimate.md)');
  for (const { flag, value, says, default: usual } of valueFlags)
    estimate.option(`${flag} ${value}`, `${says} (default: ${usual})`);
  estimate
    .option('--from-ledger', 'measure what is not given by the runs of the app (DATABASE_URL, DEXTER_DATA)')
    .option('--note', 'with the tables of the research note that Dexter began with')
    .addOption(new Option('--json', 'as JSON, in one line').conflicts('markdown'))
    .option('--markdown', 'as Markdown, with the note, all prices and the source of each figure')
    .action((flags: Flags) =>
      run(async (terminal) => {
        const { runEstimate } = await import('./estimate/run-estimate.ts');
        const { stdout } = process;
        const output = {
          form: flags.json === true ? 'json' : flags.markdown === true ? 'markdown' : 'terminal',
          look: {
            colours: stdout.isTTY === true && !terminal.env.NO_COLOR,
            width: stdout.isTTY === true ? stdout.columns : undefined,
          },
        } as const;
        if (flags.fromLedger !== true) return runEstimate(flags, output, terminal);
        const { measureLedger } = await import('./estimate/measure-ledger.ts');
        return runEstimate(flags, output, terminal, () => measureLedger(terminal.env));
      }),
    );
}
