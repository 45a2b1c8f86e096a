import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address, cursorOf, parseCommandQuery } from '../../src/dashboard/query.ts';

const place = { micros: '1795371768000001', id: '01bfb7a7-cea2-44ba-b1bc-5ca269cde111' };

describe('what a list of commands is asked for', () => {
  it('is nothing where the form is empty', () => {
    const empty = { status: [''], source: [''], repository: [''], person: [''], q: ['  '] };
    for (const query of [{}, empty]) {
      const parsed = parseCommandQuery(query);
      expect(parsed.ok && Object.values(parsed.value.filter).every((value) => value === undefined)).toBe(
        true,
      );
    }
  });

  it('is read from an address as it was written into one', () => {
    const after = cursorOf([place.micros, place.id]);
    const path = address('/commands', {
      status: 'failed',
      repository: 7,
      person: '@maria',
      q: 'a & b',
      after,
    });
    const query = new URL(path, 'http://x').searchParams;
    const parsed = parseCommandQuery(Object.fromEntries([...query].map(([name, value]) => [name, [value]])));
    expect(parsed).toEqual({
      ok: true,
      value: {
        filter: { status: 'failed', source: undefined, repositoryId: 7, person: 'maria', search: 'a & b' },
        from: { side: 'after', place },
      },
    });
  });

  it('is refused with two places at once', () => {
    const cursor = [cursorOf([place.micros, place.id])];
    expect(parseCommandQuery({ after: cursor, before: cursor })).toMatchObject({ ok: false });
  });

  it.each([
    ['no base64', 'nope!'],
    ['another encoding of the same', `${cursorOf([place.micros, place.id])}=`],
    ['no time', cursorOf(['x', place.id])],
    ['a time that no database has', cursorOf(['9'.repeat(17), place.id])],
    ['no id', cursorOf([place.micros, 'x'])],
    ['more than that', cursorOf([place.micros, place.id, 'x'])],
  ])('is refused with a cursor that is %s', (_what, cursor) => {
    expect(parseCommandQuery({ after: [cursor] })).toMatchObject({ ok: false });
  });

  it('is understood or refused in words, whatever comes', () => {
    const names = fc.constantFrom('status', 'source', 'repository', 'person', 'q', 'after', 'before', 'x');
    fc.assert(
      fc.property(fc.dictionary(names, fc.array(fc.string(), { maxLength: 2 })), (query) => {
        const parsed = parseCommandQuery(query);
        expect(parsed.ok || parsed.problems.length > 0).toBe(true);
      }),
    );
  });
});
