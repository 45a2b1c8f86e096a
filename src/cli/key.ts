import type { Command } from 'commander';
import type { Flags } from './flag-values.ts';
import { addScopeFlags, addStoreFlags } from './store-flags.ts';
import type { Run } from './terminal.ts';

/** `dexter key …`. What a subcommand needs is loaded when it runs, so that help works on any Node.js. */
export function addKeyCommands(program: Command, run: Run): void {
  const key = program.command('key').description('the key that sessions are sealed under');

  key
    .command('new')
    .description('make a key, and print the line that sets it')
    .action(() =>
      run(async (terminal) => {
        const { newKey } = await import('./new-key.ts');
        return newKey(terminal);
      }),
    );

  addStoreFlags(addScopeFlags(key.command('rotate')))
    .description('seal sessions under the new key (DEXTER_SESSION_KEY, DEXTER_SESSION_KEY_PREVIOUS)')
    .action((flags: Flags) =>
      run(async (terminal) => {
        const { rotateKeys } = await import('./rotate-keys.ts');
        const { masterKeysOf } = await import('./master-keys-of.ts');
        const { openStoreOf, scopeOf } = await import('./open-store-of.ts');
        const { env, tell } = terminal;
        const keys = await masterKeysOf(env);
        const scope = scopeOf(flags);
        const opened = await openStoreOf(flags, env, tell);
        return rotateKeys(opened, { ...scope, keys }, terminal);
      }),
    );
}
