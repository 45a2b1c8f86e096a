import { describe, expect, it } from 'vitest';
import {
  type CacheableRequest,
  chooseMarkers,
  defaultStrategy,
  type MarkerStrategy,
  markerStrategies,
} from '../../src/prompt-cache/strategies.ts';

const names = Object.keys(markerStrategies) as MarkerStrategy[];
const old = { type: 'ephemeral' as const };

const said = (role: string, text: string) => ({ role, content: [{ type: 'text', text }] });
const call = (id: string) => ({ role: 'assistant', content: [{ type: 'tool_use', id }] });
const result = (id: string) => ({ role: 'user', content: [{ type: 'tool_result', tool_use_id: id }] });

/** A question, and turns of one call each. */
function agent(turns: number) {
  const messages = Array.from({ length: turns }, (_, index) => [call(`${index}`), result(`${index}`)]);
  return [said('user', 'question'), ...messages.flat()];
}

function request(
  messages: CacheableRequest['messages'],
  more: Partial<CacheableRequest> = {},
): CacheableRequest {
  return { model: 'claude-opus-4-5', system: 'rules', tools: [{}, {}], messages, ...more };
}

/** Indices of messages with a marker. */
function placesIn({ messages }: CacheableRequest): number[] {
  return messages.flatMap((message, index) =>
    JSON.stringify(message).includes('cache_control') ? [index] : [],
  );
}

function markersIn(value: CacheableRequest): number {
  return JSON.stringify(value).split('"cache_control"').length - 1;
}

describe.each(names)('%s', (strategy) => {
  it('marks the last tool and the system prompt, and never more than the provider takes', () => {
    for (let turns = 0; turns < 70; turns += 1) {
      const before = request(agent(turns));
      const copy = structuredClone(before);
      const after = chooseMarkers(before, { strategy });
      expect(after.system).toEqual([{ type: 'text', text: 'rules', cache_control: old }]);
      expect(after.tools).toEqual([{}, { cache_control: old }]);
      expect(markersIn(after)).toBeLessThanOrEqual(4);
      expect(before).toEqual(copy);
    }
  });

  it('takes away what was marked before, for the request as a whole too', () => {
    const once = chooseMarkers(request(agent(30), { cache_control: old }), { strategy });
    const more = { ...once, messages: [...once.messages, ...agent(3)], cache_control: old };
    expect(markersIn(chooseMarkers(more, { strategy }))).toBeLessThanOrEqual(4);
    expect(chooseMarkers(once, { strategy })).toEqual(once);
  });

  it('marks nothing for another model, and takes markers away', () => {
    const { model: _, ...marked } = chooseMarkers(request(agent(30), { cache_control: old }), { strategy });
    const other = chooseMarkers({ ...marked, model: 'gpt-5' }, { strategy });
    expect(markersIn(other)).toBe(0);
    expect(other.messages).toEqual(agent(30));
  });

  it('writes for an hour where that is asked for, and then everywhere: a mix has an order', () => {
    const after = chooseMarkers(request(agent(30)), { strategy, lifetime: '1h' });
    expect(markersIn(after)).toBeGreaterThanOrEqual(3);
    expect(JSON.stringify(after).split('"ttl":"1h"').length - 1).toBe(markersIn(after));
  });

  it('needs neither tools nor a system prompt, nor messages', () => {
    expect(chooseMarkers({ model: 'claude-opus-4-5', messages: [] }, { strategy })).toEqual({
      model: 'claude-opus-4-5',
      messages: [],
    });
  });

  it('marks the system prompt of chat messages where it stands', () => {
    const messages = [said('system', 'rules'), said('user', 'question')];
    expect(placesIn(chooseMarkers({ model: 'claude-opus-4-5', messages }, { strategy }))).toContain(0);
  });
});

describe('the places of a strategy', () => {
  const placesOf = (strategy: MarkerStrategy, messages: CacheableRequest['messages']) =>
    placesIn(chooseMarkers(request(messages), { strategy }));

  it.each<[MarkerStrategy, number, number[]]>([
    ['interval', 9, []],
    ['interval', 10, [19]],
    ['interval', 25, [39]],
    ['two-intervals', 9, []],
    ['two-intervals', 10, [19]],
    ['two-intervals', 25, [19, 39]],
    ['two-last-messages', 0, [0]],
    ['two-last-messages', 25, [48, 50]],
    ['last-message', 0, [0]],
    ['last-message', 25, [50]],
    ['request-ends', 0, [0]],
    ['request-ends', 1, [0, 2]],
    ['request-ends', 25, [48, 50]],
  ])('%s after %i turns: %j', (strategy, turns, places) => {
    expect(placesOf(strategy, agent(turns))).toEqual(places);
  });

  it('are the ends of the requests when what follows an answer is several messages', () => {
    const messages = [...agent(2), call('x'), result('x'), said('user', 'also'), said('user', 'please')];
    expect(placesOf('request-ends', messages)).toEqual([4, 8]);
    expect(placesOf('two-last-messages', messages), 'both are new: nothing was written there').toEqual([
      7, 8,
    ]);
  });

  it('are the ends of the requests when the answer is several messages', () => {
    const messages = [...agent(1), said('assistant', 'I look'), call('x'), result('x')];
    expect(placesOf('request-ends', messages)).toEqual([2, 5]);
  });

  it('are before what no marker may stand on', () => {
    const blank = { role: 'user', content: '  ' };
    const thought = { role: 'assistant', content: [{ type: 'thinking' }] };
    expect(placesOf('last-message', [...agent(1), thought, blank])).toEqual([2]);
    expect(placesOf('request-ends', [blank])).toEqual([]);
    const image = { role: 'user', content: [{ type: 'text', text: 'see' }, { type: 'image' }] };
    const [marked] = chooseMarkers(request([image])).messages;
    expect(marked?.content).toEqual([
      { type: 'text', text: 'see' },
      { type: 'image', cache_control: old },
    ]);
  });

  it('are those of people in chat messages for what the interval replaced', () => {
    const tool = { role: 'tool', content: 'result' };
    const messages = [
      said('user', 'U1'),
      said('assistant', 'A1'),
      said('user', 'U2'),
      call('a'),
      tool,
      call('b'),
      tool,
    ];
    expect(placesOf('two-last-messages', messages)).toEqual([0, 2]);
    expect(placesOf('request-ends', messages)).toEqual([4, 6]);
  });
});

it('the default is the best one on the meter', () => {
  const messages = agent(30);
  expect(chooseMarkers(request(messages))).toEqual(markerStrategies[defaultStrategy](request(messages)));
  expect(defaultStrategy).toBe('request-ends');
});
