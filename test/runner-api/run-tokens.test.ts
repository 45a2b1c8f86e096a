import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runTokens } from '../../src/runner-api/run-tokens.ts';

const tokens = runTokens('the webhook secret');
const id = '0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11';

describe('runTokens', () => {
  it('gives the same token again, also after a restart', () => {
    const after = runTokens('the webhook secret');
    expect(after.claim(id)).toBe(tokens.claim(id));
    expect(after.run(id, 2)).toBe(tokens.run(id, 2));
  });

  it('gives tokens that fit into a header and hold none of the secret', () => {
    for (const token of [tokens.claim(id), tokens.run(id, 1)]) {
      expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
      expect(token).not.toContain('secret');
    }
  });

  it('gives another token for another purpose, command, fence or secret', () => {
    const other = runTokens('another webhook secret');
    const all = [
      tokens.claim(id),
      tokens.run(id, 1),
      tokens.run(id, 2),
      tokens.run(id, 12),
      tokens.claim(`${id}:1`),
      tokens.claim(`run:${id}:1`),
      tokens.run(`${id}:1`, 2),
      tokens.claim(id.toUpperCase()),
      other.claim(id),
      other.run(id, 1),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('never gives two commands the same token', () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.uuid(),
        fc.integer({ min: 1 }),
        fc.integer({ min: 1 }),
        (one, other, a, b) => {
          const isSame = one === other && a === b;
          expect(tokens.run(one, a) === tokens.run(other, b)).toBe(isSame);
          expect(tokens.claim(one)).not.toBe(tokens.run(one, a));
        },
      ),
    );
  });
});
