import { type Command, InvalidArgumentError } from 'commander';
import type { Run } from './terminal.ts';

const repositoryName = /^[A-Za-z0-9-]{1,39}\/[A-Za-z0-9._-]{1,100}$/;

/** `dexter doctor`. What it needs is loaded when it runs, so that help works on any Node.js. */
export function addDoctorCommand(program: Command, run: Run): void {
  program
    .command('doctor')
    .description('ask everybody whom Dexter works with, and say what is wrong and how to mend it')
    .option(
      '--repository <owner/name>',
      'look at this repository, and at others that are named so (default: those of the first installation)',
      addRepository,
    )
    .option('--json', 'as JSON, in one line (docs/doctor.md)')
    .action(async ({ repository = [], json }: { repository?: string[]; json?: true }) => {
      await run(async (terminal) => {
        const { runDoctor } = await import('./doctor/run-doctor.ts');
        const { stdout } = process;
        const look = {
          colours: stdout.isTTY === true && !terminal.env.NO_COLOR,
          width: stdout.isTTY === true ? stdout.columns : undefined,
        };
        return runDoctor({ repositories: repository, json: json === true, look }, terminal);
      });
      // A connection that somebody left hanging must not hold this up once everything is said.
      process.stdout.write('', () => process.exit());
    });
}

function addRepository(name: string, before: string[] = []): string[] {
  if (!repositoryName.test(name)) throw new InvalidArgumentError('It must be a repository as owner/name.');
  return before.includes(name) ? before : [...before, name];
}
