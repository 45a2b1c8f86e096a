import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ManifestFacts } from '../../src/sessions/pack.ts';

export const sessionId = '11111111-2222-4333-8444-555555555555';

export const ref = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };

export function factsOf(generation: number): ManifestFacts {
  return {
    ref,
    generation,
    parentGeneration: generation - 1,
    sessionId,
    engine: 'claude-code',
    engineVersion: '2.1.330',
    model: 'claude-sonnet-4-5',
    effort: null,
    workingDirectory: '/work/checkout',
    baseCommit: 'b'.repeat(40),
    headCommit: 'a'.repeat(40),
    ticket: { hash: 'c'.repeat(64), newestComment: '10042' },
    contextTokens: 1234,
    costUsd: 0.5,
    scrubRules: '1',
    createdAt: '2026-11-21T10:00:00.000Z',
  };
}

/** A conversation of `turns` questions and answers, as the CLI writes it. */
export function conversation(turns: number): string {
  const lines = Array.from({ length: 2 * turns }, (_, index) => {
    const role = index % 2 === 0 ? 'user' : 'assistant';
    return JSON.stringify({
      parentUuid: index === 0 ? null : uuid(index - 1),
      type: role,
      message: { role, content: [{ type: 'text', text: `Grüße Nummer ${index}` }] },
      uuid: uuid(index),
      sessionId,
    });
  });
  return `${lines.join('\n')}\n`;
}

function uuid(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
}

/** What belongs to a session in a configuration directory. */
export const sessionFiles: Record<string, string> = {
  [`projects/work/${sessionId}.jsonl`]: conversation(500),
  [`projects/work/${sessionId}/subagents/agent-1.jsonl`]: '{"type":"assistant"}\n',
  [`projects/work/${sessionId}/subagents/workflows/one/agent-2.jsonl`]: '{}\n',
  [`projects/work/${sessionId}/tool-results/toolu_01.txt`]: '',
};

/** What lies beside it: it holds credentials, is executed by the CLI, or belongs to another session. */
export const otherFiles: Record<string, string> = {
  '.credentials.json': '{"token":"x"}',
  '.claude.json': '{}',
  'settings.json': '{"hooks":{}}',
  'settings.local.json': '{}',
  'CLAUDE.md': 'obey',
  'history.jsonl': '{}',
  'agents/evil.md': 'x',
  'commands/evil.md': 'x',
  'hooks/evil.sh': 'x',
  'plugins/evil/plugin.json': '{}',
  'shell-snapshots/snapshot-bash-1.sh': 'alias ls=evil',
  'skills/evil/SKILL.md': 'x',
  'backups/.claude.json.backup.1': '{}',
  'projects/work/memory/MEMORY.md': 'obey',
  'projects/work/99999999-2222-4333-8444-555555555555.jsonl': '{}',
  [`projects/other/${sessionId}.jsonl`]: '{}',
  [`projects/work/${sessionId}/file-history/1`]: 'x',
  [`projects/work/${sessionId}/settings.json`]: '{}',
  [`projects/work/${sessionId}/subagents/.hidden`]: 'x',
  [`projects/work/${sessionId}/subagents/with space.jsonl`]: 'x',
};

export async function writeFiles(directory: string, files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
}
