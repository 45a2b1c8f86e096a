import { addUsage, noUsage, type Usage } from '../../core/report.ts';
import { costOfRequest } from '../../pricing/cost-of-usage.ts';
import { findPrices } from '../../pricing/find-prices.ts';
import { type ModelPrices, webSearchUsd } from '../../pricing/model-prices.ts';
import { trustedCost } from '../../pricing/trusted-cost.ts';
import { usageOfMessages } from '../../prompt-cache/provider-usage.ts';
import type { EngineEvent } from '../engine.ts';
import type { AssistantLine, ModelUsage, ResultLine, StreamLine } from './stream.ts';

/** What the CLI names as the model of what it says itself, in a conversation that no request was made for. */
const cliItself = '<synthetic>';

/** What is known of a run from the lines seen so far. */
export interface RunRecord {
  version: string;
  model: string | null;
  /** Usage per message id: a message comes in several lines that all repeat its usage. */
  usageOf: Map<string, Usage>;
  /** Model per message id, and the searches that the provider made for it. */
  modelOf: Map<string, string>;
  searchesOf: Map<string, number>;
  /** Prices that win over the price list. */
  prices: readonly ModelPrices[];
  /** Tokens that the newest request of the main conversation brought along and got. */
  contextTokens: number;
  /** Ids of the messages of the main conversation. */
  requests: Set<string>;
  lastText: string;
  /** Requests that the model answered. */
  answers: number;
  /** The CLI's own word for the request that failed last, such as `authentication_failed`. */
  apiError: string | undefined;
  /** How often in a row the model's API refused the key. */
  refusedKeys: number;
  /** Why a compaction failed, in the CLI's words; empty when it did not. */
  compactionError: string | undefined;
  result: ResultLine | undefined;
}

