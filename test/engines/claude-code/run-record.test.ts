import { describe, expect, it } from 'vitest';
import {
  costOf,
  firstRequestOf,
  modelsPricedByCli,
  newRecord,
  record,
  unpricedModels,
  usageOf,
} from '../../../src/engines/claude-code/run-record.ts';
import { parseLine } from '../../../src/engines/claude-code/stream.ts';
import { overridePrices, type PriceOverrides } from '../../../src/pricing/price-overrides.ts';

function recorded(lines: unknown[], prices: PriceOverrides = {}) {
  const run = newRecord(overridePrices(prices));
  const events = lines.flatMap((line) => {
    const parsed = parseLine(typeof line === 'string' ? line : JSON.stringify(line));
    return parsed ? record(run, parsed) : [];
  });
  return { run, events };
}

const model = 'claude-sonnet-4-5';

const init = {
  type: 'system',
  subtype: 'init',
  session_id: 's',
  model,
  claude_code_version: '2.1.330',
  tools: [],
};

function answer(id: string, content: unknown[], usage: Record<string, unknown>, more = {}) {
  return {
    type: 'assistant',
    session_id: 's',
    message: { id, model, role: 'assistant', content, usage },
    ...more,
  };
}

const tokens = {
  input_tokens: 100,
  cache_read_input_tokens: 10,
  cache_creation_input_tokens: 50,
  output_tokens: 1,
};
const text = { type: 'text', text: 'Reading.' };
const tool = { type: 'tool_use', id: 't', name: 'Read', input: { file_path: '/w/a.ts' } };

const result = {
  type: 'result',
  subtype: 'success',
  is_error: false,
  session_id: 's',
  num_turns: 3,
  result: 'Done.',
  total_cost_usd: 5,
  usage: { ...tokens, output_tokens: 20 },
  permission_denials: [{ tool_name: 'Bash', tool_use_id: 't', tool_input: {} }],
};

