import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimMark, packedPrefix, packText, unpackText } from '../../src/core/packed-text.ts';

const plenty = { characters: 60_000, bytes: 120_000 };

describe('packText', () => {
  it('leaves a text as it is when it fits', () => {
    expect(packText('# Ticket\n\nGrüße 👋', plenty)).toBe('# Ticket\n\nGrüße 👋');
  });

  it('compresses a text that is too long, in characters or in bytes', () => {
    for (const text of ['word '.repeat(20_000), '漢字'.repeat(25_000)]) {
      const packed = packText(text, plenty);
      expect(packed.startsWith(packedPrefix)).toBe(true);
      expect(unpackText(packed)).toBe(text.trim());
    }
  });

  it('leaves to the claim what is too long even so', () => {
    const noise = Array.from({ length: 20_000 }, (_, index) => Math.sin(index).toString(36)).join('');
    expect(packText(noise, { characters: 10_000, bytes: 10_000 })).toBe(claimMark);
    expect(unpackText(claimMark)).toBeUndefined();
  });

  it('gives back every text that it does not leave to the claim, within its room', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3_000 }),
      fc.string({ unit: 'grapheme', maxLength: 3_000 }),
      fc.constantFrom(packedPrefix, claimMark, `${claimMark} x`, `${packedPrefix}KLUv`, '\ud800'),
      fc.string({ minLength: 50 }).map((text) => text.repeat(200)),
    );
    const rooms = fc.record({ characters: fc.nat(4_000), bytes: fc.nat(6_000) });
    fc.assert(
      fc.property(texts, rooms, (text, room) => {
        const input = packText(text, room);
        if (input === claimMark) return;
        expect(input.length).toBeLessThanOrEqual(room.characters);
        expect(Buffer.byteLength(input)).toBeLessThanOrEqual(room.bytes);
        expect(unpackText(input)).toBe(text.trim().toWellFormed());
      }),
    );
  });
});

describe('unpackText', () => {
  it.each([`${packedPrefix}`, `${packedPrefix}????`, `${packedPrefix}aGVsbG8=`])('refuses %j', (input) => {
    expect(() => unpackText(input)).toThrow();
  });

  it('refuses what grows without end', () => {
    const bomb = packText('a'.repeat(17 * 1024 * 1024), plenty);
    expect(() => unpackText(bomb)).toThrow();
  });
});
