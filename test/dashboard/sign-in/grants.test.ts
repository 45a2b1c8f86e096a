import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { Answer } from '../../../src/core/answer.ts';
import { isAmong } from '../../../src/dashboard/sign-in/administrators.ts';
import { grants } from '../../../src/dashboard/sign-in/grants.ts';
import type { GitHubPerson, ReadableRepositories } from '../../../src/github/people.ts';

const silence: Answer<never> = { outcome: 'unreachable', code: 'ETIMEDOUT', said: 'no answer' };
const said = <T>(value: T): Answer<T> => ({ outcome: 'answered', value });

/** GitHub with one person, and a clock, both as the test wants them. */
function world(administrators: (string | number)[] = []) {
  const state = {
    now: Date.parse('2026-03-01T12:00:00Z'),
    asked: 0,
    person: said({ id: 7, login: 'rob' }) as Answer<GitHubPerson>,
    repositories: said({ ids: [1, 2], isWhole: true }) as Answer<ReadableRepositories>,
  };
  const granted = grants({
    people: {
      person: async () => {
        state.asked += 1;
        return state.person;
      },
      repositories: async () => state.repositories,
    },
    isAdministrator: (person) => isAmong(administrators, person),
    now: () => state.now,
    log: pino({ level: 'silent' }),
  });
  const scope = async () => {
    const answer = await granted.of('token');
    return answer.outcome === 'granted' ? answer.viewer.scope : answer.outcome;
  };
  return { state, granted, scope };
}

it('asks once for all requests of a minute', async () => {
  const { state, scope } = world();
  expect(await Promise.all([scope(), scope(), scope()])).toEqual([
    [1, 2],
    [1, 2],
    [1, 2],
  ]);
  state.now += 59_000;
  expect(await scope()).toEqual([1, 2]);
  expect(state.asked).toBe(1);
});

it('forgets within a minute what was withdrawn', async () => {
  const { state, scope } = world();
  await scope();
  state.repositories = said({ ids: [2], isWhole: true });
  state.now += 60_000;
  expect(await scope()).toEqual([2]);
});

it('holds what GitHub said for three minutes while GitHub does not answer, and no longer', async () => {
  const { state, scope } = world();
  await scope();
  state.person = silence;
  state.now += 90_000;
  expect(await scope()).toEqual([1, 2]);
  state.now += 89_000;
  expect(await scope()).toEqual([1, 2]);
  state.now += 1_000;
  expect(await scope()).toBe('unknown');
});

it('does not make everybody wait for a GitHub that does not answer', async () => {
  const { state, scope } = world();
  await scope();
  state.person = silence;
  state.now += 60_000;
  for (let request = 0; request < 5; request++) await scope();
  expect(state.asked).toBe(2);
  state.now += 10_000;
  await scope();
  expect(state.asked).toBe(3);
});

it.each([
  ['does not answer', silence],
  ['asks for less', { outcome: 'refused', status: 403, said: 'API rate limit exceeded' }],
  ['fails', { outcome: 'refused', status: 502, said: '' }],
  ['is another program', { outcome: 'strange' }],
] as [string, Answer<never>][])('shows nobody anything when GitHub %s', async (_, answer) => {
  const { state, scope } = world();
  state.repositories = answer;
  expect(await scope()).toBe('unknown');
});

it('ends with the token, whatever was said before', async () => {
  const { state, scope } = world();
  await scope();
  state.person = { outcome: 'refused', status: 401, said: 'Bad credentials' };
  state.now += 60_000;
  expect(await scope()).toBe('ended');
  state.person = silence;
  expect(await scope()).toBe('unknown');
});

it('keeps people apart', async () => {
  const { state, granted } = world();
  await granted.of('token');
  state.person = said({ id: 8, login: 'guest' });
  state.repositories = said({ ids: [], isWhole: true });
  expect(await granted.of('another token')).toMatchObject({ viewer: { name: 'guest', scope: [] } });
  expect(await granted.of('token')).toMatchObject({ viewer: { name: 'rob', scope: [1, 2] } });
});

it.each([
  [['ROB'], 'all'],
  [[7], 'all'],
  [
    ['robin', 'ro', 77, '7'],
    [1, 2],
  ],
] as [(string | number)[], unknown][])(
  'with the administrators %j lets rob see %j',
  async (list, expected) => {
    expect(await world(list).scope()).toEqual(expected);
  },
);

it('takes an administrator whose account was renamed for one by its number alone', async () => {
  const { state, scope } = world(['rob']);
  expect(await scope()).toBe('all');
  state.person = said({ id: 7, login: 'robert' });
  state.now += 60_000;
  expect(await scope()).toEqual([1, 2]);
});
