import { expect, it } from 'vitest';
import type { Actor } from '../../../src/core/command.ts';
import { mayNotAct } from '../../../src/dashboard/actions/may-not-act.ts';

const where = { installationId: 1, repository: { id: 7, owner: 'acme', name: 'shop' } };
const rob: Actor = { from: 'github', id: 5, login: 'rob', type: 'User' };
const silent = async () => Promise.reject(new Error('no route to GitHub'));

it('refuses while GitHub does not say who may write, and says so', async () => {
  expect(await mayNotAct({ github: silent }, rob, where)).toMatchObject({
    outcome: 'refused',
    why: 'unanswered',
    problem: {
      message: expect.stringContaining('could not find out whether `rob` may write to acme/shop'),
      hint: expect.stringContaining('Try again later'),
    },
  });
});

it('asks nobody about whoever sits at this machine', async () => {
  expect(
    await mayNotAct({ github: silent }, { from: 'dexter', name: 'this machine' }, where),
  ).toBeUndefined();
});
