import type { Command } from 'commander';
import { lookOf, type Run } from './terminal.ts';

/** `dexter status`. What it needs is loaded when it runs, so that help works on any Node.js. */
export function addStatusCommand(program: Command, run: Run): void {
  program
    .command('status')
    .description('say what runs and waits, what ended last, and what it cost')
    .option('--json', 'as JSON, in one line')
    .action((flags: { json?: boolean }) =>
      run(async (terminal) => {
        const { withFacts } = await import('./with-facts.ts');
        const { showStatus } = await import('./show-status.ts');
        const shown = { json: flags.json === true, ...lookOf(terminal) };
        return withFacts(terminal.env, (facts) => showStatus(facts, shown, terminal));
      }),
    );
}
