import { randomUUID } from 'node:crypto';
import type { BetaMessageStream } from '@anthropic-ai/sdk/lib/BetaMessageStream';
import type { BetaMessage } from '@anthropic-ai/sdk/resources/beta';
import { redact } from '../../core/redact.ts';
import { chooseMarkers } from '../../prompt-cache/strategies.ts';
import { type RunRecord, record } from '../claude-code/run-record.ts';
import type { CompactionResult, CompactionTask } from '../engine.ts';
import type { AnthropicApiOptions } from './anthropic-api.ts';
import { ask } from './ask.ts';
import { endingOf, type Outcome } from './ending.ts';
import { messagesOf } from './messages-of.ts';
import { type Mark, modelClient } from './model-client.ts';
import { modelOf, modelSettings } from './model-settings.ts';
import { readTranscript } from './read-transcript.ts';
import { countLost, figuresOf, lineOf, startRecord } from './run-figures.ts';
import { transcriptFile } from './session.ts';
import { startTools } from './start-tools.ts';
import { continuedFrom, summaryIn, summaryRequest } from './summary.ts';
import { engineVersion } from './version.ts';
import { transcriptWriter } from './write-transcript.ts';

/** The run would wait for a copy that it can do without. */
const fewRetries = 2;

type Failure = Pick<CompactionResult & { outcome: 'failed' }, 'outcome' | 'reason' | 'detail'>;

/** Has the model sum a session up, and writes the copy that begins with the summary. The session is only read. */
export async function compact(
  task: CompactionTask,
  options: AnthropicApiOptions,
  signal: AbortSignal,
): Promise<CompactionResult> {
  const startedAt = performance.now();
  const model = modelOf(task.model);
  const run = startRecord(model, options.prices);
  const limit = AbortSignal.timeout(task.timeLimitMs);
  const ended = await outcomeOf(AbortSignal.any([signal, limit]));
  const { usage, costUsd } = figuresOf(run);
  const durationMs = Math.round(performance.now() - startedAt);
  return { ...ended, usage, costUsd, durationMs };

  async function outcomeOf(both: AbortSignal): Promise<{ outcome: 'compacted' } | Failure> {
    try {
      return await makeCopy(both);
    } catch (error) {
      if (signal.aborted) return failed('cancelled', 'The run was ended.');
      if (limit.aborted) {
        return failed('time', `It took longer than ${Math.round(task.timeLimitMs / 1000)} seconds.`);
      }
      return failedAs({ kind: 'failed', error });
    }
  }

  async function makeCopy(both: AbortSignal): Promise<{ outcome: 'compacted' } | Failure> {
    const place = { ...task, projectFolder: options.projectFolder };
    const { records, leaf } = await readTranscript(transcriptFile(place));
    const { messages } = messagesOf(records);
    if (messages.length === 0) return failedAs({ kind: 'unknown-session' });
    await using tools = await startTools(task, options, () => undefined, both);
    both.throwIfAborted();
    const question = { role: 'user' as const, content: summaryRequest(task.instructions) };
    const client = modelClient({ ...options, maxRetries: fewRetries }, markedBeforeAnswer);
    const answer = await firstAnswer(run, {
      client,
      settings: modelSettings(model, task.effort),
      tools: tools.tools,
      messages: [...messages, question],
      signal: both,
    });
    const text = answer.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');
    const summary = summaryIn(text);
    if (answer.stop_reason === 'refusal') return failedAs({ kind: 'answered', reason: 'refusal' });
    if (summary === undefined) return failed('no-summary', 'The model answered with no summary.');
    both.throwIfAborted();
    await writeCopy(transcriptFile({ ...place, sessionId: task.copyId }), {
      sessionId: task.copyId,
      workingDirectory: task.workingDirectory,
      summary,
      leaf,
      tokens: run.contextTokens,
    });
    return { outcome: 'compacted' };
  }

  function failed(reason: Failure['reason'], detail: string): Failure {
    return { outcome: 'failed', reason, detail: redact(detail, [options.apiKey]) };
  }

  function failedAs(outcome: Outcome): Failure {
    const { sessionId } = task;
    const secrets = [options.apiKey];
    const ending = endingOf(outcome, { mode: 'resume', answers: 0, hasWords: true, sessionId, secrets });
    return failed('model', ending.detail ?? '');
  }
}

/** One answer, whose tool calls are not run, if it makes any. */
async function firstAnswer(run: RunRecord, asked: Parameters<typeof ask>[0]): Promise<BetaMessage> {
  let stream: BetaMessageStream | undefined;
  try {
    for await (stream of ask(asked, 1)) {
      const message = await stream.finalMessage();
      record(run, lineOf(message));
      return message;
    }
    throw new Error('The model gave no answer.');
  } catch (error) {
    if (stream?.currentMessage !== undefined) countLost(run, stream.currentMessage);
    throw error;
  }
}

/**
 * The question is asked once: what is written of it to the prompt cache is never read. So the markers stand where the
 * last request of the run had them, and nothing is written at all.
 */
export const markedBeforeAnswer: Mark = (request, options) => {
  const { messages } = request;
  const answer = messages.findLastIndex(({ role }) => role === 'assistant');
  const end = answer < 0 ? messages.length - 1 : answer;
  const marked = chooseMarkers({ ...request, messages: messages.slice(0, end) }, options);
  return { ...marked, messages: [...marked.messages, ...messages.slice(end)] };
};

interface Copy {
  sessionId: string;
  workingDirectory: string;
  summary: string;
  /** The last record of the session that is summed up. */
  leaf: string | null;
  /** Of the whole conversation. */
  tokens: number;
}

/** In the form in which the CLI leaves a conversation that it has compacted. */
async function writeCopy(
  path: string,
  { sessionId, workingDirectory, summary, leaf, tokens }: Copy,
): Promise<void> {
  const writer = transcriptWriter(path, null, {
    sessionId,
    cwd: workingDirectory,
    version: engineVersion,
    newId: randomUUID,
    now: () => new Date(),
  });
  await writer.append({
    type: 'system',
    subtype: 'compact_boundary',
    content: 'Conversation compacted',
    logicalParentUuid: leaf,
    isMeta: false,
    level: 'info',
    compactMetadata: { trigger: 'manual', preTokens: tokens },
  });
  await writer.append({
    type: 'user',
    message: { role: 'user', content: continuedFrom(summary).toWellFormed() },
    isVisibleInTranscriptOnly: true,
    isCompactSummary: true,
  });
}
