import { expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { waitSeconds } from '../../src/jobs/wait-for-jira.ts';

const failed = (retryAfterSeconds?: number) =>
  new AppError('jira-failed', {
    message: 'JIRA failed.',
    hint: 'Wait.',
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });

test.each([
  ['at first', 0, undefined, 15],
  ['twice as long each time', 1, undefined, 30],
  ['up to two minutes', 3, undefined, 120],
  ['and no longer', 40, undefined, 120],
  ['as long as JIRA asks for', 0, 37, 37],
  ['however often that was', 40, 7, 7],
  ['a second at least', 0, 0, 1],
])('a command waits %s', (_what, waits, retryAfter, seconds) => {
  expect(waitSeconds(waits, failed(retryAfter))).toBe(seconds);
});
