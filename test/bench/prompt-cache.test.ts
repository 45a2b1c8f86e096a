import { describe, expect, it } from 'vitest';
import { modelName } from '../../bench/economics/names.ts';
import { benchPrices } from '../../bench/economics/prices.ts';
import { type Cell, measureCells } from '../../bench/prompt-cache/cell.ts';
import { openGateway } from '../../bench/prompt-cache/chat.ts';
import { directly, throughGateway } from '../../bench/prompt-cache/contestants.ts';
import { makeConversation, mixed, shapes } from '../../bench/prompt-cache/conversation.ts';
import { figuresOf } from '../../bench/prompt-cache/figures.ts';
import { leastDollars, measure, sum } from '../../bench/prompt-cache/measure.ts';
import { markdownTables } from '../../bench/prompt-cache/table.ts';
import { countTokens, createPromptCache } from '../../demo/model/prompt-cache.ts';
import { findIntervalMessageIndex } from '../../src/prompt-cache/interval.ts';
import { chooseMarkers, type MarkerStrategy } from '../../src/prompt-cache/strategies.ts';

const prices = benchPrices();
const turns = 45;
const made = shapes.map((shape) => makeConversation(shape, modelName, turns));
const of = (name: string) => made.find((conversation) => conversation.name === name) ?? made[0];

describe('a conversation', () => {
  it('is the same each time, and a longer one begins with the shorter one', () => {
    const longer = makeConversation(mixed, modelName, turns + 5);
    expect(longer.requests.slice(0, turns)).toEqual(of(mixed.name)?.requests);
  });

  it('has answers of as many blocks as its name says, each call answered', () => {
    for (const count of [1, 2, 3, 4, 5, 6]) {
      const last = of(count === 1 ? '1 block' : `${count} blocks`)?.requests.at(-1);
      const answers = last?.messages.filter(({ role }) => role === 'assistant') ?? [];
      const lengths = answers.map(({ content }) => content.length);
      expect(lengths.filter((length) => length === count).length).toBeGreaterThanOrEqual(turns - 2);
      const text = JSON.stringify(last);
      expect(text.split('"tool_use"').length).toBe(text.split('"tool_result"').length);
    }
  });

  it('begins each request with all of the one before', () => {
    const lengths = of(mixed.name)?.requests.map(({ messages }) => messages.length);
    expect(lengths).toEqual(Array.from({ length: turns }, (_, index) => 2 * index + 1));
  });
});

describe('the meter', () => {
  it('counts the same whether or not blocks are hashed once', () => {
    const { requests = [] } = of(mixed.name) ?? {};
    const [kept, anew] = [true, false].map((blocksAreKept) => {
      const cache = createPromptCache({ now: () => 0, blocksAreKept });
      return requests.map((request) => {
        const counted = cache.account(chooseMarkers(request, { strategy: 'interval' }));
        if ('problem' in counted) throw new Error(counted.problem);
        counted.begin();
        return counted.usage;
      });
    });
    expect(kept).toEqual(anew);
  });
});

