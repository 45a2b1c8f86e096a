import { z } from 'zod';
import type { ToolRules } from './tool-policy.ts';

const Texts = z.record(z.string(), z.string());

/** A server as Claude Code starts or reaches it; other members are left as they are. */
const StdioEntry = z.looseObject({
  type: z.literal('stdio').optional(),
  command: z.string().min(1),
  args: z.array(z.string()).optional(),
  env: Texts.optional(),
});
const HttpEntry = z.looseObject({
  type: z.enum(['http', 'streamable-http']),
  url: z.string().min(1),
  headers: Texts.optional(),
  // With these the client has work of its own to do for each connection, which the proxy cannot do for it.
  headersHelper: z.undefined().optional(),
  oauth: z.undefined().optional(),
});

/** What `claude --mcp-config` takes. */
export const McpConfig = z.looseObject({ mcpServers: z.record(z.string(), z.looseObject({})) });
export type McpConfig = z.infer<typeof McpConfig>;

export interface WrapOptions {
  /** What starts `dexter`: the program and its first arguments, such as `[process.execPath, '/…/cli.js']`. */
  program: readonly [string, ...string[]];
  /** The file with answers for all servers; each takes those that carry its name. */
  primeFile?: string;
  /** The file for the totals of the server with this name. */
  statsFileOf?: (name: string) => string;
  /** What the repository's configuration says about tools, by the server's name. */
  rulesOf?: (name: string) => Partial<ToolRules>;
  ttl?: string;
  /** What the log of the proxies says of whom they work for. */
  commandId?: string;
}

export interface WrappedConfig {
  config: McpConfig;
  /** Names of the servers that the proxy stands in front of. */
  wrapped: string[];
  /** Those that it cannot stand in front of, as they are. */
  left: string[];
}

/**
 * The same configuration with the caching proxy in front of each server that it can be put in front of. Nothing
 * secret gets into the arguments, which everybody on the machine can read: the address and the headers of a remote
 * server go through the environment. `${VARIABLE}` in them is still replaced by the client, which does so there too.
 */
export function wrapServers(config: McpConfig, options: WrapOptions): WrappedConfig {
  const wrapped: string[] = [];
  const left: string[] = [];
  const servers = Object.entries(config.mcpServers).map(([name, entry]): [string, typeof entry] => {
    const proxied = wrap(name, entry, options);
    (proxied === undefined ? left : wrapped).push(name);
    return [name, proxied ?? entry];
  });
  return { config: { ...config, mcpServers: Object.fromEntries(servers) }, wrapped, left };
}

function wrap(name: string, entry: unknown, options: WrapOptions): Record<string, unknown> | undefined {
  const [command, ...first] = options.program;
  const args = [...first, 'mcp-cache', ...flagsOf(name, options)];
  const stdio = StdioEntry.safeParse(entry);
  if (stdio.success) {
    const { command: inner, args: innerArgs = [], ...rest } = stdio.data;
    return { ...rest, command, args: [...args, '--', inner, ...innerArgs] };
  }
  const http = HttpEntry.safeParse(entry);
  if (!http.success) return undefined;
  const { type: _type, url, headers = {}, headersHelper: _helper, oauth: _oauth, ...rest } = http.data;
  const env: Record<string, string> = { DEXTER_MCP_URL: url };
  for (const [index, [header, value]] of Object.entries(headers).entries()) {
    const variable = `DEXTER_MCP_HEADER_${index + 1}`;
    env[variable] = value;
    args.push(`--header-from=${header}=${variable}`);
  }
  return { ...rest, command, args, env };
}

/** Values stand behind `=`, so that none is taken for a flag, whatever it begins with. */
function flagsOf(name: string, { primeFile, statsFileOf, rulesOf, ttl, commandId }: WrapOptions): string[] {
  const { readOnly = [], write = [], never = [] } = rulesOf?.(name) ?? {};
  return [
    `--name=${name}`,
    ...readOnly.map((tool) => `--read-only=${tool}`),
    ...write.map((tool) => `--write=${tool}`),
    ...never.map((tool) => `--never=${tool}`),
    ...(commandId === undefined ? [] : [`--command-id=${commandId}`]),
    ...(ttl === undefined ? [] : [`--ttl=${ttl}`]),
    ...(primeFile === undefined ? [] : [`--prime=${primeFile}`]),
    ...(statsFileOf === undefined ? [] : [`--stats-file=${statsFileOf(name)}`]),
  ];
}
