import { describe, expect, it } from 'vitest';
import type { Block, MessagesRequest } from '../../demo/model/messages.ts';
import {
  countTokens,
  createPromptCache,
  type InputUsage,
  minimumCacheableTokens,
} from '../../demo/model/prompt-cache.ts';

const sonnet = 'claude-sonnet-4-5-20250929';
const opus = 'claude-opus-4-5';
const minute = 60_000;

/** A text block of just over `tokens` tokens; `word` makes it differ from others. */
function text(word: string, tokens: number, ttl?: '5m' | '1h' | 'default'): Block {
  const marker = ttl && { cache_control: { type: 'ephemeral' as const, ...(ttl !== 'default' && { ttl }) } };
  return { type: 'text', text: word.padEnd(tokens * 4, '.'), ...marker };
}

function tool(name: string, tokens: number, ttl?: '5m' | 'default'): Block {
  const { text: description, cache_control } = text(name, tokens, ttl);
  return { name, description, input_schema: { type: 'object' }, ...(cache_control && { cache_control }) };
}

function ask(parts: Partial<MessagesRequest> & { user?: Block[] } = {}): MessagesRequest {
  const { user, ...rest } = parts;
  return {
    model: sonnet,
    max_tokens: 100,
    messages: [{ role: 'user', content: user ?? [text('question', 10)] }],
    ...rest,
  };
}

function meter() {
  let time = 0;
  const cache = createPromptCache({ now: () => time });
  const account = (request: MessagesRequest) => {
    const counted = cache.account(request);
    if ('problem' in counted) throw new Error(counted.problem);
    return counted;
  };
  return {
    cache,
    account,
    wait(ms: number) {
      time += ms;
    },
    send(request: MessagesRequest): InputUsage {
      const { usage, begin } = account(request);
      begin();
      return usage;
    },
  };
}

function sum(usage: InputUsage): number {
  return usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens;
}

describe('prefix', () => {
  const history = text('history', 1500, 'default');
  const base = (user: Block[] = [history, text('question', 10)]): MessagesRequest =>
    ask({ tools: [tool('read', 1500, 'default')], system: [text('rules', 1500, 'default')], user });
  const levels = {
    tools: countTokens({ ...base(), system: [], messages: [] }),
    system: countTokens({ ...base(), messages: [] }),
    messages: countTokens(base([history])),
  };

  it('is written by the first request and read by the second, with the rest uncached', () => {
    const { send } = meter();
    const first = send(base());
    const second = send(base());
    expect(first).toMatchObject({ cache_read_input_tokens: 0, cache_creation_input_tokens: levels.messages });
    expect(second).toMatchObject({
      cache_read_input_tokens: levels.messages,
      cache_creation_input_tokens: 0,
    });
    expect(first.input_tokens).toBe(countTokens(base()) - levels.messages);
    expect(sum(second)).toBe(countTokens(base()));
  });

  it.each<{ change: string; request: MessagesRequest; read: number }>([
    { change: 'a tool', request: { ...base(), tools: [tool('write', 1500, 'default')] }, read: 0 },
    { change: 'the model', request: { ...base(), model: 'claude-sonnet-4-5' }, read: 0 },
    { change: 'the effort', request: { ...base(), output_config: { effort: 'low' } }, read: 0 },
    {
      change: 'the system prompt',
      request: { ...base(), system: [text('other', 1500)] },
      read: levels.tools,
    },
    { change: 'thinking', request: { ...base(), thinking: { type: 'enabled' } }, read: levels.system },
    { change: 'tool_choice', request: { ...base(), tool_choice: { type: 'any' } }, read: levels.system },
    {
      change: 'an earlier message',
      request: base([text('rewritten', 1500, 'default')]),
      read: levels.system,
    },
    {
      change: 'only what comes after the last marker',
      request: base([text('history', 1500, 'default'), text('another question', 10)]),
      read: levels.messages,
    },
  ])('is read up to the change when $change changes', ({ request, read }) => {
    const { send } = meter();
    send(base());
    expect(send(request).cache_read_input_tokens).toBe(read);
  });

  it('is the same whatever markers it carries and however plain text is written', () => {
    const { send } = meter();
    const words = 'same words '.repeat(1000);
    send({ ...ask(), messages: [{ role: 'user', content: [{ ...text('', 0, '1h'), text: words }] }] });
    const again = {
      ...ask(),
      messages: [{ role: 'user', content: words }],
      cache_control: { type: 'ephemeral' as const },
    };
    expect(send(again).cache_read_input_tokens).toBeGreaterThan(2000);
  });

  it('counts the CLI billing header for nothing', () => {
    const { send } = meter();
    const header = (version: string): Block => ({
      type: 'text',
      text: `x-anthropic-billing-header: cc_version=${version};`,
    });
    send(ask({ system: [header('1'), text('rules', 1500, 'default')] }));
    expect(
      send(ask({ system: [header('2'), text('rules', 1500, 'default')] })).cache_read_input_tokens,
    ).toBeGreaterThan(1500);
  });
});

