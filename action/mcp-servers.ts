import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../src/core/errors.ts';
import { readPlainFile } from '../src/core/read-plain-file.ts';
import type { McpUse } from '../src/core/report.ts';
import type { TicketSnapshotFile } from '../src/core/ticket-snapshot.ts';
import { chooseServers, isMcpRule, toolsOf } from '../src/mcp/choose-servers.ts';
import { primeTicket, ticketToolNames } from '../src/mcp/prime-ticket.ts';
import { McpStats } from '../src/mcp/stats-file.ts';
import { McpConfig, wrapServers } from '../src/mcp/wrap-servers.ts';
import type { Checkout } from './checkout.ts';
import type { SessionDirectory } from './session-directory.ts';
import type { Work } from './work.ts';

/** The server that answers from the ticket of the job; a repository's own cannot have this name. */
export const builtInServer = 'dexter-jira';

const configName = '.mcp.json';
const mostConfigBytes = 1_000_000;
const mostStatsBytes = 10_000;
const mostCalls = 1_000_000;
const mostBytes = 1_000_000_000_000;

export interface McpSetup {
  /** For `claude --mcp-config`; absent where no rule names a server. */
  configFile?: string;
  /** The servers by their names, as they are configured. */
  servers: Readonly<Record<string, unknown>>;
  /** What the cache in front of each server did, once the engine has ended. */
  uses(): Promise<McpUse[]>;
}

/**
 * The MCP servers that `allowed-tools` names, each behind the cache: the repository's, as `.mcp.json` of the base
 * branch has them (the branch that is worked on is whoever's), and the built-in one. What they are given lies in the
 * session's own directory, outside of the checkout.
 * @param attachments absolute paths of the ticket's attachments on this machine, by their ids.
 * @throws AppError `input-invalid` for a rule without a server, and for a configuration that is none.
 */
export async function mcpServers(
  { claim, inputs, log, mcpProgram }: Pick<Work, 'claim' | 'inputs' | 'log' | 'mcpProgram'>,
  { context, mcp: directory }: Pick<SessionDirectory, 'context' | 'mcp'>,
  checkout: Pick<Checkout, 'git' | 'base' | 'baseCommit'>,
  attachments: ReadonlyMap<string, string>,
): Promise<McpSetup> {
  if (!inputs.allowedTools.some(isMcpRule)) return { servers: {}, uses: async () => [] };
  const own = await repositoryServers(checkout);
  const offered = { ...own, [builtInServer]: {} };
  const { servers, unknown } = chooseServers(offered, inputs.allowedTools);
  if (unknown.length > 0) throw unknownServers(unknown, checkout.base);
  const { [builtInServer]: builtIn, ...repositorys } = servers;
  const now = new Date().toISOString();
  const snapshot = withFiles(claim.snapshot ?? { fetchedAt: now, tickets: [] }, attachments);
  const names = Object.keys(repositorys);
  const statsFileOf = (name: string) => join(directory, `stats-${names.indexOf(name)}.json`);

  const files: Record<string, unknown> = {};
  const primeFile = join(directory, 'known-answers.json');
  files[primeFile] = primeTicket(names, snapshot, now);
  const { config, left } = wrapServers(
    { mcpServers: repositorys },
    {
      program: [process.execPath, mcpProgram],
      statsFileOf,
      primeFile,
      rulesOf: (name) => ({ readOnly: ticketToolNames, never: toolsOf(name, inputs.mcpNotCached) }),
      ttl: inputs.mcpCacheTtl,
      commandId: inputs.job.commandId,
    },
  );
  for (const name of left)
    log.info(`The MCP server ${name} is used without a cache: it speaks neither stdio nor streamable HTTP.`);
  if (builtIn !== undefined) {
    // Beside the attachments: it hands out no file from elsewhere.
    const snapshotFile = join(context, 'tickets.json');
    files[snapshotFile] = snapshot;
    config.mcpServers[builtInServer] = {
      command: process.execPath,
      args: [mcpProgram, 'mcp-jira', `--snapshot=${snapshotFile}`],
    };
  }
  const configFile = join(directory, 'servers.json');
  files[configFile] = config;
  for (const [path, content] of Object.entries(files))
    await writeFile(path, JSON.stringify(content), { mode: 0o600, flag: 'wx' });
  return {
    configFile,
    servers,
    uses: async () => (await Promise.all(names.map((name) => useOf(name, statsFileOf(name))))).flat(),
  };
}

