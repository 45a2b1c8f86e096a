import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const StdioServer = z.object({
  type: z.literal('stdio').optional(),
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
});
export type StdioServer = z.infer<typeof StdioServer>;

const McpConfigFile = z.object({ mcpServers: z.record(z.string(), z.unknown()) });

export interface ConfiguredServer {
  name: string;
  /** Undefined for a server that is no program: those are behind one, where they can be. */
  program: StdioServer | undefined;
}

/** The servers in a file as `claude --mcp-config` takes it, sorted by their names. */
export async function readMcpConfig(
  path: string,
  env: Readonly<Record<string, string>>,
): Promise<ConfiguredServer[]> {
  const { mcpServers } = McpConfigFile.parse(JSON.parse(await readFile(path, 'utf8')));
  return Object.keys(mcpServers)
    .sort()
    .map((name) => {
      const { data } = StdioServer.safeParse(mcpServers[name]);
      return { name, program: data && expanded(data, env) };
    });
}

function expanded({ command, args, env, ...rest }: StdioServer, known: Readonly<Record<string, string>>) {
  const expand = (text: string) => expandVariables(text, known);
  const values = Object.entries(env).map(([name, value]) => [name, expand(value)]);
  return { ...rest, command: expand(command), args: args.map(expand), env: Object.fromEntries(values) };
}

/** As the CLI does: `${NAME}` and `${NAME:-instead}`; what is not known stays as it is. */
export function expandVariables(text: string, known: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g, (whole, name: string, instead?: string) =>
    Object.hasOwn(known, name) ? (known[name] ?? whole) : (instead ?? whole),
  );
}
