#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addCostCommand } from './cli/cost.ts';
import { addDoctorCommand } from './cli/doctor.ts';
import { addEstimateCommand } from './cli/estimate.ts';
import { addInitCommand } from './cli/init.ts';
import { addKeyCommands } from './cli/key.ts';
import { addLogsCommand } from './cli/logs.ts';
import { addMcpCommands } from './cli/mcp.ts';
import { addSessionCommands } from './cli/session.ts';
import { addStatusCommand } from './cli/status.ts';
import type { Run } from './cli/terminal.ts';
import { addWorkspaceCommands } from './cli/workspace.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** The first Node.js that has what the app and the sessions need (zstd, type stripping, import.meta.main). */
const oldestNode = 24;

/** Said wrongly; 1 is for what was said rightly and did not work. */
const wrongUsage = 2;

// Before the subcommands, which inherit it.
const program = new Command('dexter').exitOverride();

program
  .description('Claude Code on your own GitHub Actions runners, in one conversation per issue')
  .version(version)
  .showHelpAfterError();

const runAsGiven: Run = async (command) => {
  const { runCommand } = await needingNode(() => import('./cli/run-command.ts'));
  await runCommand(process.env, command);
};

const run: Run = async (command) => {
  await needingNode(loadEnvironment);
  await runAsGiven(command);
};

program
  .command('start')
  .description('start the app; without credentials it offers the page that makes the GitHub App')
  .action(async () => {
    const { orExit, startServer } = await needingNode(() => import('./server.ts'));
    await loadEnvironment();
    await orExit(() => startServer(process.env));
  });

// Like those of MCP below, it starts in a repository: a `.env` in there is not the user's.
addInitCommand(program, runAsGiven);

program
  .command('check')
  .description(
    'check the configuration alone, without asking anybody, and say everything that is wrong with it',
  )
  .action(async () => {
    const { checkConfig } = await needingNode(() => import('./cli/check.ts'));
    await loadEnvironment();
    process.exitCode = await checkConfig(process.env, (line) => console.log(line));
  });

addStatusCommand(program, run);
addLogsCommand(program, run);
addCostCommand(program, run);
addDoctorCommand(program, run);
addEstimateCommand(program, run);
addSessionCommands(program, run);
addWorkspaceCommands(program, run);
addKeyCommands(program, run);
// They start in the directory of a repository: a `.env` in there is not the user's.
addMcpCommands(program, runAsGiven, version);

async function loadEnvironment(): Promise<void> {
  const { loadEnvFile } = await import('./read-config.ts');
  loadEnvFile();
}

/** Help works on older versions too, so that they can say which one is needed. */
async function needingNode<T>(load: () => Promise<T>): Promise<T> {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < oldestNode) {
    console.error(
      `Dexter needs Node.js ${oldestNode} or newer; this is ${process.versions.node}.\n\nInstall it, or bring it along: npx -p node@${oldestNode} -c 'dexter ${process.argv[2] ?? ''}'`,
    );
    process.exit(1);
  }
  return load();
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version were asked for and are no failure.
  process.exitCode = error.exitCode === 0 ? 0 : wrongUsage;
}
