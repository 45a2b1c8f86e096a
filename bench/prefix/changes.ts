import { appendFile, cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../src/core/errors.ts';
import { realClaude } from '../../test/fakes/real-claude.ts';
import { installedClaude } from '../../test/matrix/cli-versions.ts';
import type { Goal, Result } from '../figure.ts';
import { fileName, type Given, type Ground, inputOf, openPlace, type Place, rules } from './session.ts';

type Change = (place: Place) => Partial<Given> | Promise<Partial<Given>>;

interface Row {
  /** What the runs before the change have, other than usual. */
  first?: Change;
  /** What the run after it has, other than those before. */
  second?: Change;
}

/** Two time zones in which it is never the same day. */
const [west, east] = ['Etc/GMT+12', 'Pacific/Kiritimati'];
const fixture = join(import.meta.dirname, '../../test/mcp/fixture-server.mjs');
const snapshotOff = ['--system-prompt-snapshot', 'off'];
const excluding = ['--exclude-dynamic-system-prompt-sections'];
const withServers = [...rules, 'mcp__one', 'mcp__two'];

const flags =
  (...given: string[]): Change =>
  () => ({ flags: given });
const tools =
  (...given: string[]): Change =>
  () => ({ tools: given });
const older = (version: string): Row => ({
  first: async () => ({ command: await installedClaude(version) }),
  second: () => ({ command: realClaude }),
});

/** What Dexter counts on to keep the conversation in the cache. */
const kept: Record<string, Row> = {
  nothing: {},
  nothing_1h: { first: () => ({ cacheLife: '1h' }) },
  rule: { second: () => ({ rules: [...rules, 'Bash(git diff *)'] }) },
  deny_rule: { second: flags('--disallowedTools', 'Bash(rm *)') },
  working_directory: { second: otherDirectory },
  claude_md: { second: instructed },
  commit_and_branch: { second: committed },
  files_of_the_conversation: { second: touched },
  day: { first: () => ({ env: { TZ: west } }), second: () => ({ env: { TZ: east } }) },
};

const others: Record<string, Row> = {
  'cli_2.1.329_to_2.1.330': older('2.1.329'),
  'cli_2.1.197_to_2.1.330': older('2.1.197'),
  model: { second: () => ({ model: 'claude-opus-4-5' }) },
  effort: {
    first: () => ({ model: 'claude-opus-4-5', effort: 'low' }),
    second: () => ({ effort: 'high' }),
  },
  tool_added: { second: tools('Agent', 'Bash', 'Edit', 'Glob', 'Grep', 'Read', 'Write') },
  tool_removed: { second: tools('Bash', 'Edit', 'Grep', 'Read', 'Write') },
  tool_denied: { second: flags('--disallowedTools', 'Grep') },
  first_mcp_server: {
    second: async (place) => ({ rules: withServers, ...(await servers(place, 'one')) }),
  },
  mcp_server_more: {
    first: async (place) => ({ rules: withServers, ...(await servers(place, 'one')) }),
    second: (place) => servers(place, 'one', 'two'),
  },
  system_prompt_appended: { second: flags('--append-system-prompt', 'Be brief.') },
  system_prompt_appended_without_snapshot: {
    first: flags(...snapshotOff),
    second: flags(...snapshotOff, '--append-system-prompt', 'Be brief.'),
  },
  without_snapshot: { first: flags(...snapshotOff) },
  exclude_dynamic_sections: { first: flags(...excluding) },
  exclude_dynamic_sections_added: { second: flags(...excluding) },
};

/** Share of the earlier conversation that the first request of a warm resume reads, when one thing has changed. */
export async function* measureChanges(ground: Ground): AsyncGenerator<Result> {
  const rows = [
    ...Object.entries(kept).map(([name, row]) => ({ name, row, goal: '>=0.95' as const })),
    ...Object.entries(others).map(([name, row]) => ({ name, row, goal: '>=0' as const })),
  ];
  for (const { name, row, goal } of rows) {
    const result = await measure(ground, name, row, goal).catch((error: unknown) => {
      ground.log(`${name} is left out: ${messageOf(error)}`);
      return undefined;
    });
    if (result !== undefined) yield result;
  }
}

async function measure(ground: Ground, name: string, row: Row, goal: Goal): Promise<Result> {
  await using place = await openPlace(ground);
  const before = { ...place.given, ...(await row.first?.(place)) };
  const earlier = (await place.say('begin', before)).at(-1);
  const [resumed] = await place.say('go on', { ...before, ...(await row.second?.(place)) });
  if (earlier === undefined || resumed === undefined) throw new Error('nothing was said');
  const share = resumed.usage.cache_read_input_tokens / inputOf(earlier);
  return { figure: `share_after_${name}`, value: share, unit: 'ratio', goal };
}

async function otherDirectory({ given, root }: Place): Promise<Partial<Given>> {
  const checkout = join(root, 'elsewhere');
  await cp(given.checkout, checkout, { recursive: true });
  return { checkout };
}

async function instructed({ root }: Place): Promise<Partial<Given>> {
  await writeFile(join(root, 'config/CLAUDE.md'), '# Rules\n\nTests last, and never on a Friday.\n');
  return {};
}

async function committed({ git, given }: Place): Promise<Partial<Given>> {
  await git('checkout', '-q', '-b', 'other');
  await writeFile(join(given.checkout, 'new.md'), 'New.\n');
  await git('add', '.');
  await git('commit', '-q', '-m', 'Go on');
  return {};
}

async function touched({ given }: Place): Promise<Partial<Given>> {
  for (let at = 0; at < 25; at += 1) await appendFile(join(given.checkout, fileName(at)), '// Touched.\n');
  return {};
}

async function servers({ root }: Place, ...names: string[]): Promise<Partial<Given>> {
  const mcpConfigFile = join(root, `servers-${names.length}.json`);
  const server = { command: process.execPath, args: [fixture], env: { CALLS: join(root, 'calls') } };
  const mcpServers = Object.fromEntries(names.map((name) => [name, server]));
  await writeFile(mcpConfigFile, JSON.stringify({ mcpServers }));
  return { mcpConfigFile };
}
