import { type Command, InvalidArgumentError } from 'commander';
import { parseSize } from '../core/size.ts';
import type { Flags } from './flag-values.ts';
import { parseTime } from './session.ts';
import { addScopeFlags } from './store-flags.ts';
import type { Run } from './terminal.ts';

/** `dexter workspace …`. What a subcommand needs is loaded when it runs, so that help works on any Node.js. */
export function addWorkspaceCommands(program: Command, run: Run): void {
  const workspace = program
    .command('workspace')
    .description('look at what a runner keeps on its disk, and make room');

  addWorkspaceFlag(workspace.command('ls'))
    .description('list checkouts and mirrors, the newest first')
    .option('--json', 'as JSON, in one line')
    .action((flags: Flags) =>
      run(async (terminal) => {
        const { listCheckouts } = await import('./list-checkouts.ts');
        const directory = await directoryOf(flags, terminal.env);
        return listCheckouts(directory, { json: flags.json === true }, terminal);
      }),
    );

  addWorkspaceFlag(addScopeFlags(workspace.command('rm')))
    .description('remove checkouts that are not in use; what was saved of the sessions stays')
    .argument('<issue keys...>', 'such as DXTR-123')
    .option('--yes', 'without asking')
    .action((issueKeys: string[], flags: Flags) =>
      run(async (terminal) => {
        const { removeCheckouts } = await import('./remove-checkouts.ts');
        const { scopeOf } = await import('./open-store-of.ts');
        const directory = await directoryOf(flags, terminal.env);
        const options = { ...scopeOf(flags), yes: flags.yes === true };
        return removeCheckouts(directory, issueKeys, options, terminal);
      }),
    );

  addWorkspaceFlag(workspace.command('gc'))
    .description('remove what is beyond the limits, the least recently used first, never what is in use')
    .option('--max-sessions <count>', 'keep at most so many checkouts', parseCount)
    .option('--max-age <time>', 'remove what was not used for so long, such as 30d, 8w or 12h', parseTime)
    .option('--max-size <size>', 'keep the workspace below this, such as 20GB', parseBytes)
    .option('--dry-run', 'only say what would be removed')
    .option('--json', 'as JSON, in one line')
    .action((flags: Flags & Limits) =>
      run(async (terminal) => {
        const { collectCheckouts } = await import('./collect-checkouts.ts');
        const directory = await directoryOf(flags, terminal.env);
        const { maxSessions, maxAge, maxSize } = flags;
        const limits = {
          ...(maxSessions === undefined ? {} : { maxSessions }),
          ...(maxAge === undefined ? {} : { maxAgeDays: maxAge / dayMs }),
          ...(maxSize === undefined ? {} : { maxBytes: maxSize }),
        };
        const options = { limits, dryRun: flags.dryRun === true, json: flags.json === true };
        return collectCheckouts(directory, options, terminal);
      }),
    );
}

interface Limits {
  maxSessions?: number;
  maxAge?: number;
  maxSize?: number;
}

const dayMs = 24 * 60 * 60_000;

function addWorkspaceFlag(command: Command): Command {
  return command.option(
    '--workspace <directory>',
    'where the runner keeps its workspace (DEXTER_WORKSPACE; default: workspace in DEXTER_DATA)',
  );
}

async function directoryOf(flags: Flags, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const { workspaceOf } = await import('./workspace-of.ts');
  return workspaceOf(flags, env);
}

function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function parseBytes(text: string): number {
  const bytes = /[a-z]/i.test(text) ? parseSize(text) : undefined;
  if (bytes === undefined) throw new InvalidArgumentError('It must be a size, such as 20GB or 500MB.');
  return bytes;
}
