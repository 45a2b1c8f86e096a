/** The part of `dexter` that the engine starts as MCP servers, carried along in the bundle. */
import { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { addMcpCommands } from '../src/cli/mcp.ts';
import { runCommand } from '../src/cli/run-command.ts';

const program = new Command('dexter');
addMcpCommands(program, (command) => runCommand(process.env, command), packageJson.version);
await program.parseAsync();
