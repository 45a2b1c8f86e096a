import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startModel } from '../../demo/model/server.ts';
import { cliArguments } from '../../src/engines/claude-code/arguments.ts';
import { McpStats } from '../../src/mcp/stats-file.ts';
import { wrapServers } from '../../src/mcp/wrap-servers.ts';
import { pathForTools, realClaude } from '../fakes/real-claude.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { dexterProgram } from './everything.ts';

const fixture = fileURLToPath(new URL('./fixture-server.mjs', import.meta.url));
const read = { name: 'mcp__notes__read', input: { key: 'DX-1' } };

it('stands between the real CLI and a server: the second identical call is a hit, the first one too when primed', async () => {
  await using directory = await temporaryDirectory();
  const at = (name: string) => join(directory.path, name);
  for (const name of ['work', 'config', 'home', 'tmp']) await mkdir(at(name));
  const known = { name: read.name, input: { key: 'DX-7', limit: 5 } };
  const model = await startModel({
    tasks: [
      {
        match: /read it/,
        needs: [],
        calls: [known, read, read, { name: 'mcp__notes__write', input: { key: 'DX-1' } }, read],
        edits: [],
        run: [],
        answer: 'Read.',
      },
    ],
  });
  try {
    const entry = {
      server: 'notes',
      tool: 'read',
      arguments: { limit: 5, key: 'DX-7' },
      result: { content: [{ type: 'text', text: 'known before' }] },
      storedAt: new Date().toISOString(),
    };
    await writeFile(at('prime.json'), JSON.stringify({ version: 1, entries: [entry] }));
    const { config, wrapped } = wrapServers(
      {
        mcpServers: {
          // biome-ignore lint/suspicious/noTemplateCurlyInString: the CLI replaces it.
          notes: { command: process.execPath, args: [fixture], env: { CALLS: '${CALLS_FILE}' } },
        },
      },
      {
        program: [process.execPath, dexterProgram],
        primeFile: at('prime.json'),
        statsFileOf: (name) => at(`${name}.json`),
      },
    );
    expect(wrapped).toEqual(['notes']);
    await writeFile(at('mcp.json'), JSON.stringify(config));
    const task = {
      prompt: '',
      sessionId: randomUUID(),
      mode: 'fresh' as const,
      workingDirectory: at('work'),
      configDirectory: at('config'),
      model: 'claude-sonnet-4-5',
      allowedTools: [],
    };
    const args = [...cliArguments(task), '--mcp-config', at('mcp.json'), '--allowedTools', 'mcp__notes'];
    const child = spawn(realClaude, args, {
      cwd: at('work'),
      env: {
        PATH: pathForTools,
        HOME: at('home'),
        TMPDIR: at('tmp'),
        LANG: 'C.UTF-8',
        CLAUDE_CONFIG_DIR: at('config'),
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        // Otherwise the model has to search for tools before it sees them, which the simulated one does not.
        ENABLE_TOOL_SEARCH: 'false',
        ANTHROPIC_BASE_URL: model.url,
        ANTHROPIC_API_KEY: 'run-key',
        CALLS_FILE: at('calls'),
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString('utf8');
      });
    }
    child.stdin.end('## Instruction\n\nread it\n');
    const [code] = await once(child, 'close');
    expect(code, said).toBe(0);
    expect(said).toContain('"name":"notes","status":"connected"');
    const results = [...said.matchAll(/"tool_result","content":\[\{"type":"text","text":"([^"]*)"/g)].map(
      ([, text]) => text,
    );
    expect(results, said).toEqual(['known before', 'answer 1', 'answer 1', 'answer 2', 'answer 3']);
    const calls = (await readFile(at('calls'), 'utf8'))
      .split('\n')
      .filter((line) => /^(read|write)/.test(line));
    expect(calls).toEqual(['read {"key":"DX-1"}', 'write {"key":"DX-1"}', 'read {"key":"DX-1"}']);
    const stats = McpStats.parse(JSON.parse(await readFile(at('notes.json'), 'utf8')));
    expect(stats).toMatchObject({ hits: 2, misses: 2, savedCalls: 2, primed: 1 });
  } finally {
    await model.close();
  }
});
