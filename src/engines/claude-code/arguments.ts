import type { CompactionTask, EngineTask } from '../engine.ts';

/**
 * The CLI sweeps transcripts older than this when it starts; the default of 30 days would delete a session
 * that somebody comes back to.
 */
const settings = JSON.stringify({ cleanupPeriodDays: 3650 });

/** What is the same for each run, and says which tools and instructions there are. */
export const steadyArguments = [
  '--permission-mode',
  'dontAsk',
  '--setting-sources',
  'user',
  '--strict-mcp-config',
] as const;

/**
 * Nothing that the repository brings along (settings, hooks, `.mcp.json`) is loaded, and a tool without an
 * allow rule is denied instead of asked for. None of these flags is restored by `--resume`: all are passed
 * each time. The prompt goes to stdin, never into the arguments, which every user of the machine can read.
 * https://code.claude.com/docs/en/cli-reference
 */
export function cliArguments(task: EngineTask): string[] {
  return [
    '-p',
    '--output-format',
    'stream-json',
    '--verbose',
    ...(task.mode === 'resume' ? ['--resume', task.sessionId] : ['--session-id', task.sessionId]),
    ...steadyArguments,
    '--settings',
    settings,
    ...(task.model === undefined ? [] : ['--model', task.model]),
    ...(task.effort === undefined ? [] : ['--effort', task.effort]),
    ...(task.maxBudgetUsd === undefined ? [] : ['--max-budget-usd', String(task.maxBudgetUsd)]),
    ...(task.maxTurns === undefined ? [] : ['--max-turns', String(task.maxTurns)]),
    ...(task.mcpConfigFile === undefined ? [] : ['--mcp-config', task.mcpConfigFile]),
    ...(task.tools === undefined ? [] : ['--tools', task.tools.join(',')]),
    // Takes as many values as follow, so it comes last.
    ...(task.allowedTools.length === 0 ? [] : ['--allowedTools', ...task.allowedTools]),
  ];
}

/** The same flags, as each is part of what the prompt cache goes by; the conversation is resumed as another one. */
export function compactionArguments({ copyId, ...task }: CompactionTask): string[] {
  const resumed = cliArguments({ ...task, mode: 'resume', prompt: '' });
  return ['--fork-session', '--session-id', copyId, ...resumed];
}
