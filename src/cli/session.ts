import { type Command, InvalidArgumentError } from 'commander';
import type { Flags } from './flag-values.ts';
import { addScopeFlags, addStoreFlags } from './store-flags.ts';
import type { Run, Terminal } from './terminal.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** `dexter session …`. What a subcommand needs is loaded when it runs, so that help works on any Node.js. */
export function addSessionCommands(program: Command, run: Run): void {
  const session = program.command('session').description('look at kept sessions, and remove them');

  addStoreFlags(addScopeFlags(session.command('ls')))
    .description('list sessions, newest first')
    .option('--json', 'as JSON, in one line')
    .action((flags: Flags) =>
      run(async (terminal) => {
        const { listSessions } = await import('./list-sessions.ts');
        const { opened, scope } = await open(flags, terminal);
        return listSessions(opened, { ...scope, json: flags.json === true }, terminal);
      }),
    );

  addStoreFlags(addScopeFlags(session.command('show')))
    .description('check the newest generation of a session and say what is in it (DEXTER_SESSION_KEY)')
    .argument('<issue key>', 'such as DXTR-123')
    .option('--json', 'as JSON, in one line')
    .action((issueKey: string, flags: Flags) =>
      run(async (terminal) => {
        const { showSession } = await import('./show-session.ts');
        const { masterKeysOf } = await import('./master-keys-of.ts');
        const keys = await masterKeysOf(terminal.env);
        const { opened, scope } = await open(flags, terminal);
        return showSession(opened, issueKey, { ...scope, keys, json: flags.json === true }, terminal);
      }),
    );

  addStoreFlags(addScopeFlags(session.command('rm')))
    .description('remove all generations of a session')
    .argument('<issue key>', 'such as DXTR-123')
    .option('--yes', 'without asking')
    .action((issueKey: string, flags: Flags) =>
      run(async (terminal) => {
        const { removeSession } = await import('./remove-session.ts');
        const { opened, scope } = await open(flags, terminal);
        return removeSession(opened, issueKey, { ...scope, yes: flags.yes === true }, terminal);
      }),
    );

  addStoreFlags(addScopeFlags(session.command('gc')))
    .description('remove sessions that were not saved for a long time')
    .requiredOption('--older-than <time>', 'such as 30d, 8w or 12h', parseTime)
    .option('--dry-run', 'only say what would be removed')
    .action(({ olderThan, ...flags }: Flags & { olderThan: number }) =>
      run(async (terminal) => {
        const { removeOldSessions } = await import('./remove-old-sessions.ts');
        const { opened, scope } = await open(flags, terminal);
        const options = { ...scope, olderThanMs: olderThan, dryRun: flags.dryRun === true };
        return removeOldSessions(opened, options, terminal);
      }),
    );
}

async function open(flags: Flags, { env, tell }: Terminal) {
  const { openStoreOf, scopeOf } = await import('./open-store-of.ts');
  const scope = scopeOf(flags);
  return { opened: await openStoreOf(flags, env, tell), scope };
}

/** Milliseconds of `30d`, `8w` or `12h`. */
export function parseTime(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([hdw])$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('It must be a number with h, d or w, such as 30d.');
  return Number(count) * { h: dayMs / 24, d: dayMs, w: 7 * dayMs }[unit === 'h' || unit === 'w' ? unit : 'd'];
}