/** What `.mcp.json` has on the base branch, whatever the working tree says. */
async function repositoryServers({
  git,
  base,
  baseCommit,
}: Pick<Checkout, 'git' | 'base' | 'baseCommit'>): Promise<McpConfig['mcpServers']> {
  if (baseCommit === undefined) return {};
  const entry = await git(['ls-tree', '-l', '-z', baseCommit, '--', configName]);
  const [, mode = '', hash = '', bytes = ''] = /^(\d+) \w+ ([0-9a-f]+) +(\d+|-)\t/.exec(entry) ?? [];
  if (hash === '') return {};
  if (!mode.startsWith('100')) throw unusable(base, 'it is not a file');
  if (Number(bytes) > mostConfigBytes) throw unusable(base, 'it is too large');
  let json: unknown;
  try {
    json = JSON.parse(await git(['cat-file', 'blob', hash]));
  } catch (cause) {
    // What the parser says quotes the file.
    throw unusable(base, 'it is not JSON', cause);
  }
  const config = McpConfig.safeParse(json);
  if (!config.success) throw unusable(base, 'it has no object `mcpServers` of objects', config.error);
  const { mcpServers: servers } = config.data;
  if (Object.hasOwn(servers, builtInServer))
    throw unusable(base, `\`${builtInServer}\` is the name of Dexter's own server`);
  return servers;
}

function unusable(base: string, why: string, cause?: unknown): AppError {
  return new AppError('input-invalid', {
    message: `\`${configName}\` of \`${base}\` cannot be used: ${why}.`,
    hint: `Correct the file on \`${base}\`, or take the rules that begin with \`mcp__\` out of \`allowed-tools\`.`,
    cause,
  });
}

function unknownServers(rules: string[], base: string): AppError {
  const shown = rules.map((rule) => `\`${rule}\``).join(', ');
  return new AppError('input-invalid', {
    message: `\`allowed-tools\` names MCP servers that \`${configName}\` of \`${base}\` does not have: ${shown}.`,
    hint: `Add the server to \`${configName}\` on \`${base}\`, or correct \`allowed-tools\` in the workflow.`,
  });
}

function withFiles(
  { fetchedAt, tickets }: TicketSnapshotFile,
  paths: ReadonlyMap<string, string>,
): TicketSnapshotFile {
  return {
    fetchedAt,
    tickets: tickets.map((ticket) => ({
      ...ticket,
      attachments: ticket.attachments.map((attachment) => {
        const path = paths.get(attachment.id);
        return path === undefined ? attachment : { ...attachment, path };
      }),
    })),
  };
}

/** Nothing where the server did not start, or did not get to its end. */
async function useOf(server: string, path: string): Promise<McpUse[]> {
  try {
    // The agent may have been at it.
    const text = (await readPlainFile(path, mostStatsBytes)).toString('utf8');
    const stats = McpStats.parse(JSON.parse(text));
    const { hits, misses, joined, savedCalls, entries, bytesHeld, reads, writes } = stats;
    const calls = Math.min(hits + misses + joined, mostCalls);
    return [
      {
        server: server.slice(0, 200).toWellFormed(),
        calls,
        savedCalls: Math.min(savedCalls, calls),
        items: Math.min(entries, mostCalls),
        bytes: Math.min(bytesHeld, mostBytes),
        ...(reads && reads.count <= mostCalls ? { reads } : {}),
        ...(writes && writes.count <= mostCalls ? { writes } : {}),
      },
    ];
  } catch {
    return [];
  }
}
