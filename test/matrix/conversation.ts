import { randomUUID } from 'node:crypto';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MessagesRequest } from '../../demo/model/messages.ts';
import type { LoggedRequest, Model } from '../../demo/model/server.ts';
import type { Task } from '../../demo/model/task.ts';
import type { SessionManifest } from '../../src/core/session.ts';
import { newMasterKey, sessionKeys } from '../../src/core/session-key.ts';
import { anyVersion } from '../../src/engines/claude-code/any-version.ts';
import { claudeCode } from '../../src/engines/claude-code/claude-code.ts';
import type { EngineResult, EngineTask } from '../../src/engines/engine.ts';
import { restore } from '../../src/sessions/restore.ts';
import { type SaveResult, save } from '../../src/sessions/save.ts';
import { projectFolder, transcriptPath } from '../../src/sessions/session-files.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';
import { pathForTools } from '../fakes/real-claude.ts';

/** What the first turn said, one mark for each way in which something comes into a conversation. */
export const marks = {
  prompt: 'Count the swans of the northern lake',
  file: 'notes-of-the-ferryman',
  command: 'lake-station-answers-4711',
  answer: 'There are 4711 swans.',
};

export const secondPrompt = 'And once more, please.';

export const tasks: Task[] = [
  {
    match: /Count the swans/,
    needs: ['notes.txt'],
    edits: [],
    run: ['node measure.mjs'],
    answer: marks.answer,
  },
  { match: /And once more/, needs: [], edits: [], run: ['node measure.mjs'], answer: 'Still as many.' },
];

const ref = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };
const keys = sessionKeys({ current: newMasterKey(), previous: [] }, ref);

/** What a session has on a runner; the names are those of the action. */
export interface Runner {
  checkout: string;
  config: string;
  home: string;
  temporary: string;
}

/** A runner that begins empty but for the checkout, as each run does. */
export async function newRunner(root: string): Promise<Runner> {
  const runner = {
    checkout: join(root, 'checkout'),
    config: join(root, 'config'),
    home: join(root, 'home'),
    temporary: join(root, 'tmp'),
  };
  await rm(root, { recursive: true, force: true });
  for (const path of Object.values(runner)) await mkdir(path, { recursive: true });
  await writeFile(join(runner.checkout, 'notes.txt'), `${marks.file}\n`);
  // More than a transcript takes: versions that keep long results in files of their own do it here.
  await writeFile(
    join(runner.checkout, 'measure.mjs'),
    `console.log('${marks.command}');\nfor (let line = 0; line < 1_000; line += 1) console.log('depth', line, 'fathoms of cold and quiet water');\n`,
  );
  return runner;
}

export interface Turn {
  runner: Runner;
  command: string;
  model: Model;
  sessionId: string;
  mode: EngineTask['mode'];
  instruction: string;
  /** What the runner's environment has beside a path for tools. */
  env?: Record<string, string>;
  signal?: AbortSignal;
}

export async function runTurn(turn: Turn): Promise<EngineResult> {
  const { runner, command, model, sessionId, mode, instruction } = turn;
  const options = {
    command,
    env: { PATH: pathForTools, LANG: 'C.UTF-8', ...turn.env },
    homeDirectory: runner.home,
    temporaryDirectory: runner.temporary,
    projectFolder,
  };
  const engine = anyVersion(claudeCode({ ...options, baseUrl: model.url, apiKey: 'run-key' }), options);
  const task: EngineTask = {
    prompt: `## Instruction\n\n${instruction}\n`,
    sessionId,
    mode,
    workingDirectory: runner.checkout,
    configDirectory: runner.config,
    model: 'claude-sonnet-4-5',
    effort: 'low',
    allowedTools: ['Read(./**)', 'Bash(node measure.mjs)'],
  };
  return await engine.run(task, () => undefined, turn.signal ?? new AbortController().signal);
}

/** The first turn: a prompt, a file read, a command, an answer. */
export async function firstTurn(
  turn: Omit<Turn, 'sessionId' | 'mode' | 'instruction'>,
): Promise<EngineResult> {
  return await runTurn({ ...turn, sessionId: randomUUID(), mode: 'fresh', instruction: marks.prompt });
}

export async function nextTurn(turn: Omit<Turn, 'mode' | 'instruction'>): Promise<EngineResult> {
  return await runTurn({ ...turn, mode: 'resume', instruction: secondPrompt });
}

export async function keep(
  store: SessionStore,
  { checkout, config, temporary }: Runner,
  { sessionId, version, model, contextTokens, costUsd }: EngineResult,
  before?: SessionManifest,
): Promise<SaveResult> {
  return await save({
    store,
    keys,
    configDirectory: config,
    temporaryDirectory: temporary,
    secrets: [],
    before,
    facts: {
      ref,
      generation: (before?.generation ?? 0) + 1,
      parentGeneration: before?.generation ?? 0,
      sessionId,
      engine: 'claude-code',
      engineVersion: version,
      model,
      effort: 'low',
      workingDirectory: checkout,
      baseCommit: null,
      headCommit: null,
      ticket: null,
      contextTokens,
      costUsd: costUsd ?? 0,
      createdAt: new Date().toISOString(),
    },
  });
}

/** @throws when there is nothing to restore: each caller has saved before. */
export async function bring(store: SessionStore, { config, temporary }: Runner): Promise<SessionManifest> {
  const restored = await restore({
    store,
    keys,
    ref,
    configDirectory: config,
    temporaryDirectory: temporary,
  });
  if (restored.outcome !== 'restored') throw new Error(`nothing was restored: ${JSON.stringify(restored)}`);
  return restored.manifest;
}

/** A CLI for somebody who has no settings of ours: the sweep of old transcripts is what it is by default. */
export async function withoutOurSettings(command: string, directory: string): Promise<string> {
  const wrapper = join(directory, 'claude-with-its-own-settings');
  const script = `#!/bin/sh
for argument in "$@"; do
  shift
  case $argument in *cleanupPeriodDays*) argument='{}' ;; esac
  set -- "$@" "$argument"
done
exec "${command}" "$@"
`;
  await writeFile(wrapper, script, { mode: 0o755 });
  return wrapper;
}

/** Lets a model that nobody has talked to know, and keep in its prompt cache, what was said to another one. */
export async function replay(requests: readonly LoggedRequest[], model: Model): Promise<void> {
  for (const { body } of requests) {
    const response = await fetch(`${model.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'run-key', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
  }
}

export function transcriptOf({ config }: Runner, sessionId: string): string {
  return join(config, transcriptPath(sessionId));
}

/** Makes a restored session look as old as one that somebody unpacked with the times of its archive. */
export async function makeOld(runner: Runner, sessionId: string): Promise<void> {
  const longAgo = new Date(Date.now() - 400 * 24 * 60 * 60 * 1000);
  await utimes(transcriptOf(runner, sessionId), longAgo, longAgo);
}

/** Which marks of the first turn are in the messages of a request, in the order in which they were said. */
export function earlierTurnIn({ messages }: Pick<MessagesRequest, 'messages'>): string[] {
  const said = JSON.stringify(messages);
  return Object.values(marks)
    .filter((mark) => said.includes(mark))
    .sort((one, other) => said.indexOf(one) - said.indexOf(other));
}

/** The requests of a model that belong to a conversation, without the ones that a CLI makes on the side. */
export function conversationOf(requests: readonly LoggedRequest[]): LoggedRequest[] {
  return requests.filter(({ kind }) => kind === 'task');
}
