import { mcpTool } from '@anthropic-ai/sdk/helpers/beta/mcp';
import type { BetaRunnableTool } from '@anthropic-ai/sdk/lib/tools/BetaRunnableTool';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { CallToolResultSchema, type Tool } from '@modelcontextprotocol/sdk/types.js';
import type { Program } from '../claude-code/isolation.ts';
import type { ConfiguredServer } from './mcp-config.ts';
import { isAllowed } from './permission-rules.ts';
import { serverProcess } from './server-process.ts';
import { engineVersion } from './version.ts';

export interface McpToolsOptions {
  servers: readonly ConfiguredServer[];
  /** Permission rules in the CLI's syntax. */
  allowedTools: readonly string[];
  workingDirectory: string;
  /** Environment of the servers, beside what each is given by itself. */
  env: Readonly<Record<string, string>>;
  isolate?: ((program: Program) => Program) | undefined;
  /** Ends what is being started and asked. */
  signal: AbortSignal;
}

export interface McpTools {
  /** Sorted by name. */
  tools: BetaRunnableTool[];
  /** Servers whose tools are not there. */
  failed: string[];
  close(): Promise<void>;
}

/** As for the CLI. */
const startMs = 30_000;
const callMs = 30 * 60_000;

/** No request holds as many; a server that always has another page is not asked for ever. */
const mostTools = 10_000;

/** What the provider takes as a name. */
const usableName = /^[a-zA-Z0-9_-]{1,128}$/;
/** A longer description is cut, as by the CLI: it is a part of each request. */
const longestDescription = 2_048;

/** The tools of MCP servers that the rules allow. A server that does not start costs its tools and nothing more. */
export async function mcpTools(options: McpToolsOptions): Promise<McpTools> {
  const servers = await Promise.all(options.servers.map((server) => startServer(server, options)));
  return {
    tools: onceEach(servers.flatMap(({ tools }) => tools)).sort((one, other) =>
      nameOf(one) < nameOf(other) ? -1 : 1,
    ),
    failed: servers.flatMap(({ name, failed }) => (failed ? [name] : [])),
    async close() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

interface StartedServer {
  name: string;
  failed: boolean;
  tools: BetaRunnableTool[];
  close(): Promise<void>;
}

async function startServer(
  { name, program }: ConfiguredServer,
  options: McpToolsOptions,
): Promise<StartedServer> {
  const { allowedTools, workingDirectory, signal } = options;
  const failed = { name, failed: true, tools: [], close: async () => undefined };
  if (program === undefined) return failed;
  const server = serverProcess(program, options);
  const client = new Client({ name: 'dexter', version: engineVersion });
  const close = async () => {
    // A stop leaves no time to ask for an end in good manners.
    if (signal.aborted) server.terminate();
    await client.close();
    await server.ended();
  };
  try {
    await client.connect(server.transport, { signal, timeout: startMs });
    const tools = (await toolsOf(client, signal)).flatMap((tool) => {
      const known = `mcp__${inNames(name)}__${inNames(tool.name)}`;
      const isOffered =
        usableName.test(known) && isAllowed(allowedTools, { name: known, input: {}, workingDirectory });
      return isOffered ? [runnable(tool, known, client)] : [];
    });
    return { name, failed: false, tools, close };
  } catch {
    await close();
    return failed;
  }
}

async function toolsOf(client: Client, signal: AbortSignal): Promise<Tool[]> {
  const tools: Tool[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listTools(cursor === undefined ? {} : { cursor }, { signal, timeout: startMs });
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor !== undefined && tools.length < mostTools);
  return tools;
}

/** `a.b` and `a_b` get one name; the provider refuses a request that has it twice. */
function onceEach(tools: readonly BetaRunnableTool[]): BetaRunnableTool[] {
  return [...new Map(tools.toReversed().map((tool) => [nameOf(tool), tool])).values()];
}

/** The SDK's tool, which asks the server by the name that the server knows. */
function runnable(tool: Tool, known: string, client: Client): BetaRunnableTool {
  const { inputSchema } = tool;
  const description = tool.description?.slice(0, longestDescription).toWellFormed();
  const described = { name: known, description, inputSchema };
  const call = (signal: AbortSignal | undefined) => ({
    callTool: async (params: { arguments?: Record<string, unknown> }) => {
      const options = { timeout: callMs, ...(signal === undefined ? {} : { signal }) };
      const result = await client.callTool({ ...params, name: tool.name }, undefined, options);
      return CallToolResultSchema.parse(result);
    },
  });
  return {
    ...mcpTool(described, call(undefined)),
    run: (input, context) => mcpTool(described, call(context?.signal ?? undefined)).run(input, context),
  };
}

/** As the CLI writes names of servers and tools. */
function inNames(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_-]/g, '_');
}

function nameOf(tool: BetaRunnableTool): string {
  return 'name' in tool ? tool.name : '';
}
