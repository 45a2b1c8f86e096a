import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { mistakeText, readAs } from '../../src/core/read-as.ts';

const File = z
  .strictObject({
    name: z.string().min(2).optional(),
    port: z.int().min(1).max(10).optional(),
    share: z.number('a number from 0 to 1').max(1, 'a number from 0 to 1').optional(),
    isOn: z.boolean().optional(),
    level: z.enum(['low', 'high']).optional(),
    list: z.array(z.string()).min(1).max(2).optional(),
    address: z.url().optional(),
    both: z.union([z.string(), z.array(z.string())]).optional(),
    places: z.record(z.string().regex(/^[a-z]+$/, 'lower case letters'), z.int()).optional(),
    inner: z.object({ needed: z.number('a number of things') }).optional(),
  })
  .refine(({ name }) => name !== 'root', { path: ['name'], message: 'is taken' });

function said(given: unknown): string[] {
  const read = readAs(File, given);
  return read.outcome === 'read' ? [] : read.mistakes.map((mistake) => mistakeText(mistake, 'the file'));
}

describe('readAs', () => {
  it('hands over what can be used', () => {
    expect(readAs(File, { name: 'shop', port: 3 })).toEqual({
      outcome: 'read',
      value: { name: 'shop', port: 3 },
    });
  });

  it.each([
    [5, ['the file must be a map (`name: value`), not a number']],
    [null, ['the file must be a map (`name: value`), not empty']],
    [undefined, ['the file is not set']],
    [[], ['the file must be a map (`name: value`), not a list']],
    [{ name: 5 }, ['`name` must be text, not a number']],
    [{ name: 'x' }, ['`name` must be at least 2 characters long']],
    [{ name: 'root' }, ['`name` is taken']],
    [{ port: 1.5 }, ['`port` must be a whole number, not a fraction']],
    [{ port: '1' }, ['`port` must be a number, not text']],
    [{ port: Number.NaN }, ['`port` must be a number, not NaN']],
    [{ port: 0 }, ['`port` must be at least 1']],
    [{ port: 11 }, ['`port` must be at most 10']],
    [{ share: 2 }, ['`share` must be a number from 0 to 1']],
    [{ share: {} }, ['`share` must be a number from 0 to 1']],
    [{ isOn: 'yes' }, ['`isOn` must be `true` or `false`']],
    [{ level: 'top' }, ['`level` must be one of `low`, `high`']],
    [{ list: 'one' }, ['`list` must be a list, not text']],
    [{ list: [] }, ['`list` must be a list of at least 1']],
    [{ list: ['a', true] }, ['`list.1` must be text, not `true` or `false`']],
    [{ address: 'here' }, ['`address` must be an http(s) address']],
    [{ both: 5 }, ['`both` must be text or a list']],
    [{ both: [5] }, ['`both` must be text']],
    [{ places: 5 }, ['`places` must be a map (`name: value`), not a number']],
    [{ places: { A: 1 } }, ['`places.A` has a wrong name: it must be lower case letters']],
    [{ inner: {} }, ['`inner.needed` is not set']],
    [{ inner: { needed: 'x' } }, ['`inner.needed` must be a number of things']],
    [
      { a: 1, 'b`\n# c': 2, port: 11 },
      ['`port` must be at most 10', '`a` is not a known setting', '`b # c` is not a known setting'],
    ],
  ])('says in words what is wrong with %j', (given, expected) => {
    expect(said(given)).toEqual(expected);
  });

  it('repeats nothing of a value, which may be a secret', () => {
    const secret = 'sk-ant-1234567890';
    const given = { name: [secret], port: secret, level: secret, list: [5, { secret }], both: { secret } };
    expect(said(given)).toHaveLength(6);
    expect(said(given).join()).not.toContain(secret);
  });
});
