import { AppError, hasCode } from '../../core/errors.ts';
import { redact } from '../../core/redact.ts';
import type { ModelPrices } from '../../pricing/model-prices.ts';
import type {
  CompactionResult,
  CompactionTask,
  Engine,
  EngineEvent,
  EngineResult,
  EngineTask,
} from '../engine.ts';
import { cliArguments, compactionArguments } from './arguments.ts';
import { classify, refusalsThatCount } from './classify.ts';
import { type CliExit, type CliProcess, type GraceTimes, startCli } from './cli-process.ts';
import { cliEnvironment } from './environment.ts';
import type { Program } from './isolation.ts';
import { splitLines } from './lines.ts';
import {
  costOf,
  firstRequestOf,
  lacksFigures,
  modelsPricedByCli,
  newRecord,
  type RunRecord,
  record,
  unpricedModels,
  usageOf,
} from './run-record.ts';
import { parseLine } from './stream.ts';
import { addTranscripts, transcriptSizes } from './transcript-usage.ts';

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
  /** Prices that win over the price list. */
  prices?: readonly ModelPrices[] | undefined;
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
      const { configDirectory, sessionId } = task;
      const before = await transcriptSizes(configDirectory, sessionId);
      const cli = await start({ ...task, args: cliArguments(task) }, options);
      const { run, exit } = await whole(cli, options.prices, onEvent, signal);
      if (lacksFigures(run)) await addTranscripts(run, configDirectory, sessionId, before);
      return resultOf(run, task, classify(run, exit, task.mode, signal.aborted, secrets));
    },

    async compact(task, signal) {
      const startedAt = performance.now();
      const limit = AbortSignal.timeout(task.timeLimitMs);
      const prompt = `/compact ${task.instructions}`;
      const cli = await start({ ...task, prompt, args: compactionArguments(task), env: fewRetries }, options);
      const both = AbortSignal.any([signal, limit]);
      const { run, exit } = await whole(cli, options.prices, () => undefined, both);
      const ending = signal.aborted
        ? 'cancelled'
        : limit.aborted
          ? 'time'
          : classify(run, exit, 'resume', false, secrets);
      return {
        ...outcomeOf(run, ending, task),
        usage: usageOf(run),
        costUsd: costOf(run),
        durationMs: Math.round(performance.now() - startedAt),
      };
    },
  };

  function outcomeOf(
    { compactionError, result }: RunRecord,
    ending: ReturnType<typeof classify> | 'cancelled' | 'time',
    { timeLimitMs }: CompactionTask,
  ) {
    const failed = (reason: (CompactionResult & { outcome: 'failed' })['reason'], detail: string) =>
      ({ outcome: 'failed', reason, detail: redact(detail, secrets) }) as const;
    if (ending === 'cancelled') return failed('cancelled', 'The run was ended.');
    if (ending === 'time') {
      return failed('time', `It took longer than ${Math.round(timeLimitMs / 1000)} seconds.`);
    }
    const said = compactionError || '';
    if (noSummary.test(said)) return failed('no-summary', 'The model answered with no summary.');
    if (said !== '') return failed('model', said);
    if (ending.stopReason !== 'completed') return failed('model', ending.detail ?? '');
    // A version that does not know the command answers it like any other prompt, or with a word about it.
    if (compactionError === undefined && result?.result) return failed('no-summary', result.result);
    return { outcome: 'compacted' } as const;
  }

  function resultOf(run: RunRecord, task: EngineTask, ending: ReturnType<typeof classify>): EngineResult {
    const failed = ending.stopReason === 'logged-out' || ending.stopReason === 'session-lost';
    return {
      ...ending,
      summary: failed ? '' : redact(run.result?.result || run.lastText, secrets),
      sessionId: task.sessionId,
      model: run.model,
      version: run.version,
      usage: usageOf(run),
      unpricedModels: unpricedModels(run),
      ...modelsPricedByCli(run),
      ...firstRequestOf(run),
      contextTokens: run.contextTokens,
      requests: run.requests.size,
      costUsd: costOf(run),
      turns: run.result?.num_turns ?? run.answers,
      denials: run.result?.permission_denials.map(({ tool_name }) => tool_name) ?? [],
    };
  }
}

/** The CLI retries a failing request for minutes, in which the run would wait for a copy that it can do without. */
const fewRetries = { CLAUDE_CODE_MAX_RETRIES: '2' };

const noSummary = /no assistant message|no summary|empty|failed to generate/i;

type Start = Pick<EngineTask, 'prompt' | 'workingDirectory' | 'configDirectory'> & {
  args: string[];
  env?: Record<string, string>;
};

async function start(task: Start, options: ClaudeCodeOptions): Promise<CliProcess> {
  const { grace = defaultGrace, isolate = (program: Program) => program, ...environment } = options;
  const { command, args } = isolate({ command: options.command, args: task.args });
  try {
    return await startCli(command, args, {
      cwd: task.workingDirectory,
      env: { ...cliEnvironment({ ...environment, configDirectory: task.configDirectory }), ...task.env },
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

/** Follows a process to its end, and ends it when `signal` aborts. */
async function whole(
  cli: CliProcess,
  prices: ClaudeCodeOptions['prices'],
  onEvent: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<{ run: RunRecord; exit: CliExit }> {
  const stop = () => cli.stop();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    const run = await follow(cli, prices, onEvent);
    return { run, exit: await cli.ended() };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function follow(
  cli: CliProcess,
  prices: ClaudeCodeOptions['prices'],
  onEvent: (event: EngineEvent) => void,
): Promise<RunRecord> {
  const run = newRecord(prices);
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
