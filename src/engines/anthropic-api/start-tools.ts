import type { BetaRunnableTool } from '@anthropic-ai/sdk/lib/tools/BetaRunnableTool';
import type { EngineTask } from '../engine.ts';
import type { AnthropicApiOptions } from './anthropic-api.ts';
import { bounded } from './bounded-result.ts';
import { readMcpConfig } from './mcp-config.ts';
import { mcpTools } from './mcp-tools.ts';
import { builtInTools } from './tools/built-in-tools.ts';

export interface StartedTools {
  /** In a steady order: built-in ones first, each kind by name. They are the beginning of what the prompt cache holds. */
  tools: BetaRunnableTool[];
  /** Names of MCP servers whose tools are not there. */
  failedServers: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

type ToolTask = Pick<EngineTask, 'workingDirectory' | 'allowedTools' | 'tools' | 'mcpConfigFile'>;

/** All that the model can call; whoever starts them ends them. */
export async function startTools(
  { workingDirectory, allowedTools, tools, mcpConfigFile }: ToolTask,
  { env, isolate, hidden, temporaryDirectory }: AnthropicApiOptions,
  onDenied: (name: string) => void,
  signal: AbortSignal,
): Promise<StartedTools> {
  const builtIn = builtInTools({
    workingDirectory,
    allowedTools,
    tools,
    env,
    isolate,
    hidden,
    temporaryDirectory,
    onDenied,
  });
  const servers = mcpConfigFile === undefined ? [] : await readMcpConfig(mcpConfigFile, env);
  const remote = await mcpTools({ servers, allowedTools, workingDirectory, env, isolate, signal });
  return {
    tools: [...builtIn.tools, ...remote.tools].map(bounded),
    failedServers: remote.failed,
    async [Symbol.asyncDispose]() {
      await Promise.all([builtIn.close(), remote.close()]);
    },
  };
}
