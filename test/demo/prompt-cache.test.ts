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

function meter({ rowsAreOne = true } = {}) {
  let time = 1_000_000_000;
  const cache = createPromptCache({ now: () => time, rowsAreOne });
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
    { change: 'the speed', request: { ...base(), speed: 'fast' }, read: levels.tools },
    {
      change: 'whether it may search the web',
      request: {
        ...base(),
        tools: [...(base().tools ?? []), { type: 'web_search_20250305', name: 'web_search' }],
      },
      read: levels.tools,
    },
    {
      change: 'whether documents are cited',
      request: base([history, { type: 'document', source: {}, citations: { enabled: true } }]),
      read: levels.tools,
    },
    {
      change: 'whether there is an image',
      request: base([history, { type: 'image', source: {} }, text('question', 10)]),
      read: levels.system,
    },
    {
      change: 'whether there is an image in what a tool answered',
      request: base([
        history,
        { type: 'tool_result', tool_use_id: 't', content: [{ type: 'image', source: {} }] },
      ]),
      read: levels.system,
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
    { model: 'claude-fable-5-1', tokens: 512 },
    { model: 'claude-opus-5', tokens: 512 },
    { model: sonnet, tokens: 1024 },
    { model: 'claude-sonnet-4-20250514', tokens: 1024 },
    { model: 'claude-sonnet-4-6', tokens: 1024 },
    { model: 'claude-sonnet-5', tokens: 1024 },
    { model: 'claude-opus-4-8', tokens: 1024 },
    { model: 'claude-opus-4-7', tokens: 2048 },
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

describe('the provider\u2019s worked examples', () => {
  /** Blocks 1 to `count` of one conversation; those at `marked` carry a marker. */
  const blocks = (count: number, ...marked: number[]): Block[] =>
    Array.from({ length: count }, (_, index) =>
      text(`block ${index + 1}`, 200, marked.includes(index + 1) ? 'default' : undefined),
    );
  const upTo = (count: number): number => countTokens(ask({ user: blocks(count) }));

  it('find a growing conversation from 15 blocks, and lose it at 35', () => {
    const { send } = meter();
    const turns = [blocks(10, 10), blocks(15, 15), blocks(35, 35)].map((user) => send(ask({ user })));
    expect(turns.map((usage) => [usage.cache_read_input_tokens, usage.cache_creation_input_tokens])).toEqual([
      [0, upTo(10)],
      [upTo(10), upTo(15) - upTo(10)],
      [0, upTo(35)],
    ]);
  });

  it('find it at 35 blocks with a second marker at block 15', () => {
    const { send } = meter();
    send(ask({ user: blocks(10, 10) }));
    send(ask({ user: blocks(15, 15) }));
    expect(send(ask({ user: blocks(35, 15, 35) })).cache_read_input_tokens).toBe(upTo(15));
  });

  it('never read what lies behind a marker on a block that changes every time', () => {
    const { send } = meter();
    const timed = (time: string): Block[] => [...blocks(5), text(time, 10, 'default')];
    const usages = ['9:00', '9:01', '9:02'].map((time) => send(ask({ user: timed(time) })));
    expect(usages.map((usage) => usage.cache_read_input_tokens)).toEqual([0, 0, 0]);

    const { send: sendMarked } = meter();
    const marked = (time: string): Block[] => [...blocks(5, 5), text(time, 10)];
    sendMarked(ask({ user: marked('9:00') }));
    expect(sendMarked(ask({ user: marked('9:01') })).cache_read_input_tokens).toBe(upTo(5));
  });

  it('bill 100,000 cached tokens and a message of 50 as 100,000 read and 50 uncached', () => {
    const { send } = meter();
    const request = ask({ user: [text('a book', 99_990, 'default'), text('question', 38)] });
    const { cache_creation_input_tokens: written, input_tokens: rest } = send(request);
    const usage = send(request);
    expect(written).toBeGreaterThan(99_990);
    expect(usage).toMatchObject({
      cache_read_input_tokens: written,
      cache_creation_input_tokens: 0,
      input_tokens: rest,
    });
    expect(sum(usage)).toBe(countTokens(request));
  });

  it('move an automatic marker on with the conversation', () => {
    const { send } = meter();
    const automatic = { cache_control: { type: 'ephemeral' as const } };
    const system = [text('rules', 1500)];
    const turn = (count: number) => send({ ...ask({ system, user: blocks(count) }), ...automatic });
    const at = (count: number): number => countTokens(ask({ system, user: blocks(count) }));
    expect([turn(3), turn(5), turn(7)].map((usage) => usage.cache_read_input_tokens)).toEqual([
      0,
      at(3),
      at(5),
    ]);
  });

  it.each<{ name: string; user: Block[]; problem: RegExp | undefined }>([
    { name: 'a last block with the same lifetime', user: [text('a', 10, '1h')], problem: undefined },
    { name: 'a last block with another lifetime', user: [text('a', 10, '5m')], problem: /ttl='5m'/ },
    { name: 'three markers', user: [...blocks(3, 1, 2, 3).map(hour), text('end', 10)], problem: undefined },
    {
      name: 'four markers',
      user: [...blocks(4, 1, 2, 3, 4).map(hour), text('end', 10)],
      problem: /maximum of 4/,
    },
    { name: 'an empty last block', user: [text('a', 10), { type: 'text', text: '' }], problem: undefined },
  ])('answer an automatic marker for an hour after $name', ({ user, problem }) => {
    const counted = meter().cache.account({
      ...ask({ user }),
      cache_control: { type: 'ephemeral', ttl: '1h' },
    });
    if (problem === undefined) expect(counted).not.toHaveProperty('problem');
    else expect(counted).toMatchObject({ problem: expect.stringMatching(problem) });
  });

  function hour(block: Block): Block {
    return { ...block, cache_control: { type: 'ephemeral', ttl: '1h' } };
  }

  describe('of two lifetimes in one request', () => {
    const request = ask({
      system: [text('rules', 1500, '1h')],
      user: [text('documents', 1500, '1h'), text('history', 1500, '5m'), text('question', 10)],
    });
    const rules = countTokens({ ...request, messages: [] });
    const documents = countTokens({
      ...request,
      messages: [{ role: 'user', content: [text('documents', 1500)] }],
    });
    const history = countTokens({
      ...request,
      messages: [{ role: 'user', content: [text('documents', 1500), text('history', 1500)] }],
    });

    it.each<{ name: string; before: MessagesRequest[]; a: number; b: number; c: number }>([
      { name: 'nothing is cached', before: [], a: 0, b: documents, c: history },
      {
        name: 'the first hour is cached',
        before: [{ ...request, messages: [{ role: 'user', content: 'else' }] }],
        a: rules,
        b: documents,
        c: history,
      },
      {
        name: 'all of the hours is cached',
        before: [{ ...request, messages: [{ role: 'user', content: [text('documents', 1500, '1h')] }] }],
        a: documents,
        b: documents,
        c: history,
      },
      { name: 'all is cached', before: [request], a: history, b: history, c: history },
    ])('read to A, write to B for an hour and to C for five minutes when $name', ({ before, a, b, c }) => {
      const { send } = meter();
      for (const earlier of before) send(earlier);
      const usage = send(request);
      expect(usage).toEqual({
        cache_read_input_tokens: a,
        cache_creation_input_tokens: c - a,
        cache_creation: { ephemeral_1h_input_tokens: b - a, ephemeral_5m_input_tokens: c - b },
        input_tokens: countTokens(request) - c,
      });
    });
  });

  it('keep thinking beside a tool call in the prefix of the next request', () => {
    const { send } = meter();
    const question = text('the weather in Paris, please', 1500);
    const called: Block[] = [
      { type: 'thinking', thinking: 'I have to look.', signature: 's' },
      { type: 'tool_use', id: 't1', name: 'weather', input: { city: 'Paris' } },
    ];
    const result: Block = { type: 'tool_result', tool_use_id: 't1', content: 'rain' };
    const marked: Block = { ...result, cache_control: { type: 'ephemeral' } };
    const so = (end: Block[], ...more: MessagesRequest['messages']): MessagesRequest => ({
      ...ask(),
      messages: [
        { role: 'user', content: [question] },
        { role: 'assistant', content: called },
        { role: 'user', content: end },
        ...more,
      ],
    });
    const second = send(so([marked]));
    const third = send(
      so(
        [result],
        { role: 'assistant', content: 'It rains.' },
        { role: 'user', content: [text('and in Rome?', 9, 'default')] },
      ),
    );
    expect(second.input_tokens).toBe(0);
    expect(third.cache_read_input_tokens).toBe(second.cache_creation_input_tokens);
    const { cache } = meter();
    expect(
      cache.account(
        ask({ user: [{ type: 'thinking', thinking: 'x', cache_control: { type: 'ephemeral' } }] }),
      ),
    ).toEqual({ problem: 'cache_control cannot be set for thinking blocks' });
  });

  it.each([
    { kind: 'tool_use', calls: 30, found: true },
    { kind: 'tool_result', calls: 30, found: true },
    { kind: 'text', calls: 30, found: false },
    { kind: 'tool_use', calls: 30, rowsAreOne: false, found: false },
  ])(
    'count a row of $calls blocks of $kind as one position: found is $found',
    ({ kind, calls, found, rowsAreOne = true }) => {
      const { send } = meter({ rowsAreOne });
      const first = send(ask({ user: [text('ticket', 1500, 'default')] }));
      const row = Array.from(
        { length: calls },
        (_, index): Block => ({ type: kind, id: `t${index}`, text: 'x' }),
      );
      const usage = send(ask({ user: [text('ticket', 1500), ...row, text('end', 10, 'default')] }));
      expect(usage.cache_read_input_tokens).toBe(found ? first.cache_creation_input_tokens : 0);
    },
  );

  it('count calls and results that take turns one by one', () => {
    const { send } = meter();
    const first = send(ask({ user: [text('ticket', 1500, 'default')] }));
    const turns = (count: number): Block[] =>
      Array.from(
        { length: count },
        (_, index): Block => ({
          type: index % 2 === 0 ? 'tool_use' : 'tool_result',
          id: `t${index}`,
        }),
      );
    const usage = (count: number) =>
      send(ask({ user: [text('ticket', 1500), ...turns(count), text('end', 10, 'default')] }));
    expect(usage(19).cache_read_input_tokens).toBe(0);
    expect(usage(18).cache_read_input_tokens).toBe(first.cache_creation_input_tokens);
  });
});

describe('the clock', () => {
  const request = ask({ user: [text('prompt', 1500, 'default')] });

  it('counts a lifetime from the start of the request, not from the end of its answer', () => {
    const { account, wait, send } = meter();
    const slow = account(request);
    wait(4 * minute);
    slow.begin();
    wait(0.9 * minute);
    const { begin: _, usage } = account(request);
    expect(usage.cache_read_input_tokens).toBeGreaterThan(0);
    wait(0.2 * minute);
    expect(send(request).cache_read_input_tokens).toBe(0);
  });

  it('does not end what another request has renewed meanwhile', () => {
    const { account, wait, send } = meter();
    send(request);
    const slow = account(request);
    wait(4 * minute);
    send(request);
    slow.begin();
    wait(4 * minute);
    expect(send(request).cache_read_input_tokens).toBeGreaterThan(0);
  });

  it.each([
    { back: 60 * 24, after: 4.9, warm: true },
    { back: 60 * 24, after: 5, warm: false },
    { back: Number.NaN, after: 5, warm: false },
  ])('may be set back by $back minutes: $after minutes later it is warm: $warm', ({ back, after, warm }) => {
    const times = [1e9, 1e9 - back * minute, 1e9 - (Number.isNaN(back) ? 0 : back) * minute + after * minute];
    let at = 0;
    const cache = createPromptCache({ now: () => times[at] ?? 0 });
    const send = () => {
      const counted = cache.account(request);
      if ('problem' in counted) throw new Error(counted.problem);
      counted.begin();
      return counted.usage.cache_read_input_tokens > 0;
    };
    send();
    at = 1;
    const whenSetBack = cache.account(request);
    expect('usage' in whenSetBack && whenSetBack.usage.cache_read_input_tokens).toBeGreaterThan(0);
    at = 2;
    expect(send()).toBe(warm);
  });
});
