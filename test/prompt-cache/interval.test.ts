import { describe, expect, it } from 'vitest';
import { cacheMarker } from '../../src/prompt-cache/cache-marker.ts';
import * as interval from '../../src/prompt-cache/interval.ts';
import {
  addCacheControlToContent,
  addCacheControlToLastTool,
  findIntervalMessageIndex,
  transformMessagesForClaudeCache,
} from '../../src/prompt-cache/interval.ts';
import type { Content, Message } from '../../src/prompt-cache/message.ts';

// The order, the headings and the quotations are those of the note ("Research: Improved Message Cache Strategy").

const model = 'claude-sonnet-4-5';
const ephemeral = { type: 'ephemeral' };

/** U1, A1, U2, A2 …, as the note draws them. */
function talk(length: number): Message[] {
  return Array.from({ length }, (_, index) => {
    const number = Math.floor(index / 2) + 1;
    return index % 2 === 0
      ? { role: 'user', content: `U${number}` }
      : { role: 'assistant', content: `A${number}` };
  });
}

/** The texts that have a marker. */
function marked(messages: readonly Message[]): unknown[] {
  return messages.flatMap(({ content }) =>
    Array.isArray(content)
      ? content.flatMap((part) => (part.cache_control ? [part.text ?? part.type] : []))
      : [],
  );
}

const transform = (messages: readonly Message[]) => transformMessagesForClaudeCache(messages, model);

