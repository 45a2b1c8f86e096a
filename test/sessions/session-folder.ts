import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ManifestFacts } from '../../src/sessions/pack.ts';

export const sessionId = '11111111-2222-4333-8444-555555555555';

export const ref = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };

export function factsOf(generation: number): ManifestFacts {
  return {
    ref,
    generation,
    sessionId,
    engine: 'claude-code',
    engineVersion: '2.1.330',
    model: 'claude-sonnet-4-5',
    workingDirectory: '/work/checkout',
    headCommit: 'a'.repeat(40),
    contextTokens: 1234,
    costUsd: 0.5,
    createdAt: '2026-11-21T10:00:00.000Z',
  };
}

/** What belongs to a session in a configuration directory. */
export const sessionFiles: Record<string, string> = {
  [`projects/work/${sessionId}.jsonl`]: '{"type":"user","text":"Grüße"}\n'.repeat(1000),
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
