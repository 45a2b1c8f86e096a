import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fault, type Model, startModel } from '../../demo/model/server.ts';

const headers = { 'x-api-key': 'key', 'content-type': 'application/json' };
const hello = { model: 'claude-sonnet-4-5', max_tokens: 100, messages: [{ role: 'user', content: 'hello' }] };

let model: Model;
const faults: Fault[] = [];

beforeEach(async () => {
  faults.length = 0;
  const read = { match: /read/, needs: ['a "quoted" name.ts'], edits: [], run: [], answer: 'done' };
  model = await startModel({ tasks: [read], faults, apiKey: 'key' });
});

afterEach(() => model.close());

function post(body: unknown, path = '/v1/messages', more: Record<string, string> = {}): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(model.url + path, { method: 'POST', headers: { ...headers, ...more }, body: text });
}

describe('the Messages API of the simulated model', () => {
  it('answers without streaming', async () => {
    const response = await post(hello);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5',
      content: [{ type: 'text', text: expect.stringContaining('simulated') }],
      stop_reason: 'end_turn',
      usage: { cache_read_input_tokens: 0, output_tokens: expect.any(Number) },
    });
    expect(model.requests).toMatchObject([{ kind: 'help', status: 200, model: 'claude-sonnet-4-5' }]);
  });

  it('streams a tool call as pieces of JSON', async () => {
    const tools = [{ name: 'Read', input_schema: {} }];
    const messages = [{ role: 'user', content: 'read it' }];
    const text = await (await post({ ...hello, tools, messages, stream: true })).text();
    const events = text
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice(6)));
    const names = events.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]);
    expect(names).toEqual([
      'message_start',
      'ping',
      ...['content_block_start', 'content_block_delta', 'content_block_stop'],
      ...['content_block_start', 'content_block_delta', 'content_block_stop'],
      'message_delta',
      'message_stop',
    ]);
    const pieces = events.filter(({ delta }) => delta?.type === 'input_json_delta');
    expect(JSON.parse(pieces.map(({ delta }) => delta.partial_json).join(''))).toEqual({
      file_path: 'a "quoted" name.ts',
    });
  });

  it.each([
    { name: 'a probe', path: '/', init: { method: 'HEAD' }, status: 200 },
    { name: 'the list of models', path: '/v1/models', init: { headers }, status: 200 },
    { name: 'an unknown path', path: '/v1/files', init: { headers }, status: 404 },
    { name: 'a missing key', path: '/v1/models', init: {}, status: 401 },
    { name: 'a wrong key', path: '/v1/models', init: { headers: { 'x-api-key': 'other' } }, status: 401 },
    {
      name: 'the key as a bearer token',
      path: '/v1/models',
      init: { headers: { authorization: 'Bearer key' } },
      status: 200,
    },
  ])('answers $name with $status', async ({ path, init, status }) => {
    const response = await fetch(model.url + path, init);
    expect(response.status).toBe(status);
  });

  it.each([
    { name: 'text that is not JSON', body: '{', message: /not valid JSON/ },
    { name: 'no messages', body: { ...hello, messages: [] }, message: /messages/ },
    { name: 'no model', body: { messages: hello.messages }, message: /model/ },
    {
      name: 'a tool call without its result',
      body: {
        ...hello,
        messages: [
          ...hello.messages,
          { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'Read', input: {} }] },
          { role: 'user', content: 'go on' },
        ],
      },
      message: /`tool_use` ids were found without `tool_result` blocks.*toolu_1/,
    },
    {
      name: 'five cache markers',
      body: {
        ...hello,
        system: Array.from({ length: 5 }, () => ({
          type: 'text',
          text: 'x',
          cache_control: { type: 'ephemeral' },
        })),
      },
      message: /maximum of 4 blocks/,
    },
  ])('refuses $name in the provider’s words', async ({ body, message }) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      type: 'error',
      error: { type: 'invalid_request_error', message: expect.stringMatching(message) },
    });
  });

  it('counts tokens as it bills them', async () => {
    const { input_tokens } = (await (await post(hello, '/v1/messages/count_tokens')).json()) as {
      input_tokens: number;
    };
    await post(hello);
    expect(model.requests.map(({ usage }) => usage.input_tokens)).toEqual([input_tokens]);
  });

  it('writes the prompt cache and answers nothing when no output is wanted', async () => {
    const system = [{ type: 'text', text: 'rules '.repeat(1000), cache_control: { type: 'ephemeral' } }];
    const warmed = await post({ ...hello, system, max_tokens: 0 });
    expect(await warmed.json()).toMatchObject({
      content: [],
      stop_reason: 'max_tokens',
      usage: { output_tokens: 0, cache_creation_input_tokens: expect.any(Number) },
    });
    const refused = await post({ ...hello, system, max_tokens: 0, stream: true });
    expect(refused.status).toBe(400);
    await post({ ...hello, system });
    expect(model.requests.map(({ kind, usage }) => [kind, usage.cache_read_input_tokens > 0])).toEqual([
      ['warm-up', false],
      ['refused', false],
      ['help', true],
    ]);
  });

  it('takes the faults in their order and then works', async () => {
    faults.push({ kind: 'status', status: 529 }, { kind: 'status', status: 429, retryAfterSeconds: 7 });
    const answers = [await post(hello), await post(hello), await post(hello)];
    expect(answers.map(({ status }) => status)).toEqual([529, 429, 200]);
    expect(answers[1]?.headers.get('retry-after')).toBe('7');
    expect(await answers[0]?.json()).toMatchObject({ error: { type: 'overloaded_error' } });
  });

  it('breaks a cut stream off without an end', async () => {
    faults.push({ kind: 'cut', afterEvents: 3 });
    const response = await post({ ...hello, stream: true });
    await expect(response.text()).rejects.toThrow();
  });

  it('lets go of requests that it never answers when it closes', async () => {
    faults.push({ kind: 'silent' });
    const pending = post(hello).catch((error: unknown) => error);
    await expect.poll(() => model.requests.length).toBe(1);
    await model.close();
    expect(await pending).toBeInstanceOf(Error);
  });

  it.each([
    { name: 'a quota probe', request: { ...hello, max_tokens: 1 }, answer: /^ok$/ },
    {
      name: 'a title',
      request: { ...hello, system: 'Write a title for this conversation' },
      answer: /"title"/,
    },
  ])('answers $name shortly', async ({ request, answer }) => {
    const body = (await (await post(request)).json()) as { content: { text: string }[] };
    expect(body.content[0]?.text).toMatch(answer);
    expect(model.requests[0]?.kind).toBe('side');
  });
});
