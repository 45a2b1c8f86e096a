import { AppError, hasCode } from '../../core/errors.ts';
import { redact } from '../../core/redact.ts';
import type { Engine, EngineEvent, EngineResult, EngineTask } from '../engine.ts';
import { cliArguments } from './arguments.ts';
import { classify, refusalsThatCount } from './classify.ts';
import { type CliProcess, type GraceTimes, startCli } from './cli-process.ts';
import { cliEnvironment } from './environment.ts';
import type { Program } from './isolation.ts';
import { splitLines } from './lines.ts';
import { costOf, firstRequestOf, newRecord, type RunRecord, record, usageOf } from './run-record.ts';
import { parseLine } from './stream.ts';

export interface ClaudeCodeOptions {
  /** Name on the PATH or absolute path of the CLI. */
  command: string;
  /** Address of the model's API; absent for the CLI's own default. */
  baseUrl?: string | undefined;
  /** Key that the CLI sends to `baseUrl`; absent when it is logged in otherwise. */
  apiKey?: string | undefined;
  /** How long the prompt cache keeps what the CLI has it write; five minutes when absent. */
  cacheLife?: '5m' | '1h' | undefined;
  /** Variables that say the same of another provider. */
  modelVariables?: Readonly<Record<string, string>> | undefined;
  /** The environment of this process; the CLI gets what is on an allow-list. */
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute paths that belong to this session alone. */
  homeDirectory: string;
  temporaryDirectory: string;
  /** Name of the folder under `projects/` that the CLI keeps the session in. */
  projectFolder: string;
  /** Puts the CLI where it sees less of the machine; as it is without. */
  isolate?: ((program: Program) => Program) | undefined;
  /** How long the CLI may take to end when it is asked to. */
  grace?: GraceTimes;
}

/** A cancelled job of GitHub Actions has 7.5 seconds from the first signal to the second. */
const defaultGrace: GraceTimes = { interruptMs: 4_000, terminateMs: 1_000 };

/** The Claude Code CLI, headless, one process per task. */
export function claudeCode(options: ClaudeCodeOptions): Engine {
  const secrets = options.apiKey === undefined ? [] : [options.apiKey];

  return {
    async run(task, onEvent, signal) {
      const cli = await start(task, options);
      const stop = () => cli.stop();
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      try {
        const run = await follow(cli, onEvent);
        const exit = await cli.ended();
        return resultOf(run, task, classify(run, exit, task.mode, signal.aborted, secrets));
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
  };

  function resultOf(run: RunRecord, task: EngineTask, ending: ReturnType<typeof classify>): EngineResult {
    const failed = ending.stopReason === 'logged-out' || ending.stopReason === 'session-lost';
    return {
      ...ending,
      summary: failed ? '' : redact(run.result?.result || run.lastText, secrets),
      sessionId: task.sessionId,
      model: run.model,
      version: run.version,
      usage: usageOf(run),
      ...firstRequestOf(run),
      contextTokens: run.contextTokens,
      costUsd: costOf(run),
      turns: run.result?.num_turns ?? run.answers,
      denials: run.result?.permission_denials.map(({ tool_name }) => tool_name) ?? [],
    };
  }
}

async function start(task: EngineTask, options: ClaudeCodeOptions): Promise<CliProcess> {
  const { grace = defaultGrace, isolate = (program: Program) => program, ...environment } = options;
  const { command, args } = isolate({ command: options.command, args: cliArguments(task) });
  try {
    return await startCli(command, args, {
      cwd: task.workingDirectory,
      env: cliEnvironment({ ...environment, configDirectory: task.configDirectory }),
      input: task.prompt,
      grace,
    });
  } catch (cause) {
    throw new AppError('engine-missing', {
      message: `Claude Code could not be started as \`${options.command}\` on the runner.`,
      hint: 'Set the input `claude-path` to where it is on the runner, or leave it empty: then it is installed.',
      cause,
    });
  }
}

async function follow(cli: CliProcess, onEvent: (event: EngineEvent) => void): Promise<RunRecord> {
  const run = newRecord();
  try {
    for await (const text of splitLines(cli.stdout)) {
      const line = parseLine(text);
      if (line === undefined) continue;
      for (const event of record(run, line)) onEvent(event);
      if (run.refusedKeys >= refusalsThatCount) cli.stop();
    }
  } catch (error) {
    // The pipe was closed under the reader because the CLI is gone; its exit tells the rest.
    if (!hasCode(error, 'ERR_STREAM_PREMATURE_CLOSE')) throw error;
  }
  return run;
}
