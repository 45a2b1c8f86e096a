import type { BetaRunnableTool } from '@anthropic-ai/sdk/lib/tools/BetaRunnableTool';
import type { EngineTask } from '../engine.ts';
import type { AnthropicApiOptions } from './anthropic-api.ts';

export interface StartedTools {
  /** In the order in which they are described: steady, or the prompt cache would hold nothing. */
  tools: BetaRunnableTool[];
  /** Names of MCP servers whose tools are not there. */
  failedServers: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startTools(
  _task: EngineTask,
  _options: AnthropicApiOptions,
  _onDenied: (name: string) => void,
  _signal: AbortSignal,
): Promise<StartedTools> {
  return { tools: [], failedServers: [], [Symbol.asyncDispose]: async () => undefined };
}
