import { describe, expect, it } from 'vitest';
import type { SessionPins } from '../../src/core/session.ts';
import { flagsPin, losesPromptCache, pinsMoved } from '../../src/sessions/pins.ts';

const pins: SessionPins = {
  engineVersion: '2.1.329',
  model: 'claude-sonnet-4-5',
  effort: null,
  tools: ['Bash', 'Read'],
  flags: 'abc',
  workingDirectory: '/w/1/checkout',
};

describe('pinsMoved', () => {
  it.each<[Partial<SessionPins>, keyof SessionPins, string]>([
    [{ engineVersion: '2.1.330' }, 'engineVersion', 'Claude Code changed from 2.1.329 to 2.1.330'],
    [{ model: 'claude-opus-4-5' }, 'model', 'the model changed from claude-sonnet-4-5 to claude-opus-4-5'],
    [{ effort: 'high' }, 'effort', 'the effort changed from the default to high'],
    [{ tools: ['Bash', 'Edit', 'Read'] }, 'tools', 'the tools changed (Edit came)'],
    [{ tools: ['Agent', 'Bash'] }, 'tools', 'the tools changed (Agent came; Read went)'],
    [{ tools: null }, 'tools', 'the tools changed from a list to the default'],
    [
      { flags: 'def' },
      'flags',
      'the MCP servers that a request begins with, or the rules for tools, changed',
    ],
    [{ workingDirectory: '/w/2/checkout' }, 'workingDirectory', 'the directory of the checkout changed'],
  ])('finds %j', (change, pin, words) => {
    expect(pinsMoved(pins, { ...pins, ...change })).toEqual([{ pin, words }]);
  });

  it('finds another engine, and then nothing else: each has tools and instructions of its own', () => {
    const direct: SessionPins = {
      ...pins,
      engine: 'anthropic-api',
      engineVersion: '1',
      tools: ['LS'],
      flags: 'x',
    };
    const moved = pinsMoved(pins, direct);
    expect(moved).toEqual([{ pin: 'engine', words: 'the engine changed from claude-code to anthropic-api' }]);
    expect(losesPromptCache(moved)).toBe(true);
    expect(pinsMoved(direct, { ...pins, engine: 'claude-code' })).toMatchObject([
      { words: 'the engine changed from anthropic-api to claude-code' },
    ]);
    expect(pinsMoved(direct, { ...direct, engineVersion: '2' })).toEqual([
      { pin: 'engineVersion', words: 'anthropic-api changed from 1 to 2' },
    ]);
  });

  it.each<[string, SessionPins | undefined, Partial<SessionPins>]>([
    ['the same', pins, {}],
    ['a session from before there was a choice of engines', pins, { engine: 'claude-code' }],
    ['the same tools in another order', pins, { tools: ['Read', 'Bash'] }],
    ['a session from before there were pins', undefined, {}],
    ['a model that is not known yet', { ...pins, model: null }, {}],
    ['a version that the CLI does not tell', pins, { engineVersion: 'unknown' }],
  ])('finds nothing in %s', (_name, before, change) => {
    expect(pinsMoved(before, { ...pins, ...change })).toEqual([]);
  });

  const dated = 'claude-sonnet-4-5-20250929';
  it.each([
    [dated, 'sonnet'],
    [dated, 'sonnet[1m]'],
    [dated, 'claude-sonnet-4-5'],
    [dated, 'claude-sonnet-4-5[1m]'],
    [dated, 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'sonnet'],
    ['claude-sonnet-4-5@20250929', 'anthropic/claude-sonnet-4.5'],
  ])('takes the model %s and %s for the same', (had, asked) => {
    expect(pinsMoved({ ...pins, model: had }, { ...pins, model: asked })).toEqual([]);
  });

  it.each(['opus', 'claude-sonnet-4', 'claude-sonnet-4-6', 'us.anthropic.claude-opus-4-5-20251101-v1:0'])(
    'takes %s for another one',
    (asked) => {
      const moved = pinsMoved({ ...pins, model: dated }, { ...pins, model: asked });
      expect(moved.map(({ pin }) => pin)).toEqual(['model']);
    },
  );

  it('names first what costs the most', () => {
    const after = { ...pins, engineVersion: '2.1.330', model: 'other', workingDirectory: '/x' };
    expect(pinsMoved(pins, after).map(({ pin }) => pin)).toEqual([
      'model',
      'engineVersion',
      'workingDirectory',
    ]);
  });
});

describe('losesPromptCache', () => {
  it('is for what stands in the beginning of a request, which the directory does not', () => {
    expect(losesPromptCache([])).toBe(false);
    expect(losesPromptCache(pinsMoved(pins, { ...pins, workingDirectory: '/x' }))).toBe(false);
    expect(losesPromptCache(pinsMoved(pins, { ...pins, tools: ['Read'] }))).toBe(true);
  });
});

describe('flagsPin', () => {
  const servers = { notes: { command: 'a', args: ['1', '2'], env: { B: '1', A: '2' } } };
  it('is the same however the keys are ordered', () => {
    const other = { notes: { env: { A: '2', B: '1' }, args: ['1', '2'], command: 'a' } };
    expect(flagsPin({ servers: other, rules: null })).toBe(flagsPin({ rules: null, servers }));
  });

  it.each([{ notes: { ...servers.notes, args: ['2', '1'] } }, { ...servers, more: { command: 'b' } }, {}])(
    'is another one for %j',
    (others) => {
      expect(flagsPin({ rules: null, servers: others })).not.toBe(flagsPin({ rules: null, servers }));
    },
  );

  it('is what it was, so that no session of an earlier version seems to have changed', () => {
    const env = { B: 'x', A: undefined };
    const parts = { servers: { jira: { env, args: ['b', undefined, 2.5] } }, rules: null, ä: [{ y: 1 }] };
    expect(flagsPin(parts)).toBe('deac5261631e4722');
    const one = flagsPin({ huge: 2 ** 60 });
    expect(one).toMatch(/^[0-9a-f]{16}$/);
    expect(flagsPin({ huge: 2 ** 61 })).not.toBe(one);
  });
});
