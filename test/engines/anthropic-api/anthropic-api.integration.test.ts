import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Model, type ModelOptions, startModel } from '../../../demo/model/server.ts';
import type { Task } from '../../../demo/model/task.ts';
import { type AnthropicApiOptions, anthropicApi } from '../../../src/engines/anthropic-api/anthropic-api.ts';
import type { EngineEvent, EngineTask } from '../../../src/engines/engine.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const tasks: Task[] = [
  { match: /hello/, needs: [], edits: [], run: [], answer: 'Hello to you.' },
  { match: /again/, needs: [], edits: [], run: [], answer: 'Hello again.' },
];

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let model: Model;
beforeEach(async () => {
  directory = await temporaryDirectory();
  for (const name of ['work', 'config', 'home', 'tmp']) await mkdir(join(directory.path, name));
  await writeFile(join(directory.path, 'work/a.txt'), 'a\n');
});
afterEach(async () => {
  await model.close();
  await directory.remove();
});

async function start(options: Partial<ModelOptions> = {}, more: Partial<AnthropicApiOptions> = {}) {
  model = await startModel({ tasks, ...options });
  return anthropicApi({
    baseUrl: model.url,
    apiKey: 'run-key',
    env: {},
    temporaryDirectory: join(directory.path, 'tmp'),
    projectFolder: 'work',
    ...more,
  });
}

function task(instruction: string, overrides: Partial<EngineTask> = {}): EngineTask {
  return {
    prompt: `## Instruction\n\n${instruction}\n`,
    sessionId: randomUUID(),
    mode: 'fresh',
    workingDirectory: join(directory.path, 'work'),
    configDirectory: join(directory.path, 'config'),
    model: 'claude-opus-5-5',
    allowedTools: ['Read(./**)', 'Edit(./**)'],
    ...overrides,
  };
}

const ignore = () => undefined;
const never = new AbortController().signal;

describe('the direct engine', () => {
  it('answers, and goes on in the same session', async () => {
    const engine = await start();
    const events: EngineEvent[] = [];
    const first = task('say hello');
    const done = await engine.run(first, (event) => events.push(event), never);
    expect(done).toMatchObject({
      stopReason: 'completed',
      summary: 'Hello to you.',
      denials: [],
      requests: 1,
    });
    expect(events.map(({ type }) => type)).toEqual(['started', 'text', 'usage']);
    const again = await engine.run(
      task('again', { sessionId: first.sessionId, mode: 'resume' }),
      ignore,
      never,
    );
    expect(again).toMatchObject({ stopReason: 'completed', summary: 'Hello again.' });
    expect(again.firstRequest?.cacheReadTokens).toBe(done.firstRequest?.cacheWriteTokens);
  });
});