describe('what the strategies come to', () => {
  const totals = (name: string, reading: 'rows' | 'blocks', strategy: MarkerStrategy) => {
    const conversation = of(name);
    if (conversation === undefined) throw new Error('There is none');
    return sum(directly(conversation, strategy, { reading, prices }));
  };

  it('is the least with the ends of requests: each token is written once', () => {
    for (const conversation of made) {
      for (const reading of ['rows', 'blocks'] as const) {
        const measured = directly(conversation, 'request-ends', { reading, prices });
        const { written, uncached, missed, dollars } = sum(measured);
        const prompt = conversation.requests.at(-1);
        expect({ uncached, missed }).toEqual({ uncached: 0, missed: 0 });
        expect(written).toBe(prompt && countTokens(prompt));
        // The last request's news is written for nobody.
        expect(dollars / leastDollars(measured, prices)).toBeLessThan(1.01);
      }
    }
  });

  it('misses its own entry with each move of the interval, and two intervals do not', () => {
    for (const { name, requests } of made) {
      const places = requests.map(({ messages }) => findIntervalMessageIndex(messages));
      const moves = new Set(places.filter((place) => place >= 0)).size - 1;
      expect(moves).toBe(3);
      expect(totals(name, 'rows', 'interval').missed, name).toBe(moves);
      expect(totals(name, 'blocks', 'interval').missed, name).toBe(moves);
      expect(totals(name, 'blocks', 'two-intervals').missed, name).toBe(0);
    }
  });

  it('misses with the last message alone where a turn is longer than the look-back', () => {
    const wide = '1 to 6, at times 13';
    expect(totals(wide, 'rows', 'last-message').missed).toBe(0);
    expect(totals(wide, 'blocks', 'last-message').missed).toBeGreaterThan(3);
    expect(totals(wide, 'blocks', 'two-last-messages').missed).toBe(0);
  });

  it('throws when the provider would refuse the request', () => {
    const conversation = of(mixed.name);
    const marker = { cache_control: { type: 'ephemeral' as const } };
    const tools = Array.from({ length: 5 }, () => marker);
    expect(() =>
      measure({ requests: conversation?.requests ?? [] }, (request) => ({ ...request, tools }), {
        reading: 'rows',
        prices,
      }),
    ).toThrow('maximum of 4');
  });
});

describe('the gateway of chat messages', () => {
  const [request] = of('3 blocks')?.requests.slice(-1) ?? [];
  if (request === undefined) throw new Error('There is none');

  it('gives back what it was given where nothing is marked', () => {
    expect(openGateway().through(request, (chat) => chat)).toEqual(request);
  });

  it('has each answer of a tool as a message, and calls beside the content', () => {
    openGateway().through(request, (chat) => {
      expect(chat.messages.map(({ role }) => role).slice(0, 6)).toEqual([
        'system',
        'user',
        'assistant',
        'tool',
        'tool',
        'assistant',
      ]);
      expect(chat.messages[2]).toMatchObject({ content: expect.any(String), tool_calls: [{}, {}] });
      return chat;
    });
  });

  it('passes on each marker', () => {
    const sent = openGateway().through(request, (chat) => chooseMarkers(chat));
    expect(JSON.stringify(sent).split('"cache_control"')).toHaveLength(5);
    expect(sent).toEqual(chooseMarkers(request));
  });

  it('comes to the same as the Messages API for the ends of requests', () => {
    const conversation = made[2];
    if (conversation === undefined) return;
    const options = { reading: 'blocks', prices } as const;
    expect(sum(throughGateway(conversation, 'request-ends', options))).toEqual(
      sum(directly(conversation, 'request-ends', options)),
    );
  });
});

describe('what is printed and published', () => {
  const cells: Cell[] = made.slice(2, 3).flatMap((each) => [...measureCells(each, directly, prices)]);

  it('holds the default to the best, and tells how much dearer the others are', () => {
    const figures = new Map(figuresOf(cells).map(({ figure, value }) => [figure, value]));
    expect(figures.get('default_vs_best_rows')).toBe(1);
    expect(figures.get('default_vs_least_blocks')).toBeLessThan(1.01);
    expect(figures.get('default_missed_rows')).toBe(0);
    expect(figures.get('interval_vs_best_rows')).toBeGreaterThan(1.5);
    expect([...figures.keys()].filter((name) => name.endsWith('_blocks'))).toHaveLength(7);
  });

  it('leaves out what nobody can say of a recorded conversation', () => {
    const recorded = cells.map((cell) => ({ ...cell, least: undefined }));
    expect(figuresOf(recorded).map(({ figure }) => figure)).not.toContain('default_vs_least_rows');
  });

  it('is a table with one row for both readings where they agree, and the detail of one conversation', () => {
    const [all = '', detail = ''] = markdownTables(cells).split('\n\n');
    expect(all.split('\n')).toHaveLength(3);
    expect(all).toMatch(/\| 3 blocks \| either \| \$\d+\.\d\d \|.*\(\d\.\d\d ×\) \|$/);
    expect(detail.split('\n')).toHaveLength(7);
  });
});
