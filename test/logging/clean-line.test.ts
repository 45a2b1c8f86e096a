import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withLogContext } from '../../src/core/log-context.ts';
import { lineCleaner, lineLimits } from '../../src/logging/clean-line.ts';

const privateKey = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIEpAIBAAKCAQEA7+/x\n'.repeat(20)}-----END RSA PRIVATE KEY-----\n`;
const known = ['hunter2-secret', privateKey, 'with "quotes" and \\ and\nlines', 'p@ss/word?&=%'];
const clean = lineCleaner(known);
const lineOf = (value: unknown) => `${JSON.stringify(value)}\n`;

describe('a line of the log', () => {
  it('is written as it is when there is nothing to take out', () => {
    const line = '{"level":"info","a":1.50,"msg":"all is well"}\n';
    expect(clean(line)).toBe(line);
  });

  it.each<[string, string]>([
    ['as it is', 'hunter2-secret'],
    ['within an address', 'redis://default:hunter2-secret@cache.example:6379'],
    ['escaped in an address', `https://x.example/?key=${encodeURIComponent('p@ss/word?&=%')}`],
    ['as base64', `value ${Buffer.from('hunter2-secret').toString('base64')}`],
    ['within JSON', JSON.stringify({ body: 'with "quotes" and \\ and\nlines' })],
    ['within JSON within JSON', JSON.stringify(JSON.stringify({ body: privateKey }))],
    ['as a token of GitHub', `ghs_${'a1B2'.repeat(10)}`],
    ['behind a colour', `\u001b[31mghp_${'a1B2'.repeat(10)}`],
    ['as the beginning of a key', privateKey.slice(0, 200)],
    ['in a header', `Bearer ${'abcdef0123456789'.repeat(2)}`],
  ])('has no secret %s, and is one line of JSON still', (_, text) => {
    const secrets = [
      ...known,
      'a1B2a1B2',
      'MIIEpAIBAAKCAQEA7',
      'abcdef0123456789',
      encodeURIComponent('p@ss/word?&=%'),
    ];
    for (const line of [
      { msg: text },
      { err: { message: 'x', request: { headers: [{ authorization: text }] } } },
      { [text]: 1 },
    ]) {
      const written = clean(lineOf(line));
      expect(written.split('\n')).toHaveLength(2);
      const strings = stringsOf(JSON.parse(written));
      for (const secret of secrets) expect(strings.filter((found) => found.includes(secret))).toEqual([]);
    }
  });

  it('has bounded fields and a bounded length, and keeps what tells whose it is', () => {
    const line = lineOf({
      level: 'error',
      body: 'x'.repeat(100_000),
      list: Array.from({ length: 2_000 }, (_, index) => ({ index, text: 'y'.repeat(500) })),
      commandId: '11111111-1111-4111-8111-111111111111',
      msg: 'it broke',
    });
    const written = clean(line);
    expect(written.length).toBeLessThan(2 * lineLimits.line);
    expect(JSON.parse(written)).toMatchObject({
      level: 'error',
      body: expect.stringMatching(/^x{8192}… \[cut: 100000 characters\]$/),
      commandId: '11111111-1111-4111-8111-111111111111',
      msg: 'it broke',
    });
  });

  it('shows no part of a secret that a cut goes through', () => {
    for (let before = lineLimits.field - 40; before < lineLimits.field + 40; before += 1) {
      const text = `${'x'.repeat(before)}hunter2-secret${'y'.repeat(20_000)}`;
      expect(clean(lineOf({ text }))).not.toMatch(/hunte|ecret"/);
    }
    const many = `${'hunter2-secret '.repeat(5_000)}`;
    expect(clean(lineOf({ many }))).not.toContain('hunter2');
  });

  it('moves no cursor, turns no text around and ends no line early', () => {
    const written = clean(lineOf({ msg: 'a\u001b[2J\u009b1A\u202egnp\u2028{"level":"info"}\r\nb' }));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
    expect(written.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
    expect(JSON.parse(written).msg).toBe('a\u001b[2J\u009b1A\u202egnp\u2028{"level":"info"}\r\nb');
  });

  it('says the name of the nearest logger once', () => {
    expect(clean('{"level":"info","name":"probot","name":"octokit"}\n')).toBe(
      '{"level":"info","name":"octokit"}\n',
    );
  });

  it('is left out with a word about it when it is too long to be read, or no JSON', () => {
    withLogContext({ commandId: 'c1' }, () => {
      for (const line of [lineOf({ msg: 'x'.repeat(3_000_000) }), 'hunter2-secret\n'])
        expect(JSON.parse(clean(line))).toMatchObject({ event: 'line_left_out', commandId: 'c1' });
    });
  });

  it('never has a secret that was planted anywhere', () => {
    const secret = fc.string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 40 }).filter(isSecret);
    const text = fc.tuple(fc.string(), fc.string({ unit: 'binary' }), fc.nat(2));
    fc.assert(
      fc.property(secret, text, fc.json(), fc.string(), (planted, [before, after, depth], other, key) => {
        let value: unknown = `${before} ${planted} ${after}`;
        for (let level = 0; level < depth; level += 1) value = JSON.stringify({ [key]: value });
        const line = lineOf({
          msg: value,
          err: { stack: `Error: ${value}\n    at x`, cause: [{ deep: value }] },
          other: JSON.parse(other),
          [`${planted}`]: 1,
        });
        const written = lineCleaner([planted])(line);
        const strings = stringsOf(JSON.parse(written));
        for (const found of strings.flatMap((one) => [one, ...decoded(one)]))
          expect(found).not.toContain(planted.trim());
      }),
      { numRuns: 300 },
    );
  });
});

/** What is left alone: too short, part of a mark, or so that the texts around make one of it by chance. */
function isSecret(text: string): boolean {
  return (
    text.trim().length >= 8 &&
    !/[[\]: ]|^[Errorat\s]+$/.test(text.trim()) &&
    !'[REDACTED:secret]'.includes(text)
  );
}

function decoded(text: string): string[] {
  try {
    return stringsOf(JSON.parse(text)).flatMap((one) => [one, ...decoded(one)]);
  } catch {
    return [];
  }
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...stringsOf(item)]);
}