export function newRecord(prices: readonly ModelPrices[] = []): RunRecord {
  return {
    version: 'unknown',
    model: null,
    usageOf: new Map(),
    modelOf: new Map(),
    searchesOf: new Map(),
    prices,
    contextTokens: 0,
    requests: new Set(),
    lastText: '',
    answers: 0,
    apiError: undefined,
    refusedKeys: 0,
    compactionError: undefined,
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
      if (line.subtype === 'status') {
        run.compactionError =
          line.compact_result === 'success' ? '' : line.compact_error || line.compact_result;
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
  if (!run.usageOf.has(message.id)) run.answers += 1;
  const isMain = !parent_tool_use_id;
  addMessage(run, message, { isMain });
  for (const block of message.content) {
    if (block.type === 'text') {
      if (!parent_tool_use_id) run.lastText = block.text;
      events.push({ type: 'text', text: block.text });
    } else if (block.type === 'tool_use') {
      events.push({ type: 'tool', name: block.name, input: block.input });
    }
  }
  const { answers } = run;
  return [...events, { type: 'usage', usage: summedUsage(run), costUsd: costOf(run), answers, isMain }];
}

/**
 * Counts a message. What a line of the stream says of the output is of the message's beginning; the transcript, and
 * the result, have all of it. `isMain`: it is not a sub-agent's.
 */
export function addMessage(
  run: RunRecord,
  { id, model, usage }: AssistantLine['message'],
  { isMain }: { isMain: boolean },
): void {
  const known = largest(run.usageOf.get(id) ?? noUsage, usageOfMessages(usage));
  run.usageOf.set(id, known);
  run.modelOf.set(id, model);
  const searches = usage?.server_tool_use?.web_search_requests ?? 0;
  run.searchesOf.set(id, Math.max(searches, run.searchesOf.get(id) ?? 0));
  if (!isMain || model === cliItself) return;
  if (total(known) > 0) run.contextTokens = total(known);
  run.requests.add(id);
}

/**
 * Tokens of the run. The result's own count per model is the best one: it holds sub-agents and side requests,
 * and an interrupted request. Without a result the messages are added up.
 */
export function usageOf(run: RunRecord): Usage {
  const uses = usesOf(run);
  if (uses.length === 0) return usageOfMessages(run.result?.usage);
  return uses.map(({ usage }) => usage).reduce(addUsage, noUsage);
}

/** What the first request of the main conversation read and wrote; nothing when it was not answered. */
export function firstRequestOf({ requests, usageOf }: RunRecord): { firstRequest?: Usage } {
  const [first] = requests;
  const firstRequest = first === undefined ? undefined : usageOf.get(first);
  return firstRequest === undefined ? {} : { firstRequest };
}

/**
 * US dollars of this run alone, null when a model was asked whose price nobody knows. Without a result it is reckoned
 * from the messages, each of which may be one of those that are dearer because they are long.
 */
export function costOf(run: RunRecord): number | null {
  const costs = usesOf(run).map(({ cost }) => cost);
  if (costs.length === 0 && run.result === undefined && run.model === null) return null;
  return costs.reduce<number | null>(
    (sum, cost) => (sum === null || cost === undefined ? null : sum + cost),
    0,
  );
}

/** Models that were asked and whose price nobody knows. */
export function unpricedModels(run: RunRecord): string[] {
  return usesOf(run).flatMap(({ model, cost }) => (cost === undefined ? [model] : []));
}

/** Models that were asked and whose price only the CLI's own list has. */
export function modelsPricedByCli(run: RunRecord): { enginePricedModels?: string[] } {
  const models = usesOf(run).flatMap(({ model, isCliPrice }) => (isCliPrice ? [model] : []));
  return models.length === 0 ? {} : { enginePricedModels: models };
}

/** Whether the run ended without saying what it used, so that its messages have to be added up. */
export function lacksFigures(run: RunRecord): boolean {
  return usesInResult(run).length === 0;
}

interface ModelUse {
  model: string;
  usage: Usage;
  /** US dollars; undefined when nobody knows the price. */
  cost: number | undefined;
  /** The cost is by the CLI's list alone. */
  isCliPrice?: boolean;
}

function usesOf(run: RunRecord): ModelUse[] {
  const inResult = usesInResult(run);
  if (inResult.length > 0) return inResult;
  const inMessages = usesInMessages(run);
  const model = inMessages[0]?.model ?? run.model;
  if (!run.result?.usage || inMessages.length > 1 || model === null) return inMessages;
  // Earlier versions tell no models apart. Their cost may be that of the whole session, which shows by its size.
  const { usage: tokens, total_cost_usd: usd } = run.result;
  const usage = usageOfMessages(tokens);
  if (total(usage) === 0) return inMessages;
  const said = usd === null || usd === undefined ? undefined : { usd };
  const searches = tokens.server_tool_use?.web_search_requests ?? 0;
  return [{ model, usage, cost: trustedCost(usage, searches, said, findPrices(model, run.prices)) }];
}

/** Since 2.1.330 or earlier `total_cost_usd` is of the whole session after a resume; this is of the run. */
function usesInResult(run: RunRecord): ModelUse[] {
  const figures = Object.entries(run.result?.model_usage_since_last_result ?? {});
  return figures.flatMap(([model, said]) => {
    const usage = usageOfModel(run, model, said);
    const searches = said.webSearchRequests ?? 0;
    if (total(usage) === 0 && searches === 0) return [];
    const { costUSD: usd, costBasis: basis, canonicalModel } = said;
    const prices = findPrices(model, run.prices) ?? findPrices(canonicalModel ?? '', run.prices);
    const cost = trustedCost(
      usage,
      searches,
      usd === null || usd === undefined ? undefined : { usd, basis: basis ?? undefined },
      prices,
    );
    const isCliPrice = cost !== undefined && prices === undefined && basis === 'list';
    return [{ model, usage, cost, isCliPrice }];
  });
}

function usageOfModel(run: RunRecord, model: string, said: ModelUsage): Usage {
  const cacheWriteTokens = said.cacheCreationInputTokens ?? 0;
  const inMessages = usesInMessages(run).find((use) => use.model === model)?.usage.cacheWriteHourTokens;
  const forHour = said.cacheCreationEphemeral1hInputTokens ?? inMessages ?? 0;
  return {
    inputTokens: said.inputTokens ?? 0,
    cacheReadTokens: said.cacheReadInputTokens ?? 0,
    cacheWriteTokens,
    ...hourTokens(Math.min(forHour, cacheWriteTokens)),
    outputTokens: said.outputTokens ?? 0,
  };
}

function usesInMessages(run: RunRecord): ModelUse[] {
  const uses = new Map<string, ModelUse>();
  for (const [id, usage] of run.usageOf) {
    const model = run.modelOf.get(id);
    // The CLI's own words in the name of the model have none.
    if (model === undefined || total(usage) === 0) continue;
    const prices = findPrices(model, run.prices);
    const fees = (run.searchesOf.get(id) ?? 0) * webSearchUsd;
    const cost = prices && costOfRequest(usage, prices) + fees;
    const before = uses.get(model) ?? { model, usage: noUsage, cost: 0 };
    uses.set(model, {
      model,
      usage: addUsage(before.usage, usage),
      cost: cost === undefined || before.cost === undefined ? undefined : before.cost + cost,
    });
  }
  return [...uses.values()];
}

function summedUsage(run: RunRecord): Usage {
  return [...run.usageOf.values()].reduce(addUsage, noUsage);
}

function hourTokens(count: number): Pick<Usage, 'cacheWriteHourTokens'> {
  return count === 0 ? {} : { cacheWriteHourTokens: count };
}

/** Lines of one message repeat the same counts, except that output may have grown. */
function largest(a: Usage, b: Usage): Usage {
  return {
    inputTokens: Math.max(a.inputTokens, b.inputTokens),
    cacheReadTokens: Math.max(a.cacheReadTokens, b.cacheReadTokens),
    cacheWriteTokens: Math.max(a.cacheWriteTokens, b.cacheWriteTokens),
    ...hourTokens(Math.max(a.cacheWriteHourTokens ?? 0, b.cacheWriteHourTokens ?? 0)),
    outputTokens: Math.max(a.outputTokens, b.outputTokens),
  };
}

function total(usage: Usage): number {
  return usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens + usage.outputTokens;
}
