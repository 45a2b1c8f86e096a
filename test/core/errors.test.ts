import { describe, expect, it } from 'vitest';
import { AppError, messageOf, toProblem } from '../../src/core/errors.ts';

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
