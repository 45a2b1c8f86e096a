import type { ModelPrices } from '../../pricing/model-prices.ts';
import type { HiddenFiles, Program } from '../claude-code/isolation.ts';
import type { Engine } from '../engine.ts';
import { compact } from './compact.ts';
import type { ModelAccess } from './model-client.ts';
import { runTask } from './run-task.ts';

export interface AnthropicApiOptions extends ModelAccess {
  /** Environment of what the agent's tools run, reduced to what the agent may see. */
  env: Readonly<Record<string, string>>;
  /** Puts a program where it sees less of the machine; as it is without. */
  isolate?: ((program: Program) => Program) | undefined;
  /** What `isolate` hides: no tool opens it, whatever a rule says. */
  hidden?: Pick<HiddenFiles, 'hidden' | 'kept'> | undefined;
  /** Absolute path that belongs to this session alone. */
  temporaryDirectory: string;
  /** Name of the folder under `projects/` that sessions are kept in. */
  projectFolder: string;
  /** How long an answer may stand still in the middle before it is asked for again; five minutes when absent. */
  silenceMs?: number | undefined;
  /** Prices that win over the price list. */
  prices?: readonly ModelPrices[] | undefined;
}

/**
 * Talks to the Messages API in this process, by the provider's SDK: nothing is installed, and nothing has to start. Its
 * sessions are those of the Claude Code CLI, in whose form they are kept: each can go on with what the other began.
 */
export function anthropicApi(options: AnthropicApiOptions): Engine {
  return {
    run: (task, onEvent, signal) => runTask(task, options, onEvent, signal),
    compact: (task, signal) => compact(task, options, signal),
  };
}
