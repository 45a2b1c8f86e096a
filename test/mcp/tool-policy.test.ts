import { describe, expect, it } from 'vitest';
import { toolPolicy } from '../../src/mcp/tool-policy.ts';

const none = { readOnly: [], write: [], never: [] };
const read = { cacheable: true, writes: false };
const write = { cacheable: false, writes: true };

describe('what a tool may do', () => {
  it('is unknown until the server has listed it', () => {
    const policy = toolPolicy(none);
    expect(policy.kindOf('a')).toBeUndefined();
    expect(
      policy.learn({ tools: [{ name: 'a', annotations: { readOnlyHint: true } }], nextCursor: '2' }),
    ).toBe('2');
    expect(policy.kindOf('a')).toEqual(read);
    expect(policy.kindOf('b')).toBeUndefined();
    expect(policy.learn({ tools: [] })).toBeUndefined();
    expect(policy.kindOf('b')).toEqual(write);
    policy.forget();
    expect(policy.kindOf('a')).toBeUndefined();
  });

  it.each([
    [{ readOnlyHint: false }],
    [{ readOnlyHint: 'true' }],
    [{ readOnlyHint: 1 }],
    [{}],
    ['text'],
    [null],
    [undefined],
  ])('is to write when the annotations are %j', (annotations) => {
    const policy = toolPolicy(none);
    policy.learn({ tools: [{ name: 'a', annotations }] });
    expect(policy.kindOf('a')).toEqual(write);
  });

  it('is to write when the server cannot list its tools', () => {
    const policy = toolPolicy(none);
    policy.learn(undefined);
    expect(policy.kindOf('a')).toEqual(write);
  });

  it('is what the rules say first', () => {
    const policy = toolPolicy({ readOnly: ['a', 'both'], write: ['b', 'both'], never: ['c', 'd'] });
    expect(policy.kindOf('a')).toEqual(read);
    const tools = ['a', 'b', 'c', 'd'].map((name) => ({ name, annotations: { readOnlyHint: name !== 'd' } }));
    policy.learn({ tools });
    expect(policy.kindOf('both')).toEqual(write);
    expect(policy.kindOf('b')).toEqual(write);
    expect(policy.kindOf('c')).toEqual({ cacheable: false, writes: false });
    expect(policy.kindOf('d')).toEqual(write);
  });
});