/** Frozen in its depths: whoever writes to it throws. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inside of Object.values(value)) frozen(inside);
    Object.freeze(value);
  }
  return value;
}

describe('Current "Last N Messages" Strategy - TO BE REMOVED', () => {
  it('"Remove all recent window approach code entirely": the last user messages have no marker', () => {
    expect(marked(transform(talk(10)))).toEqual([]);
    expect(marked(transform(talk(25)))).toEqual(['A10']);
  });
});

describe('Hardcoded Strategy (No Configuration)', () => {
  it('"only one strategy remains": there is no setting, and no function that the note removes', () => {
    expect(Object.keys(interval)).not.toContain('findRecentUserMessageIndices');
    expect(Object.keys(interval)).not.toContain('addCacheControlToRecentUserMessages');
    expect(Object.keys(interval).filter((name) => /config/i.test(name))).toEqual([]);
  });
});

describe('Cache Control Application Method', () => {
  it('"Maintain existing cache_control: { type: "ephemeral" } marker system"', () => {
    expect(addCacheControlToContent('rules')).toEqual([
      { type: 'text', text: 'rules', cache_control: { type: 'ephemeral' } },
    ]);
  });

  it('puts it on the last text of structured content, and leaves the other parts as they are', () => {
    const parts = frozen([
      { type: 'text', text: 'look' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { type: 'text', text: 'here' },
      { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
    ]);
    const after = addCacheControlToContent(parts);
    expect(after).toEqual([parts[0], parts[1], { ...parts[2], cache_control: ephemeral }, parts[3]]);
    expect(after[1]).toBe(parts[1]);
  });

  it('says an hour where one is asked for', () => {
    expect(addCacheControlToContent('rules', cacheMarker('1h'))).toEqual([
      { type: 'text', text: 'rules', cache_control: { type: 'ephemeral', ttl: '1h' } },
    ]);
    expect(addCacheControlToContent('rules', cacheMarker('5m'))).toEqual(addCacheControlToContent('rules'));
  });
});

describe('Interval Calculation Logic', () => {
  it('"(messageIndex + 1) % interval === 0": finds the latest of the positions 20, 40, 60 …', () => {
    for (let length = 0; length <= 130; length += 1) {
      const positions = Array.from({ length }, (_, index) => index).filter((index) => (index + 1) % 20 === 0);
      expect(findIntervalMessageIndex(talk(length)), `${length} messages`).toBe(positions.at(-1) ?? -1);
    }
  });

  it('"Count all messages (user and assistant) sequentially": not those of users alone', () => {
    expect(findIntervalMessageIndex(talk(39))).toBe(19);
    const twentyUsers = talk(40).filter(({ role }) => role === 'user');
    expect(findIntervalMessageIndex(twentyUsers)).toBe(19);
    expect(findIntervalMessageIndex(talk(40))).toBe(39);
  });
});

describe('Technical Decisions', () => {
  describe('No Configuration Needed', () => {
    it('"Last system message always cached", wherever it stands, and no earlier one', () => {
      const system = (content: string): Message => ({ role: 'system', content });
      expect(marked(transform([system('one'), system('two'), ...talk(3)]))).toEqual(['two']);
      expect(marked(transform([system('one'), ...talk(3), system('late'), ...talk(1)]))).toEqual(['late']);
      expect(marked(transform([system('only')]))).toEqual(['only']);
    });

    it('"last tool always cached", and no other', () => {
      const tools = frozen([{ type: 'function', function: { name: 'a' } }, { name: 'b' }, { name: 'c' }]);
      expect(addCacheControlToLastTool(tools)).toEqual([
        tools[0],
        tools[1],
        { name: 'c', cache_control: ephemeral },
      ]);
      expect(addCacheControlToLastTool([])).toEqual([]);
    });

    it('"interval fixed at 20": fewer messages have none', () => {
      for (let length = 0; length < 20; length += 1) {
        expect(transform(talk(length)), `${length} messages`).toEqual(talk(length));
      }
    });

    it('"Remove config parameters from all functions": what is given is marked, and the marker', () => {
      const given = [findIntervalMessageIndex, addCacheControlToLastTool, transformMessagesForClaudeCache];
      expect(given.map(({ length }) => length)).toEqual([1, 1, 2]);
    });
  });

  it('Functions to Implement: one function finds the interval, under the one name that fits one index', () => {
    expect(Object.keys(interval)).toContain('findIntervalMessageIndex');
    expect(Object.keys(interval)).not.toContain('findIntervalUserMessageIndices');
  });
});

describe('Cache Pattern Analysis', () => {
  it('Old Pattern: of [U1, A1, … U5, A5] no longer U4 and U5', () => {
    expect(marked(transform(talk(10)))).toEqual([]);
  });

  it('New Pattern, 20 in all: A10, the 20th position', () => {
    expect(marked(transform(talk(20)))).toEqual(['A10']);
  });

  it('New Pattern, 40 in all: A20, and the 20th is removed', () => {
    expect(marked(transform(talk(40)))).toEqual(['A20']);
  });

  it('"Messages at positions 20, 40, 60, etc. get cache markers regardless of role"', () => {
    for (const role of ['user', 'assistant', 'tool', 'developer', 'function', '']) {
      const messages = [...talk(19), { role, content: 'here' }];
      expect(marked(transform(messages)), role).toEqual(['here']);
    }
    const system = { role: 'system', content: 'here' };
    expect(marked(transform([...talk(19), system])), 'one marker, though it has two reasons').toEqual([
      'here',
    ]);
  });

  it('"Sliding Window: Only the latest interval position is cached (previous markers removed)"', () => {
    let sent: Message[] = [];
    for (const message of talk(100)) sent = transform([...sent, message]);
    expect(marked(sent)).toEqual(['A50']);
  });
});

describe('Dependencies and Integration Points', () => {
  it('"Same Claude integration": other models get no markers, and lose those that are there', () => {
    const messages = transform([{ role: 'system', content: 'rules' }, ...talk(45)]);
    expect(marked(messages)).toHaveLength(2);
    for (const other of ['gpt-5', 'gemini-3-pro', 'llama-4', '']) {
      expect(marked(transformMessagesForClaudeCache(messages, other)), other).toEqual([]);
      expect(transformMessagesForClaudeCache(talk(45), other)).toEqual(talk(45));
    }
  });
});

describe('what the note does not speak of', () => {
  const at20 = (content: Content, role = 'assistant') => transform([...talk(19), { role, content }])[19];

  it('is never a change of what was given', () => {
    const messages = frozen([{ role: 'system', content: [{ type: 'text', text: 'a' }] }, ...talk(60)]);
    const after = transform(messages);
    expect(marked(messages)).toEqual([]);
    expect(after).not.toBe(messages);
    const kept = after.filter((message, index) => message === messages[index]);
    expect(kept, 'all but the two that have a marker').toHaveLength(59);
  });

  it.each<[string, Content]>([
    ['null', null],
    ['undefined', undefined],
    ['empty text', ''],
    ['blank text', ' \n'],
    ['no parts', []],
    ['empty text parts', [{ type: 'text', text: '' }]],
    ['an image alone', [{ type: 'image_url' }]],
    ['what the model thought', [{ type: 'thinking' }]],
  ])('leaves a message without text as it is: %s', (_, content) => {
    const message = frozen({ role: 'assistant', content });
    expect(transform([...talk(19), message])[19]).toBe(message);
    expect(addCacheControlToContent(content)).toBe(content);
  });

  it('leaves a chat message as it is that only calls tools', () => {
    const message = frozen({ role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function' }] });
    expect(transform([...talk(19), message])[19]).toBe(message);
  });

  it('marks what a tool answered in a chat message as text', () => {
    expect(at20('42 files', 'tool')?.content).toEqual([
      { type: 'text', text: '42 files', cache_control: ephemeral },
    ]);
  });

  it('marks the last call, or the last answer, in the Messages API, where they are blocks and there is no text', () => {
    const calls = [{ type: 'thinking' }, { type: 'tool_use', id: 'a' }, { type: 'tool_use', id: 'b' }];
    expect(at20(calls)?.content).toEqual([calls[0], calls[1], { ...calls[2], cache_control: ephemeral }]);
    const answers = [{ type: 'tool_result', tool_use_id: 'a', content: 'one' }, { type: 'image' }];
    expect(at20(answers, 'user')?.content).toEqual([{ ...answers[0], cache_control: ephemeral }, answers[1]]);
    const withText = [
      { type: 'text', text: 'I look' },
      { type: 'tool_use', id: 'a' },
    ];
    expect(at20(withText)?.content).toEqual([{ ...withText[0], cache_control: ephemeral }, withText[1]]);
  });

  it('passes over empty text for the text before it', () => {
    const parts = [
      { type: 'text', text: 'said' },
      { type: 'text', text: '' },
    ];
    expect(at20(parts)?.content).toEqual([{ ...parts[0], cache_control: ephemeral }, parts[1]]);
  });

  it('takes markers away that came along, also those on messages, tools, and inside of what a tool answered', () => {
    const part = { type: 'text', text: 'old', cache_control: { type: 'ephemeral' as const } };
    const messages = frozen([
      { role: 'user', content: [part] },
      { role: 'user', content: [{ type: 'tool_result', content: [part] }], cache_control: ephemeral },
      { role: 'user', content: [part, { ...part, text: 'older' }] },
    ]);
    expect(JSON.stringify(transform(messages))).not.toContain('cache_control');
    expect(transform(messages)).toHaveLength(3);
    const tools = addCacheControlToLastTool([{ name: 'a', cache_control: cacheMarker('1h') }, { name: 'b' }]);
    expect(tools).toEqual([{ name: 'a' }, { name: 'b', cache_control: ephemeral }]);
  });

  it('passes over a tool that is found by search only: the provider refuses a marker there', () => {
    const tools = [{ name: 'a' }, { name: 'b', defer_loading: true }];
    expect(addCacheControlToLastTool(tools)).toEqual([{ name: 'a', cache_control: ephemeral }, tools[1]]);
  });

  it('bears holes in parts that came from elsewhere', () => {
    const parts = JSON.parse('[null, {"type": "text", "text": 7}, {"type": "text", "text": "said"}, null]');
    expect(addCacheControlToContent(parts)).toEqual([
      null,
      { type: 'text', text: 7 },
      { type: 'text', text: 'said', cache_control: ephemeral },
      null,
    ]);
  });

  it('looks at each of 10,000 messages a fixed number of times', () => {
    const looksPerMessage = [1_000, 10_000].map((length) => {
      let looks = 0;
      const messages = talk(length).map(
        (message) =>
          new Proxy(message, {
            get(target, name, receiver) {
              looks += 1;
              return Reflect.get(target, name, receiver);
            },
          }),
      );
      const watched = new Proxy(messages, {
        get(target, name, receiver) {
          looks += 1;
          return Reflect.get(target, name, receiver);
        },
      });
      expect(marked(transform(watched))).toEqual([`A${length / 2}`]);
      return looks / length;
    });
    expect(looksPerMessage[1]).toBeLessThan(12);
    expect(looksPerMessage[1]).toBeCloseTo(looksPerMessage[0] ?? 0, 0);
  });
});
