import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addEstimateCommand } from '../../src/cli/estimate.ts';

describe('the command estimate', () => {
  it('refuses two forms of output at once', async () => {
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    addEstimateCommand(program, async () => undefined);
    for (const form of ['--json', '--markdown'])
      await program.parseAsync(['estimate', form], { from: 'user' });
    await expect(program.parseAsync(['estimate', '--json', '--markdown'], { from: 'user' })).rejects.toThrow(
      "option '--json' cannot be used with option '--markdown'",
    );
  });
});
