import type { BetaMessage } from '@anthropic-ai/sdk/resources/beta';
import { redact } from '../../core/redact.ts';
import { record } from '../claude-code/run-record.ts';
import type { EngineEvent, EngineResult, EngineTask } from '../engine.ts';
import type { AnthropicApiOptions } from './anthropic-api.ts';
import { readInstructions } from './base-instructions.ts';
import { converse } from './converse.ts';
import { endingOf, type Outcome } from './ending.ts';
import { modelClient } from './model-client.ts';
import { modelOf, modelSettings } from './model-settings.ts';
import { promptMessage } from './prompt-message.ts';
import { countLost, figuresOf, lineOf, spentAtMost, startRecord } from './run-figures.ts';
import { openSession } from './session.ts';
import { startTools } from './start-tools.ts';
import { engineVersion } from './version.ts';

/** One task from its beginning to its end, whatever becomes of it. */
export async function runTask(
  task: EngineTask,
  options: AnthropicApiOptions,
  onEvent: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<EngineResult> {
  const model = modelOf(task.model);
  const run = startRecord(model, options.prices);
  const said: string[] = [];
  const denials: string[] = [];
  const outcome = await toTheEnd();
  const secrets = [options.apiKey];
  const ending = endingOf(outcome, {
    mode: task.mode,
    answers: run.answers,
    hasWords: said.length > 0,
    sessionId: task.sessionId,
    secrets,
  });
  const isLost = ending.stopReason === 'logged-out' || ending.stopReason === 'session-lost';
  return {
    ...ending,
    summary: isLost ? '' : redact(said.at(-1) ?? '', secrets),
    sessionId: task.sessionId,
    model,
    version: engineVersion,
    ...figuresOf(run),
    denials,
  };

  async function toTheEnd(): Promise<Outcome> {
    try {
      const session = await openSession({ ...task, projectFolder: options.projectFolder });
      if (task.mode === 'resume' && session.messages.length === 0) return { kind: 'unknown-session' };
      if (task.mode === 'fresh' && session.exists) {
        return {
          kind: 'failed',
          error: new Error(`There is a session with the id ${task.sessionId} already.`),
        };
      }
      if (signal.aborted) return { kind: 'cancelled' };
      await using tools = await startTools(task, options, (name) => denials.push(name), signal);
      if (signal.aborted) return { kind: 'cancelled' };
      const { sessionId } = task;
      onEvent({
        type: 'started',
        sessionId,
        model,
        version: engineVersion,
        failedServers: tools.failedServers,
      });
      const prompt = promptMessage(task.prompt, await surroundings(task), session.messages);
      await session.addPrompt(prompt);
      return await converse({
        client: modelClient(options),
        settings: modelSettings(model, task.effort),
        tools: tools.tools,
        messages: [...session.messages, prompt],
        maxTurns: task.maxTurns,
        silenceMs: options.silenceMs,
        signal,
        async onAnswer(message) {
          await session.addAnswer(message);
          takeDown(message);
          return { isOverBudget: task.maxBudgetUsd !== undefined && spentAtMost(run) >= task.maxBudgetUsd };
        },
        onResults: (message) => session.addResults(message),
        onLost: (message) => countLost(run, message),
      });
    } catch (error) {
      return signal.aborted ? { kind: 'cancelled' } : { kind: 'failed', error };
    }
  }

  function takeDown(message: BetaMessage): void {
    const text = message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n\n');
    if (text.trim() !== '') said.push(text);
    for (const event of record(run, lineOf(message))) onEvent(event);
  }
}

async function surroundings({ configDirectory, workingDirectory }: EngineTask) {
  return {
    instructions: await readInstructions(configDirectory),
    workingDirectory,
    date: new Date().toISOString().slice(0, 10),
  };
}
