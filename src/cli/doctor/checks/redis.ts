import { pingRedis } from '../../../caches/ping-redis.ts';
import type { Answer } from '../../../core/answer.ts';
import type { Check } from '../check.ts';
import { noAnswer } from '../no-answer.ts';
import { failed, ok, skipped, type Verdict } from '../verdict.ts';

export const redis: Check = {
  id: 'redis',
  area: 'app',
  title: 'Redis',
  looksAt: 'Redis at `REDIS_URL` answers and takes the password. Nothing is read from it or written to it.',
  mend: 'Correct `REDIS_URL`, or start Redis. Without it Dexter goes on, and reads tickets from JIRA more often.',
  needs: ['configuration'],
  async inspect({ config }) {
    const { redisUrl } = (await config()).context;
    if (redisUrl === undefined)
      return skipped('REDIS_URL is not set: each process caches tickets in its memory.');
    return judgeRedis(new URL(redisUrl).host, await pingRedis(redisUrl));
  },
};

/** `at` is host and port: the address itself may hold a password. */
export function judgeRedis(at: string, answer: Answer<'PONG'>): Verdict {
  switch (answer.outcome) {
    case 'answered':
      return ok(`Redis answers at ${at}.`);
    case 'refused':
      return failed(
        `Redis at ${at} does not take the credentials of REDIS_URL (${answer.said}).`,
        'Correct user and password in REDIS_URL: redis://<user>:<password>@<host>:<port>',
      );
    case 'strange':
    case 'unreachable':
      return noAnswer({ name: 'Redis', at, setting: 'REDIS_URL' }, answer);
  }
}
