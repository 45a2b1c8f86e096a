import type { Environment } from '../config.ts';
import { AppError, hasCode } from '../core/errors.ts';
import { tellProblem } from './tell-problem.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** Runs a subcommand in this process; what goes wrong is said on standard error, with exit code 1. */
export async function runCommand(
  env: Environment,
  command: (terminal: Terminal) => Promise<number>,
): Promise<void> {
  process.stdout.on('error', (error) => {
    // Whoever reads the output has read enough, as `head` does.
    if (hasCode(error, 'EPIPE')) process.exit(0);
    throw error;
  });
  const terminal = processTerminal(env);
  try {
    process.exitCode = await command(terminal);
  } catch (error) {
    if (error instanceof AppError) tellProblem(error, terminal);
    else console.error(error);
    process.exitCode = 1;
  }
}