describe('markers', () => {
  it.each([
    { count: 4, answer: undefined },
    { count: 5, answer: 'A maximum of 4 blocks with cache_control may be provided. Found 5.' },
  ])('may be $count: $answer', ({ count, answer }) => {
    const user = Array.from({ length: count }, (_, index) => text(`part ${index}`, 10, 'default'));
    const counted = meter().cache.account(ask({ user }));
    expect('problem' in counted ? counted.problem : undefined).toBe(answer);
  });

  it('are refused on empty text and when a long life follows a short one', () => {
    const { cache } = meter();
    const empty = cache.account(ask({ user: [{ ...text('', 0, 'default'), text: '' }] }));
    const reversed = cache.account(ask({ user: [text('a', 10, '5m'), text('b', 10, '1h')] }));
    expect(empty).toEqual({ problem: 'cache_control cannot be set for empty text blocks' });
    expect(reversed).toEqual({
      problem: "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block",
    });
  });

  it('write one entry each, so an unmarked position in between is not found', () => {
    const { send } = meter();
    send(ask({ user: [text('one', 1500), text('two', 1500), text('three', 1500, 'default')] }));
    const shorter = send(ask({ user: [text('one', 1500), text('two', 1500, 'default')] }));
    expect(shorter.cache_read_input_tokens).toBe(0);
  });
});

describe('look-back', () => {
  const first = text('first', 1500);
  const grown = (blocks: number): Block[] => [
    first,
    ...Array.from({ length: blocks - 1 }, (_, index) => text(`turn ${index}`, 10)),
    text('last', 10, 'default'),
  ];

  it.each([
    { blocks: 1, found: true },
    { blocks: 19, found: true },
    { blocks: 20, found: false },
    { blocks: 40, found: false },
  ])('finds an entry $blocks blocks before the marker: $found', ({ blocks, found }) => {
    const { send } = meter();
    const { cache_creation_input_tokens: written } = send(
      ask({ user: [{ ...first, cache_control: { type: 'ephemeral' } }] }),
    );
    expect(send(ask({ user: grown(blocks) })).cache_read_input_tokens).toBe(found ? written : 0);
  });

  it('starts again at an earlier marker', () => {
    const { send } = meter();
    const marked: Block = { ...first, cache_control: { type: 'ephemeral' } };
    const { cache_creation_input_tokens: written } = send(ask({ user: [marked] }));
    expect(send(ask({ user: [marked, ...grown(40).slice(1)] })).cache_read_input_tokens).toBe(written);
  });

  it('keeps a growing conversation warm with one marker on its last block', () => {
    const { send } = meter();
    const turns: Block[] = [text('ticket', 1500)];
    let before = 0;
    for (let turn = 0; turn < 10; turn += 1) {
      turns.push(text(`call ${turn}`, 20), text(`result ${turn}`, 200));
      const usage = send(ask({ user: [...turns.slice(0, -1), text(`result ${turn}`, 200, 'default')] }));
      expect(usage.cache_read_input_tokens).toBe(before);
      before = sum(usage);
    }
  });
});

