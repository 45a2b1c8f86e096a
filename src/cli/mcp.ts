import { type Command, InvalidArgumentError } from 'commander';
import { AppError } from '../core/errors.ts';
import { parseSize } from '../core/size.ts';
import type { ServerTarget } from '../mcp/run-proxy.ts';
import type { Run, Terminal } from './terminal.ts';

/** `dexter mcp-cache` and `dexter mcp-jira`, which an MCP client starts. Standard output is the protocol's. */
export function addMcpCommands(program: Command, run: Run, version: string): void {
  program
    .command('mcp-cache')
    .description('stand in front of an MCP server and remember what its read-only tools answered')
    .argument('[command...]', 'the MCP server, after `--`: `dexter mcp-cache -- npx -y some-server`')
    .option(
      '--url <address>',
      'of a server at the end of streamable HTTP (DEXTER_MCP_URL), instead of a command',
    )
    .option(
      '--header-from <name=VARIABLE>',
      'send a header with the value of an environment variable; may be repeated',
      collect,
      [],
    )
    .option('--name <name>', 'of the server in the MCP configuration', 'mcp')
    .option('--read-only <tool>', 'its answers may be kept; may be repeated', collect, [])
    .option('--write <tool>', 'it changes something, whatever the server says; may be repeated', collect, [])
    .option('--never <tool>', 'its answers are never kept; may be repeated', collect, [])
    .option('--ttl <time>', 'how long an answer is kept, such as 90s, 15m or 2h', parseTtl, 15 * 60_000)
    .option('--max-entries <count>', 'keep at most so many answers', parseCount, 1_000)
    .option('--max-bytes <size>', 'keep at most so much, such as 64MB', parseBytes, 64_000_000)
    .option('--max-message <size>', 'the longest message that is passed on', parseBytes, 64 * 1024 * 1024)
    .option('--prime <file>', 'answers that are known before they are asked for (JSON)')
    .option(
      '--command-id <id>',
      'of the command of Dexter that it is started for: each line of its log says so',
    )
    .option('--stats-file <file>', 'where the totals are written at the end (JSON)')
    .action((command: string[], flags: CacheFlags) =>
      run(async (terminal) => {
        const { runProxy } = await import('../mcp/run-proxy.ts');
        const { processWorld } = await import('./process-world.ts');
        const { name, readOnly, write, never, prime, statsFile, commandId } = flags;
        const proxy = {
          name,
          target: targetOf(command, flags, terminal),
          rules: { readOnly, write, never },
          limits: { ttlMs: flags.ttl, maxEntries: flags.maxEntries, maxBytes: flags.maxBytes },
          maxMessageBytes: flags.maxMessage,
          ...(prime === undefined ? {} : { primeFile: prime }),
          ...(statsFile === undefined ? {} : { statsFile }),
          ...(commandId === undefined ? {} : { commandId }),
        };
        return runProxy(proxy, processWorld(terminal));
      }),
    );

  program
    .command('mcp-jira')
    .description(
      'a read-only MCP server for JIRA tickets, which answers from the snapshot of the job first (JIRA_URL, JIRA_EMAIL and JIRA_API_TOKEN let it read more)',
    )
    .option('--snapshot <file>', 'tickets that were fetched with the job (JSON)')
    .option(
      '--ttl <time>',
      'how long an answer of JIRA is kept, such as 90s, 15m or 2h',
      parseTtl,
      15 * 60_000,
    )
    .action((flags: { snapshot?: string; ttl: number }) =>
      run(async (terminal) => {
        const { serveTickets } = await import('./serve-tickets.ts');
        const { processWorld } = await import('./process-world.ts');
        const { snapshot, ttl: ttlMs } = flags;
        return serveTickets({ snapshot, ttlMs, version }, terminal, processWorld(terminal));
      }),
    );
}

interface CacheFlags {
  url?: string;
  headerFrom: string[];
  name: string;
  readOnly: string[];
  write: string[];
  never: string[];
  ttl: number;
  maxEntries: number;
  maxBytes: number;
  maxMessage: number;
  prime?: string;
  statsFile?: string;
  commandId?: string;
}

function targetOf(command: string[], { url, headerFrom }: CacheFlags, { env }: Terminal): ServerTarget {
  const [program, ...args] = command;
  const address = url ?? (program === undefined ? env.DEXTER_MCP_URL : undefined);
  if (address === undefined && program !== undefined) return { kind: 'stdio', command: program, args };
  if (address === undefined || program !== undefined) {
    throw new AppError('input-invalid', {
      message: 'dexter mcp-cache needs one MCP server: a command after `--`, or the address of a remote one.',
      hint: 'Write `dexter mcp-cache -- <command>` or `dexter mcp-cache --url <address>`.',
    });
  }
  const parsed = URL.canParse(address) ? new URL(address) : undefined;
  if (parsed?.protocol !== 'https:' && parsed?.protocol !== 'http:') {
    // It is not repeated: it may hold a key.
    throw new AppError('input-invalid', {
      message: 'The address of the MCP server is not an http(s) address.',
      hint: 'Correct --url (or DEXTER_MCP_URL).',
    });
  }
  return { kind: 'http', url: parsed, headers: headersFrom(headerFrom, env) };
}

function headersFrom(pairs: string[], env: Terminal['env']): Record<string, string> {
  const headers = pairs.map((pair): [string, string] => {
    const [, name = '', variable = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([A-Za-z_]\w*)$/.exec(pair) ?? [];
    const value = env[variable];
    if (name !== '' && value !== undefined && isHeaderValue(value)) return [name, value];
    const problem =
      name === '' ? 'is not of the form Name=VARIABLE' : `: ${variable} is not set, or no header`;
    throw new AppError('input-invalid', {
      message: `--header-from ${name === '' ? '' : name} ${problem}.`.replaceAll(/ +(?=[ :.])/g, ''),
      hint: 'Name a header and the environment variable that holds its value: `--header-from Authorization=JIRA_AUTHORIZATION`.',
    });
  });
  return Object.fromEntries(headers);
}

/** What HTTP lets stand in a header: no line ends, nothing that is not Latin. */
function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

function collect(value: string, values: string[]): string[] {
  return [...values, value];
}

function parseTtl(text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,5})([smh])$/.exec(text) ?? [];
  if (count === undefined) {
    throw new InvalidArgumentError('It must be a number with s, m or h, such as 15m.');
  }
  return Number(count) * (unit === 's' ? 1_000 : unit === 'm' ? 60_000 : 3_600_000);
}

function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function parseBytes(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined) throw new InvalidArgumentError('It must be a size, such as 64MB or 500kB.');
  return bytes;
}
