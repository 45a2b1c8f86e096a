import { noUsage, type Usage } from '../../core/report.ts';
import type { EngineEvent } from '../engine.ts';
import type { AssistantLine, ResultLine, StreamLine } from './stream.ts';

/** What is known of a run from the lines seen so far. */
export interface RunRecord {
  version: string;
  model: string | null;
  /** Usage per message id: a message comes in several lines that all repeat its usage. */
  usageOf: Map<string, Usage>;
  /** The first message of the main conversation: what it read shows whether the prompt cache knew the earlier ones. */
  first: string | undefined;
  /** Tokens that the newest request of the main conversation brought along and got. */
  contextTokens: number;
  lastText: string;
  /** Requests that the model answered. */
  answers: number;
  /** The CLI's own word for the request that failed last, such as `authentication_failed`. */
  apiError: string | undefined;
  /** How often in a row the model's API refused the key. */
  refusedKeys: number;
  result: ResultLine | undefined;
}

export function newRecord(): RunRecord {
  return {
    version: 'unknown',
    model: null,
    usageOf: new Map(),
    first: undefined,
    contextTokens: 0,
    lastText: '',
    answers: 0,
    apiError: undefined,
    refusedKeys: 0,
    result: undefined,
  };
}

/** Adds a line to the record and says what it means to somebody who watches. */
export function record(run: RunRecord, line: StreamLine): EngineEvent[] {
  switch (line.type) {
    case 'assistant':
      return recordAssistant(run, line);
    case 'result':
      run.result = line;
      return [];
    case 'system':
      if (line.subtype === 'api_retry') {
        run.refusedKeys = line.error_status === 401 || line.error_status === 403 ? run.refusedKeys + 1 : 0;
        return [];
      }
      run.version = line.claude_code_version;
      run.model = line.model;
      return [
        {
          type: 'started',
          sessionId: line.session_id,
          model: line.model,
          version: run.version,
          failedServers: line.mcp_servers.filter(({ status }) => hasFailed(status)).map(({ name }) => name),
        },
      ];
  }
}

/** `pending` ones may still come. */
function hasFailed(status: string): boolean {
  return status === 'failed' || status === 'needs-auth' || status === 'disabled';
}

function recordAssistant(
  run: RunRecord,
  { message, parent_tool_use_id, error }: AssistantLine,
): EngineEvent[] {
  if (error) {
    run.apiError = error;
    return [];
  }
  run.refusedKeys = 0;
  const events: EngineEvent[] = [];
  const usage = toUsage(message.usage);
  if (!run.usageOf.has(message.id)) run.answers += 1;
  run.usageOf.set(message.id, largest(run.usageOf.get(message.id) ?? noUsage, usage));
  if (!parent_tool_use_id) run.first ??= message.id;
  if (!parent_tool_use_id) run.contextTokens = total(run.usageOf.get(message.id) ?? usage);
  for (const block of message.content) {
    if (block.type === 'text') {
      if (!parent_tool_use_id) run.lastText = block.text;
      events.push({ type: 'text', text: block.text });
    } else if (block.type === 'tool_use') {
      events.push({ type: 'tool', name: block.name, input: block.input });
    }
  }
  return [...events, { type: 'usage', usage: summedUsage(run), answers: run.answers }];
}

/**
 * Tokens of the run. The result's own count per model is the best one: it holds sub-agents and side requests,
 * and an interrupted request. Without a result the messages are added up.
 */
export function usageOf(run: RunRecord): Usage {
  const perModel = Object.values(run.result?.model_usage_since_last_result ?? {});
  if (perModel.length > 0) {
    return perModel
      .map((model) => ({
        inputTokens: model.inputTokens,
        cacheReadTokens: model.cacheReadInputTokens,
        cacheWriteTokens: model.cacheCreationInputTokens,
        outputTokens: model.outputTokens,
      }))
      .reduce(add, noUsage);
  }
  return run.result?.usage ? toUsage(run.result.usage) : summedUsage(run);
}

/** What the first request of the main conversation read and wrote; nothing when it was not answered. */
export function firstRequestOf({ first, usageOf }: RunRecord): { firstRequest?: Usage } {
  const firstRequest = first === undefined ? undefined : usageOf.get(first);
  return firstRequest === undefined ? {} : { firstRequest };
}

/**
 * US dollars of this run alone, null when the CLI did not say. Since 2.1.330 or earlier `total_cost_usd` is of
 * the whole session after a resume, so the per-model costs since the last result are preferred.
 */
export function costOf(run: RunRecord): number | null {
  if (run.result === undefined) return null;
  const perModel = run.result.model_usage_since_last_result;
  if (perModel) return Object.values(perModel).reduce((sum, { costUSD }) => sum + costUSD, 0);
  return run.result.total_cost_usd ?? null;
}

function summedUsage(run: RunRecord): Usage {
  return [...run.usageOf.values()].reduce(add, noUsage);
}

type Tokens = NonNullable<ResultLine['usage']>;

function toUsage(usage: Tokens | null | undefined): Usage {
  return {
    inputTokens: usage?.input_tokens ?? 0,
    cacheReadTokens: usage?.cache_read_input_tokens ?? 0,
    cacheWriteTokens: usage?.cache_creation_input_tokens ?? 0,
    outputTokens: usage?.output_tokens ?? 0,
  };
}

function add(a: Usage, b: Usage): Usage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
    outputTokens: a.outputTokens + b.outputTokens,
  };
}

/** Lines of one message repeat the same counts, except that output may have grown. */
function largest(a: Usage, b: Usage): Usage {
  return {
    inputTokens: Math.max(a.inputTokens, b.inputTokens),
    cacheReadTokens: Math.max(a.cacheReadTokens, b.cacheReadTokens),
    cacheWriteTokens: Math.max(a.cacheWriteTokens, b.cacheWriteTokens),
    outputTokens: Math.max(a.outputTokens, b.outputTokens),
  };
}

function total(usage: Usage): number {
  return usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens + usage.outputTokens;
}
