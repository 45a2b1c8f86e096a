import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { AppError, firstLineOf, messageOf, toProblem, whyUnreadable } from '../../src/core/errors.ts';

describe('toProblem', () => {
  it('keeps what an AppError says, without its cause', () => {
    const error = new AppError('jira-failed', { message: 'm', hint: 'h', cause: new Error('secret') });
    expect(toProblem(error)).toEqual({ code: 'jira-failed', message: 'm', hint: 'h' });
  });

  it.each([[new Error('connect to postgres://u:pw@host')], ['pw'], [undefined], [{ message: 'pw' }]])(
    'tells nothing of what an unexpected %o says',
    (thrown) => {
      const problem = toProblem(thrown);
      expect(problem.code).toBe('internal');
      expect(JSON.stringify(problem)).not.toContain('pw');
    },
  );
});

describe('AppError', () => {
  it('carries its cause only when there is one', () => {
    const cause = new Error('why');
    expect(new AppError('internal', { message: 'm', hint: 'h', cause }).cause).toBe(cause);
    expect('cause' in new AppError('internal', { message: 'm', hint: 'h' })).toBe(false);
    expect(String(new AppError('internal', { message: 'm', hint: 'h' }))).toBe('AppError: m');
  });
});

describe('messageOf', () => {
  it.each([
    [new Error('m'), 'm'],
    ['text', 'text'],
    [undefined, 'undefined'],
    [42, '42'],
  ])('of %o is %j', (thrown, message) => {
    expect(messageOf(thrown)).toBe(message);
  });
});

describe('whyUnreadable', () => {
  const thrownBy = (act: () => Promise<unknown>) =>
    act().then(
      () => undefined,
      (error: unknown) => error,
    );

  it.each([
    ['/nowhere/prices.yml', 'there is no such file'],
    [`${import.meta.filename}/prices.yml`, 'there is no such file'],
    [import.meta.dirname, 'it is a directory'],
  ])('says why %s cannot be read, without the words of the system', async (path, why) => {
    expect(whyUnreadable(await thrownBy(() => readFile(path)))).toBe(why);
  });

  it('says of the system what has no words of its own, in one line', () => {
    expect(whyUnreadable(Object.assign(new Error('EPERM: open'), { code: 'EPERM' }))).toBe(
      'this user may not read it',
    );
    expect(whyUnreadable(new Error('The disk is gone\nat line 1'))).toBe('The disk is gone');
  });

  it('says where YAML is none, and not what stands there', async () => {
    const error = await thrownBy(async () => parse('a: b: secret'));
    const said = 'Nested mappings are not allowed in compact mappings at line 1, column 4';
    expect(firstLineOf(error)).toBe(said);
    expect(whyUnreadable(error)).toBe(`it is not valid YAML: ${said}`);
  });
});
