import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import { cacheKey, serverIdentity } from '../../src/mcp/cache-key.ts';

/** The same value, with the keys of every object in the opposite order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, turned(member)]),
  );
}

describe('canonical JSON', () => {
  it('does not depend on the order of keys, and means the same', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const json = JSON.parse(JSON.stringify(value));
        const text = canonicalJson(json);
        if (text === undefined) return;
        expect(canonicalJson(turned(json))).toBe(text);
        expect(JSON.parse(text)).toEqual(json);
      }),
    );
  });

  it.each([
    ['{"b":1,"a":{"d":[2,1],"c":null}}', '{"a":{"c":null,"d":[2,1]},"b":1}'],
    ['{"__proto__":1,"a":2}', '{"__proto__":1,"a":2}'],
    ['{"é":1,"z":2,"Z":3}', '{"Z":3,"z":2,"é":1}'],
    ['"x"', '"x"'],
    ['9007199254740991', '9007199254740991'],
    ['1.5e300', undefined],
    ['{"id":[9007199254740993]}', undefined],
  ])('of %s is %s', (text, canonical) => {
    expect(canonicalJson(JSON.parse(text))).toBe(canonical);
  });
});

describe('the key of an answer', () => {
  const question = { server: 'jira', tool: 'get', arguments: { key: 'DX-1' } };

  it('is a hash that shows nothing', () => {
    expect(cacheKey(question)).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    { ...question, server: 'other' },
    { ...question, tool: 'set' },
    { ...question, arguments: { key: 'DX-2' } },
    { ...question, arguments: { key: ['DX-1'] } },
    { ...question, arguments: {} },
    { server: 'jir', tool: 'aget', arguments: question.arguments },
  ])('is another one for another question: %j', (other) => {
    expect(cacheKey(other)).not.toBe(cacheKey(question));
  });

  it('does not exist where two different arguments would look the same', () => {
    expect(cacheKey({ ...question, arguments: JSON.parse('{"id":12345678901234567890}') })).toBeUndefined();
  });
});

it('tells servers apart by name, program and arguments', () => {
  const identities = [
    serverIdentity('a', ['stdio', 'node', 'x']),
    serverIdentity('b', ['stdio', 'node', 'x']),
    serverIdentity('a', ['stdio', 'node x']),
    serverIdentity('a', ['stdio', 'node', 'x', '']),
    serverIdentity('a', ['http', 'node', 'x']),
  ];
  expect(new Set(identities).size).toBe(identities.length);
});
