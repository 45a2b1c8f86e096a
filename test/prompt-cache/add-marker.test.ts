import { describe, expect, it } from 'vitest';
import { createPromptCache } from '../../demo/model/prompt-cache.ts';
import { withEarlierMarker } from '../../src/prompt-cache/add-marker.ts';

const marker = { type: 'ephemeral' } as const;
const filler = 'word '.repeat(2_000);
const system = [
  { type: 'text', text: 'header', cache_control: marker },
  { type: 'text', text: filler, cache_control: marker },
];

const calls = (count: number) => ({
  role: 'assistant',
  content: [
    { type: 'text', text: 'I look.' },
    ...Array.from({ length: count }, (_, at) => ({
      type: 'tool_use',
      id: `call-${at}`,
      name: 'Read',
      input: { file_path: `f${at}` },
    })),
  ],
});

const results = (count: number) => ({
  role: 'user',
  content: Array.from({ length: count }, (_, at) => ({
    type: 'tool_result',
    tool_use_id: `call-${at}`,
    content: `${at} ${filler}`,
  })),
});

const said = (text: string) => ({ role: 'user', content: [{ type: 'text', text }] });

type Message = { role: string; content: object[] };

/** A request as the CLI makes it: the end of the message at `at` is marked. */
function request(messages: Message[], { at = -1, control = marker as object } = {}) {
  const copy = structuredClone(messages);
  const last = copy.at(at)?.content.at(-1);
  if (last) Object.assign(last, { cache_control: control });
  return { model: 'claude-sonnet-4-5', system, messages: copy };
}

const marked = (body: object) => {
  const text = withEarlierMarker(JSON.stringify(body));
  return text === undefined ? undefined : JSON.parse(text);
};

/** What the second of two requests reads and writes where a row of calls is as many positions as blocks, as on Bedrock. */
function usageOfSecond(first: object, second: object) {
  const cache = createPromptCache({ rowsAreOne: false });
  const account = (body: object) => {
    const counted = cache.account(body as never);
    if ('problem' in counted) throw new Error(counted.problem);
    counted.begin();
    return counted.usage;
  };
  const before = account(first);
  const all = before.cache_creation_input_tokens + before.cache_read_input_tokens;
  return { all, ...account(second) };
}

describe('withEarlierMarker', () => {
  it.each([10, 12, 40])('lets a turn of %i calls read what the request before it wrote', (count) => {
    const first = request([said(`Do it. ${filler}`)]);
    const second = request([said(`Do it. ${filler}`), calls(count), results(count)]);
    const plain = usageOfSecond(first, second);
    expect(plain.cache_read_input_tokens).toBeLessThan(plain.all);
    const mended = usageOfSecond(first, marked(second));
    expect(mended.cache_read_input_tokens).toBe(mended.all);
  });

  it.each([1, 9])('leaves a turn of %i calls as it is', (count) => {
    expect(marked(request([said('Do it.'), calls(count), results(count)]))).toBeUndefined();
  });

  it('lets a compaction read what the last tools said', () => {
    const before = [said('Do it.'), calls(3), results(3)];
    const [, , end] = structuredClone(before);
    const asked = { role: 'user', content: [...(end?.content ?? []), { type: 'text', text: 'Sum it up.' }] };
    const second = request([...before.slice(0, 2), asked], { at: 1 });
    const plain = usageOfSecond(request(before), second);
    expect(plain.input_tokens).toBeGreaterThan(7_000);
    const mended = usageOfSecond(request(before), marked(second));
    expect(mended.cache_read_input_tokens).toBe(mended.all);
    expect(mended.input_tokens).toBeLessThan(20);
  });

  it('gives the new marker the life of the one that is there', () => {
    const control = { type: 'ephemeral', ttl: '1h' };
    const second = request([said('Do it.'), calls(12), results(12)], { control });
    expect(marked(second).messages[0].content[0].cache_control).toEqual(control);
  });

  it('changes nothing else of the request', () => {
    const second = {
      ...request([said('Größe: "1"'), calls(12), results(12)]),
      __more: { b: 1, a: [1.5, null] },
    };
    const changed = marked(second);
    delete changed.messages[0].content[0].cache_control;
    expect(JSON.stringify(changed)).toBe(JSON.stringify(second));
  });

  it.each<[string, string]>([
    ['what is no JSON', '{"cache_control":'],
    ['another request', '{"cache_control":1,"messages":"x"}'],
    ['one without markers', JSON.stringify({ messages: [said('a'), calls(12), results(12)] })],
    [
      'one with four markers',
      JSON.stringify({
        ...request([said('a'), calls(12), results(12)]),
        tools: [{ name: 'a', cache_control: marker }],
      }),
    ],
    [
      'one with three markers and one that the provider sets itself',
      JSON.stringify({ ...request([said('a'), calls(12), results(12)]), cache_control: marker }),
    ],
    ['one that begins', JSON.stringify(request([said('a')]))],
    [
      'a message as a string',
      JSON.stringify({ ...request([said('a')]), messages: [{ role: 'user', content: 'a' }] }),
    ],
  ])('leaves %s alone', (_name, body) => {
    expect(withEarlierMarker(body)).toBeUndefined();
  });
});