describe('minimum length', () => {
  it.each([
    { model: sonnet, tokens: 1024 },
    { model: 'claude-sonnet-4-20250514', tokens: 1024 },
    { model: 'claude-sonnet-4-6', tokens: 2048 },
    { model: 'claude-3-5-haiku-20241022', tokens: 2048 },
    { model: opus, tokens: 4096 },
    { model: 'us.anthropic.claude-haiku-4-5-20251001-v1:0', tokens: 4096 },
  ])('of $model is $tokens tokens', ({ model, tokens }) => {
    expect(minimumCacheableTokens(model)).toBe(tokens);
  });

  it.each([
    { model: sonnet, tokens: 900, cached: false },
    { model: sonnet, tokens: 1100, cached: true },
    { model: opus, tokens: 3900, cached: false },
    { model: opus, tokens: 4200, cached: true },
  ])('decides that $tokens tokens of $model are cached: $cached', ({ model, tokens, cached }) => {
    const { send } = meter();
    const request = ask({ model, user: [text('prompt', tokens, 'default')] });
    const first = send(request);
    const second = send(request);
    expect(first.cache_creation_input_tokens > 0).toBe(cached);
    expect(second.cache_read_input_tokens > 0).toBe(cached);
    expect(second.input_tokens === 0).toBe(cached);
  });

  it('counts the whole prefix, so a short marked block after a long one is cached', () => {
    const usage = meter().send(ask({ system: [text('rules', 1500)], user: [text('hi', 5, 'default')] }));
    expect(usage.input_tokens).toBe(0);
  });
});

describe('lifetime', () => {
  it.each<{ ttl: '5m' | '1h' | 'default'; waits: number[]; warm: boolean }>([
    { ttl: 'default', waits: [4.9], warm: true },
    { ttl: '5m', waits: [5], warm: false },
    { ttl: '5m', waits: [4, 4, 4], warm: true },
    { ttl: '5m', waits: [4, 4, 5.1], warm: false },
    { ttl: '1h', waits: [59], warm: true },
    { ttl: '1h', waits: [60], warm: false },
    { ttl: '1h', waits: [59, 59], warm: true },
  ])('of $ttl entries after reads at $waits minutes: warm is $warm', ({ ttl, waits, warm }) => {
    const { send, wait } = meter();
    const request = ask({ user: [text('prompt', 1500, ttl)] });
    let usage = send(request);
    for (const minutes of waits) {
      wait(minutes * minute);
      usage = send(request);
    }
    expect(usage.cache_read_input_tokens > 0).toBe(warm);
  });

  it('splits what is written between the two lifetimes', () => {
    const rules = text('rules', 1500, '1h');
    const usage = meter().send(ask({ system: [rules], user: [text('history', 2000, '5m'), text('q', 10)] }));
    const hour = countTokens({ ...ask(), system: [rules], messages: [] });
    expect(usage.cache_creation.ephemeral_1h_input_tokens).toBe(hour);
    expect(usage.cache_creation.ephemeral_5m_input_tokens).toBe(usage.cache_creation_input_tokens - hour);
  });

  it('lets the 5-minute part run out while the 1-hour part stays', () => {
    const { send, wait } = meter();
    const request = ask({ system: [text('rules', 1500, '1h')], user: [text('history', 2000, '5m')] });
    const first = send(request);
    wait(30 * minute);
    const second = send(request);
    expect(second.cache_read_input_tokens).toBe(first.cache_creation.ephemeral_1h_input_tokens);
    expect(second.cache_creation_input_tokens).toBe(first.cache_creation.ephemeral_5m_input_tokens);
  });
});

it('makes an entry readable only when the response that writes it has started', () => {
  const { account } = meter();
  const request = ask({ user: [text('prompt', 1500, 'default')] });
  const first = account(request);
  const concurrent = account(request);
  first.begin();
  const later = account(request);
  expect(concurrent.usage.cache_creation_input_tokens).toBe(first.usage.cache_creation_input_tokens);
  expect(later.usage.cache_read_input_tokens).toBe(first.usage.cache_creation_input_tokens);
});
