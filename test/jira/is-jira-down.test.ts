import { ApiError, NetworkError } from 'jira.js';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { AppError, type ErrorCode } from '../../src/core/errors.ts';
import { isJiraDown } from '../../src/jira/is-jira-down.ts';
import { NoAnswer } from '../../src/jira/transport.ts';

const failed = (cause: unknown, code: ErrorCode = 'jira-failed') =>
  new AppError(code, { message: 'JIRA failed.', hint: 'Look.', cause });

const answered = (status: number) => failed(new ApiError('answered', status, '', undefined));

test.each([
  [429, true],
  [408, true],
  [500, true],
  [503, true],
  [400, false],
  [401, false],
  [404, false],
])('an answer %i means that JIRA is down: %s', (status, down) => {
  expect(isJiraDown(answered(status))).toBe(down);
});

test('no answer at all means that JIRA is down', () => {
  const cause = new TypeError('fetch failed');
  expect(isJiraDown(failed(new NetworkError('no', { cause, transient: true })))).toBe(true);
  expect(isJiraDown(failed(new NoAnswer('no answer within 20 s')))).toBe(true);
});

test('an answer of another shape, another failure and a bug do not mean that', () => {
  expect(isJiraDown(failed(z.string().safeParse(7).error))).toBe(false);
  expect(isJiraDown(failed(new Error('no'), 'ticket-unreadable'))).toBe(false);
  expect(isJiraDown(new TypeError('undefined is not a function'))).toBe(false);
  expect(isJiraDown(failed(new TypeError('undefined is not a function')))).toBe(false);
});
