import { describe, expect, it } from 'vitest';
import { costOf, newRecord, record, usageOf } from '../../../src/engines/claude-code/run-record.ts';
import { parseLine } from '../../../src/engines/claude-code/stream.ts';

function recorded(lines: unknown[]) {
  const run = newRecord();
  const events = lines.flatMap((line) => {
    const parsed = parseLine(typeof line === 'string' ? line : JSON.stringify(line));
    return parsed ? record(run, parsed) : [];
  });
  return { run, events };
}

const init = {
  type: 'system',
  subtype: 'init',
  session_id: 's',
  model: 'm-1',
  claude_code_version: '2.1.330',
  tools: [],
};

function answer(id: string, content: unknown[], usage: Record<string, number>, more = {}) {
  return {
    type: 'assistant',
    session_id: 's',
    message: { id, model: 'm-1', role: 'assistant', content, usage },
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
  it('turns lines into events', () => {
    const { events, run } = recorded([
      init,
      answer('1', [text], tokens),
      answer('1', [tool], tokens),
      result,
    ]);
    expect(events.filter(({ type }) => type !== 'usage')).toEqual([
      { type: 'started', sessionId: 's', model: 'm-1', version: '2.1.330', failedServers: [] },
      { type: 'text', text: 'Reading.' },
      { type: 'tool', name: 'Read', input: { file_path: '/w/a.ts' } },
    ]);
    expect(events.flatMap((event) => (event.type === 'usage' ? [event.answers] : []))).toEqual([1, 1]);
    expect(run).toMatchObject({ model: 'm-1', version: '2.1.330', lastText: 'Reading.', answers: 1 });
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
    expect(usageOf(run)).toEqual({
      inputTokens: 100,
      cacheReadTokens: 10,
      cacheWriteTokens: 50,
      outputTokens: 20,
    });
    expect(costOf(run)).toBe(5);
  });

  it('prefers what the result says of this run alone, over all models', () => {
    const model_usage_since_last_result = {
      a: {
        inputTokens: 1,
        cacheReadInputTokens: 2,
        cacheCreationInputTokens: 3,
        outputTokens: 4,
        costUSD: 0.5,
      },
      b: { inputTokens: 10, outputTokens: 40, costUSD: 0.25 },
    };
    const { run } = recorded([{ ...result, model_usage_since_last_result }]);
    expect(usageOf(run)).toEqual({
      inputTokens: 11,
      cacheReadTokens: 2,
      cacheWriteTokens: 3,
      outputTokens: 44,
    });
    expect(costOf(run)).toBe(0.75);
  });

  it('knows no cost without a result', () => {
    expect(costOf(recorded([answer('1', [text], tokens)]).run)).toBeNull();
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