describe('record', () => {
  it('counts the requests of the main conversation, and what the first one of them brought along', () => {
    const sub = { parent_tool_use_id: 't' };
    const { run } = recorded([
      init,
      answer('0', [text], { ...tokens, input_tokens: 9_000 }, sub),
      answer('1', [text], tokens),
      answer('1', [tool], { ...tokens, output_tokens: 30 }),
      answer('2', [text], { ...tokens, input_tokens: 500 }),
      result,
    ]);
    expect(run.requests.size).toBe(2);
    const firstRequest = { inputTokens: 100, cacheReadTokens: 10, cacheWriteTokens: 50, outputTokens: 30 };
    expect(firstRequestOf(run)).toEqual({ firstRequest });
    expect([newRecord().requests.size, firstRequestOf(newRecord())]).toEqual([0, {}]);
  });

  it.each<[Record<string, unknown>, string | undefined]>([
    [{ compact_result: 'success' }, ''],
    [{ compact_result: 'failed', compact_error: 'no assistant message' }, 'no assistant message'],
    [{ compact_result: 'failed' }, 'failed'],
    [{ status: 'compacting' }, undefined],
  ])('says how a compaction went: %o', (more, expected) => {
    const { run, events } = recorded([{ type: 'system', subtype: 'status', status: null, ...more }]);
    expect([run.compactionError, events]).toEqual([expected, []]);
  });

  it('turns lines into events', () => {
    const { events, run } = recorded([
      init,
      answer('1', [text], tokens),
      answer('1', [tool], tokens),
      result,
    ]);
    expect(events.filter(({ type }) => type !== 'usage')).toEqual([
      { type: 'started', sessionId: 's', model, version: '2.1.330', failedServers: [] },
      { type: 'text', text: 'Reading.' },
      { type: 'tool', name: 'Read', input: { file_path: '/w/a.ts' } },
    ]);
    expect(events.flatMap((event) => (event.type === 'usage' ? [event.answers] : []))).toEqual([1, 1]);
    expect(run).toMatchObject({ model, version: '2.1.330', lastText: 'Reading.', answers: 1 });
  });

  it('names the MCP servers whose tools are not there', () => {
    const mcp_servers = [
      { name: 'good', status: 'connected' },
      { name: 'late', status: 'pending' },
      { name: 'broken', status: 'failed' },
      { name: 'locked', status: 'needs-auth' },
    ];
    expect(recorded([{ ...init, mcp_servers }]).events).toMatchObject([
      { failedServers: ['broken', 'locked'] },
    ]);
    expect(recorded([{ ...init, mcp_servers: 'many' }]).events).toMatchObject([{ failedServers: [] }]);
  });

  it.each([
    'not json',
    '{"type":"assistant","message":',
    '{"type":"stream_event","event":{}}',
    '{"type":"system","subtype":"something_new"}',
    '{"type":"assistant","message":{}}',
    '[]',
    'null',
    '',
  ])('passes over %j', (line) => {
    expect(recorded([line])).toEqual({ run: newRecord(), events: [] });
  });

  it('keeps a line whose content has blocks that it does not know', () => {
    const { events } = recorded([
      answer('1', [{ type: 'thinking', thinking: '…' }, { type: 'text' }, text], tokens),
    ]);
    expect(events.map(({ type }) => type)).toEqual(['text', 'usage']);
  });

  it('counts each message once, although every block repeats its usage', () => {
    const { run } = recorded([
      answer('1', [text], tokens),
      answer('1', [tool], { ...tokens, output_tokens: 30 }),
      answer('2', [text], tokens),
    ]);
    expect(usageOf(run)).toEqual({
      inputTokens: 200,
      cacheReadTokens: 20,
      cacheWriteTokens: 100,
      outputTokens: 31,
    });
    expect(run.answers).toBe(2);
  });

  it('takes the usage of the result when there is one', () => {
    const { run } = recorded([answer('1', [text], tokens), result]);
    const usage = { inputTokens: 100, cacheReadTokens: 10, cacheWriteTokens: 50, outputTokens: 20 };
    expect(usageOf(run)).toEqual(usage);
    // 5 dollars are those of the whole session, in an earlier version.
    expect(costOf(run)).toBeCloseTo((100 * 3 + 10 * 0.3 + 50 * 3.75 + 20 * 15) / 1e6, 12);
  });

  const modelUsage = {
    [model]: {
      inputTokens: 1,
      cacheReadInputTokens: 2,
      cacheCreationInputTokens: 30,
      cacheCreationEphemeral1hInputTokens: 10,
      outputTokens: 4,
      webSearchRequests: 0,
      costUSD: (1 * 3 + 2 * 0.3 + 20 * 3.75 + 10 * 6 + 4 * 15) / 1e6,
      canonicalModel: model,
      costBasis: 'list',
    },
    'claude-haiku-4-5-20251001': { inputTokens: 10, outputTokens: 40, costUSD: 0.00021 },
    'claude-opus-5-5': { inputTokens: 0, outputTokens: 0, costUSD: 0 },
  };

  it('prefers what the result says of this run alone, model by model', () => {
    const { run } = recorded([{ ...result, model_usage_since_last_result: modelUsage }]);
    expect(usageOf(run)).toEqual({
      inputTokens: 11,
      cacheReadTokens: 2,
      cacheWriteTokens: 30,
      cacheWriteHourTokens: 10,
      outputTokens: 44,
    });
    expect(costOf(run)).toBeCloseTo(0.0001986 + 0.00021, 12);
    expect(unpricedModels(run)).toEqual([]);
  });

  it('knows from the messages what was written for an hour when the result of an earlier version does not say', () => {
    const { cacheCreationEphemeral1hInputTokens: _, ...earlier } = modelUsage[model] as Record<
      string,
      unknown
    >;
    const cache_creation = { ephemeral_1h_input_tokens: 30, ephemeral_5m_input_tokens: 0 };
    const { run } = recorded([
      answer('1', [text], { cache_creation_input_tokens: 30, cache_creation }),
      { ...result, model_usage_since_last_result: { [model]: earlier } },
    ]);
    expect(usageOf(run)).toMatchObject({ cacheWriteTokens: 30, cacheWriteHourTokens: 30 });
  });

  it('has no cost and names the model when a model has no price, whatever the engine guessed', () => {
    const unknown = { inputTokens: 5, outputTokens: 5, costUSD: 0.5, costBasis: 'unknown' };
    const lines = [{ ...result, model_usage_since_last_result: { ...modelUsage, 'claude-nova-9': unknown } }];
    const { run } = recorded(lines);
    expect(usageOf(run)).toMatchObject({ inputTokens: 16, outputTokens: 49 });
    expect(costOf(run)).toBeNull();
    expect(unpricedModels(run)).toEqual(['claude-nova-9']);

    const free = { input: 0, output: 100, cacheWrite5m: 0, cacheWrite1h: 0, cacheRead: 0 };
    const priced = recorded(lines, { 'claude-nova-9': free }).run;
    expect(costOf(priced)).toBeCloseTo(0.0001986 + 0.00021 + 0.0005, 12);
    expect(unpricedModels(priced)).toEqual([]);
  });

  it("takes the cost by the CLI's list for a model that is not listed here, and names the model", () => {
    const newer = { inputTokens: 5, outputTokens: 5, costUSD: 0.5, costBasis: 'list' };
    const lines = [{ ...result, model_usage_since_last_result: { ...modelUsage, 'claude-nova-9': newer } }];
    const { run } = recorded(lines);
    expect(costOf(run)).toBeCloseTo(0.0001986 + 0.00021 + 0.5, 12);
    expect(unpricedModels(run)).toEqual([]);
    expect(modelsPricedByCli(run)).toEqual({ enginePricedModels: ['claude-nova-9'] });

    const free = { input: 0, output: 100, cacheWrite5m: 0, cacheWrite1h: 0, cacheRead: 0 };
    const priced = recorded(lines, { 'claude-nova-9': free }).run;
    expect(costOf(priced)).toBeCloseTo(0.0001986 + 0.00021 + 0.0005, 12);
    expect(modelsPricedByCli(priced)).toEqual({});
  });

  it('knows a model of a provider by what the engine says that it is', () => {
    const profile = `arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/${'x'.repeat(300)}`;
    const { run } = recorded([
      { ...result, model_usage_since_last_result: { [profile]: modelUsage[model] } },
    ]);
    expect(costOf(run)).toBeCloseTo(0.0001986, 12);
  });

  it('reckons the cost of a run that was cut short from its messages', () => {
    const cache_creation = { ephemeral_1h_input_tokens: 40, ephemeral_5m_input_tokens: 10 };
    const { run, events } = recorded([
      init,
      answer('1', [text], { ...tokens, cache_creation }),
      answer('1', [tool], { ...tokens, cache_creation }),
      answer('2', [text], { ...tokens, server_tool_use: { web_search_requests: 2 } }),
      '{"type":"assistant","message":{"id":"3","mod',
    ]);
    const first = 100 * 3 + 10 * 0.3 + 10 * 3.75 + 40 * 6 + 15;
    const second = 100 * 3 + 10 * 0.3 + 50 * 3.75 + 15;
    expect(costOf(run)).toBeCloseTo((first + second) / 1e6 + 0.02, 12);
    expect(usageOf(run)).toEqual({
      inputTokens: 200,
      cacheReadTokens: 20,
      cacheWriteTokens: 100,
      cacheWriteHourTokens: 40,
      outputTokens: 2,
    });
    // What is shown while it goes on is the same figure.
    const shown = events.flatMap((event) => (event.type === 'usage' ? [event.costUsd] : []));
    expect(shown.at(0)).toBeCloseTo(first / 1e6, 12);
    expect(shown.at(-1)).toBe(costOf(run));
  });

  it('takes the price of a long prompt for a message that had one', () => {
    const long = {
      message: { id: '1', model: 'claude-haiku-5-5', content: [], usage: { input_tokens: 200_000 } },
    };
    const short = {
      message: { id: '2', model: 'claude-haiku-5-5', content: [], usage: { input_tokens: 1_000 } },
    };
    const { run } = recorded([long, short].map((line) => ({ type: 'assistant', session_id: 's', ...line })));
    expect(costOf(run)).toBeCloseTo(0.1 + 0.0001, 12);
  });

  it('adds the messages up when the result of an interrupted run says nothing of them', () => {
    const nothing = { input_tokens: 0, output_tokens: 0 };
    const interrupted = { ...result, subtype: 'error_during_execution', total_cost_usd: 0, usage: nothing };
    const { run } = recorded([
      init,
      answer('1', [text], tokens),
      { ...interrupted, model_usage_since_last_result: {} },
    ]);
    expect(usageOf(run)).toMatchObject({ inputTokens: 100, cacheWriteTokens: 50 });
    expect(costOf(run)).toBeGreaterThan(0);
  });

  it('counts a run that the budget ended like any other', () => {
    const { run } = recorded([
      init,
      answer('1', [text], tokens),
      {
        ...result,
        subtype: 'error_max_budget_usd',
        is_error: true,
        model_usage_since_last_result: modelUsage,
      },
    ]);
    expect(costOf(run)).toBeCloseTo(0.0001986 + 0.00021, 12);
  });

  it('costs nothing when the model never answered, and is unknown when nothing is known', () => {
    expect(costOf(recorded([init]).run)).toBe(0);
    expect(costOf(recorded([]).run)).toBeNull();
  });

  it.each([-5, 1.5, '7', null])('counts %j tokens as none', (count) => {
    const { run } = recorded([answer('1', [text], { ...tokens, input_tokens: count })]);
    expect(usageOf(run)).toMatchObject({ inputTokens: 0, cacheWriteTokens: 50 });
  });

  it('measures the context by the main conversation, not by a sub-agent', () => {
    const { run } = recorded([
      answer('1', [text], tokens),
      answer('2', [{ type: 'text', text: 'sub' }], { input_tokens: 9 }, { parent_tool_use_id: 't' }),
    ]);
    expect(run).toMatchObject({ contextTokens: 161, lastText: 'Reading.' });
  });

  it("keeps the CLI's own words about a failed request apart from the model's", () => {
    const { run, events } = recorded([
      answer('1', [{ type: 'text', text: 'Not logged in' }], {}, { error: 'authentication_failed' }),
    ]);
    expect(events).toEqual([]);
    expect(run).toMatchObject({ apiError: 'authentication_failed', answers: 0, lastText: '' });
  });

  it('counts refusals of the key in a row', () => {
    const retry = (error_status: number) => ({
      type: 'system',
      subtype: 'api_retry',
      attempt: 1,
      error_status,
    });
    expect(recorded([retry(401), retry(401)]).run.refusedKeys).toBe(2);
    expect(recorded([retry(401), retry(529), retry(401)]).run.refusedKeys).toBe(1);
    expect(recorded([retry(401), answer('1', [text], tokens)]).run.refusedKeys).toBe(0);
  });
});
