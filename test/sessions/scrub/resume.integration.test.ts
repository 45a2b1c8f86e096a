import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Model, startModel } from '../../../demo/model/server.ts';
import type { Task } from '../../../demo/model/task.ts';
import { claudeCode } from '../../../src/engines/claude-code/claude-code.ts';
import type { EngineTask } from '../../../src/engines/engine.ts';
import { repair } from '../../../src/sessions/repair.ts';
import { scrub } from '../../../src/sessions/scrub/scrub.ts';
import { transcriptPath } from '../../../src/sessions/session-files.ts';
import { pathForTools, realClaude } from '../../fakes/real-claude.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';
import { secretKinds } from './secret-kinds.ts';

const known = 'correct-horse-battery-4711-staple';
const token = secretKinds['GitHub personal']?.secret ?? '';

const tasks: Task[] = [
  {
    match: /write it/,
    needs: ['a.txt', 'b.txt'],
    edits: [{ path: 'new/c.txt', content: `token = ${token}\n` }],
    run: [],
    answer: 'Written.',
  },
  { match: /more/, needs: [], edits: [], run: [], answer: 'More.' },
];

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let model: Model;
const sessionId = randomUUID();
const path = (name: string) => join(directory.path, name);

beforeEach(async () => {
  directory = await temporaryDirectory();
  for (const name of ['work', 'config', 'home', 'tmp']) await mkdir(path(name));
  await writeFile(path('work/a.txt'), `the password is ${known}\n`);
  await writeFile(path('work/b.txt'), 'nothing\n');
  model = await startModel({ tasks });
});
afterEach(async () => {
  await model.close();
  await directory.remove();
});

function run(instruction: string, mode: EngineTask['mode'], configDirectory: string) {
  const engine = claudeCode({
    command: realClaude,
    env: { PATH: pathForTools, LANG: 'C.UTF-8' },
    homeDirectory: path('home'),
    temporaryDirectory: path('tmp'),
    projectFolder: 'work',
    baseUrl: model.url,
    apiKey: 'run-key',
    grace: { interruptMs: 5_000, terminateMs: 2_000 },
  });
  const task: EngineTask = {
    prompt: `## Instruction\n\n${instruction}\n`,
    sessionId,
    mode,
    workingDirectory: path('work'),
    configDirectory,
    model: 'claude-sonnet-4-5',
    allowedTools: ['Read(./**)', 'Edit(./**)'],
  };
  return engine.run(task, () => undefined, new AbortController().signal);
}

/** What the model was sent last in the course of a task. */
function lastTask(): string {
  return JSON.stringify(model.requests.findLast(({ kind }) => kind === 'task')?.body);
}

describe('a session of the real CLI', () => {
  it('goes on after a scrub, with the earlier turns and without their secrets', async () => {
    expect(await run('write it', 'fresh', path('config'))).toMatchObject({ stopReason: 'completed' });
    expect(lastTask()).toContain(known);

    const result = await scrub(path('config'), sessionId, path('scrubbed'), {
      secrets: [known],
      markKey: Buffer.from('key of the marks'),
    });
    expect(result).toMatchObject({ outcome: 'scrubbed' });
    const transcript = await readFile(join(path('scrubbed'), transcriptPath(sessionId)), 'utf8');
    expect(transcript).not.toContain(known);
    expect(transcript).not.toContain(token);
    expect(await repair(path('scrubbed'), sessionId)).toEqual({ outcome: 'whole' });

    await rm(path('config'), { recursive: true });
    expect(await run('more', 'resume', path('scrubbed'))).toMatchObject({
      stopReason: 'completed',
      summary: 'More.',
      sessionId,
    });
    const sent = lastTask();
    expect(sent).toContain('write it');
    expect(sent).toContain('the password is [REDACTED:secret:');
    expect(sent).toContain('token = [REDACTED:github-token:');
    expect(sent).toContain('Written.');
    expect(sent).not.toContain(known);
    expect(sent).not.toContain(token);
  });

  it('goes on after a repair, and tells the model which tools were interrupted', async () => {
    await run('write it', 'fresh', path('config'));
    const transcript = join(path('config'), transcriptPath(sessionId));
    const lines = (await readFile(transcript, 'utf8')).split('\n');
    // Two files are read side by side: the second call is kept and one of both results, with half a line after.
    const result = lines.findIndex((line) => /"type":"tool_result"/.test(line) && /"type":"user"/.test(line));
    expect(result).toBeGreaterThan(0);
    const kept = lines.slice(0, result + 1);
    await writeFile(transcript, `${kept.join('\n')}\n${lines[result + 1]?.slice(0, 100)}`);

    expect(await repair(path('config'), sessionId)).toEqual({
      outcome: 'repaired',
      dropped: [expect.stringMatching(/was cut/), expect.stringMatching(/^One tool use had no result/)],
    });
    expect(await run('more', 'resume', path('config'))).toMatchObject({
      stopReason: 'completed',
      summary: 'More.',
    });
    const sent = lastTask();
    expect(sent).toContain('write it');
    expect(sent.match(/"type":"tool_use"/g)).toHaveLength(2);
    expect(sent.match(/"type":"tool_result"/g)).toHaveLength(2);
    expect(sent.match(/The run was interrupted before this tool ended/g)).toHaveLength(1);
  });
});
