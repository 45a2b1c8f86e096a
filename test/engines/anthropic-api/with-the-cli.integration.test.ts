import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Model, startModel } from '../../../demo/model/server.ts';
import type { Task } from '../../../demo/model/task.ts';
import { anthropicApi } from '../../../src/engines/anthropic-api/anthropic-api.ts';
import { claudeCode } from '../../../src/engines/claude-code/claude-code.ts';
import type { CompactionTask, Engine, EngineTask } from '../../../src/engines/engine.ts';
import { graftCopyFile, trimCopyFile } from '../../../src/sessions/compacted-copy.ts';
import { hasAnswer } from '../../../src/sessions/has-answer.ts';
import { repair } from '../../../src/sessions/repair.ts';
import { pathForTools, realClaude } from '../../fakes/real-claude.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const tasks: Task[] = [
  {
    match: /begin it/,
    needs: ['a.txt', 'b.txt', 'c.txt'],
    edits: [{ path: 'new/d.txt', content: 'd\n' }],
    run: [],
    answer: 'Begun.',
  },
  // Knows the files from before: it reads one only when the conversation does not have it.
  {
    match: /go on/,
    needs: ['a.txt', 'b.txt'],
    edits: [{ path: 'e.txt', content: 'e\n' }],
    run: [],
    answer: 'Gone on.',
  },
];

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let model: Model;
let engines: Record<'direct' | 'cli', Engine>;
beforeEach(async () => {
  directory = await temporaryDirectory();
  for (const name of ['work', 'config', 'home', 'tmp']) await mkdir(join(directory.path, name));
  for (const name of ['a', 'b', 'c']) await writeFile(join(directory.path, `work/${name}.txt`), `${name}\n`);
  await writeFile(join(directory.path, 'config/CLAUDE.md'), 'Use tabs in all files.\n');
  model = await startModel({ tasks });
  const temporary = { temporaryDirectory: join(directory.path, 'tmp'), projectFolder: 'work' };
  const access = { baseUrl: model.url, apiKey: 'run-key' };
  engines = {
    direct: anthropicApi({ ...temporary, ...access, env: { PATH: pathForTools } }),
    cli: claudeCode({
      ...temporary,
      ...access,
      command: realClaude,
      env: { PATH: pathForTools, LANG: 'C.UTF-8' },
      homeDirectory: join(directory.path, 'home'),
    }),
  };
});
afterEach(async () => {
  await model.close();
  await directory.remove();
});

function task(instruction: string, overrides: Partial<EngineTask> = {}): EngineTask {
  return {
    prompt: `## Instruction\n\n${instruction}\n`,
    sessionId: randomUUID(),
    mode: 'fresh',
    workingDirectory: join(directory.path, 'work'),
    configDirectory: join(directory.path, 'config'),
    model: 'claude-opus-5-5',
    allowedTools: ['Read(./**)', 'Edit(./**)'],
    tools: ['Edit', 'Glob', 'Grep', 'Read', 'Write'],
    ...overrides,
  };
}

const ignore = () => undefined;
const never = new AbortController().signal;
const others = [
  ['direct', 'cli'],
  ['cli', 'direct'],
] as const;

/** Files that the model read in the requests from an index on. */
function readsSince(index: number): string[] {
  const last = model.requests.at(-1)?.body.messages ?? [];
  const before = model.requests[index - 1]?.body.messages ?? [];
  const known = JSON.stringify(before);
  return last.flatMap(({ content }) =>
    Array.isArray(content)
      ? content.flatMap((block) =>
          block.type === 'tool_use' && block.name === 'Read' && !known.includes(String(block.id))
            ? [JSON.stringify(block.input)]
            : [],
        )
      : [],
  );
}

describe('one conversation of two engines', () => {
  it.each(others)('that %s began, and %s goes on with', async (first, second) => {
    const begun = task('begin it');
    const done = await engines[first].run(begun, ignore, never);
    expect(done).toMatchObject({ stopReason: 'completed', summary: 'Begun.' });
    const { configDirectory, sessionId } = begun;
    expect(await hasAnswer(configDirectory, sessionId)).toBe(true);
    expect(await repair(configDirectory, sessionId)).toEqual({ outcome: 'whole' });

    for (const engine of [second, first, second]) {
      const asked = model.requests.length;
      const more = await engines[engine].run(task('go on', { sessionId, mode: 'resume' }), ignore, never);
      expect(more).toMatchObject({ stopReason: 'completed', summary: 'Gone on.', denials: [] });
      expect(readsSince(asked)).toEqual([]);
      // The team's instructions are told once, however often the engine changes; the CLI looks for its own words alone.
      const text = JSON.stringify(model.requests.at(-1)?.body.messages);
      expect(text.split('Use tabs in all files.').length - 1).toBe(first === 'cli' ? 1 : 2);
    }
    expect(model.requests.filter(({ status }) => status !== 200)).toEqual([]);
    expect(await repair(configDirectory, sessionId)).toEqual({ outcome: 'whole' });
  });

  it.each(others)('whose compacted copy %s made, and %s goes on with', async (first, second) => {
    const begun = task('begin it');
    await engines[first].run(begun, ignore, never);
    const { configDirectory, sessionId, prompt: _, mode: __, ...same } = begun;
    const copyId = randomUUID();
    const compaction: CompactionTask = {
      ...same,
      configDirectory,
      sessionId,
      copyId,
      instructions: 'Name all files.',
      timeLimitMs: 60_000,
    };
    const path = join(configDirectory, `projects/work/${sessionId}.jsonl`);
    const before = await readFile(path);
    expect(await engines[first].compact(compaction, never)).toMatchObject({ outcome: 'compacted' });
    expect(await readFile(path)).toEqual(before);
    expect(await trimCopyFile(configDirectory, copyId)).toMatchObject({ outcome: 'made' });

    // What is added to the whole goes to the copy as well.
    await engines[second].run(task('go on', { sessionId, mode: 'resume' }), ignore, never);
    expect(
      await graftCopyFile(configDirectory, { sessionId, copyId, bytesBefore: before.length }),
    ).toMatchObject({ outcome: 'made' });

    const asked = model.requests.length;
    const resumed = await engines[second].run(
      task('go on', { sessionId: copyId, mode: 'resume' }),
      ignore,
      never,
    );
    expect(resumed).toMatchObject({ stopReason: 'completed', summary: 'Gone on.' });
    const messages = JSON.stringify(model.requests[asked]?.body.messages);
    expect(messages).toContain('Files covered by this summary');
    expect(messages).not.toContain('begin it');
    expect(readsSince(asked)).toEqual([]);
    expect(model.requests.filter(({ status }) => status !== 200)).toEqual([]);
  });
});
