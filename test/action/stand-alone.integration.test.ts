import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { instructions } from '../../demo/story/solution.ts';
import { type AloneWorld, createAloneWorld } from './alone-world.ts';

let world: AloneWorld;
beforeEach(async () => {
  world = await createAloneWorld();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const repo = { owner: 'acme', repo: 'shop' };

async function openIssue(): Promise<number> {
  const { data } = await world.github.as('maria').rest.issues.create({
    ...repo,
    title: 'Coupons that take a percentage off',
    body: 'SUMMER10 takes ten percent off.',
  });
  return data.number;
}

async function commentsOn(number: number) {
  const { data } = await world.github.as('maria').rest.issues.listComments({ ...repo, issue_number: number });
  return data.map(({ body = '', user, created_at, updated_at }) => ({
    body,
    by: user?.login,
    created_at,
    updated_at,
  }));
}

describe('a run without the app', () => {
  it('continues on the pull request the session that it began on the issue', async () => {
    const number = await openIssue();
    const first = await world.run({
      event: 'issue_comment',
      actor: 'maria',
      inputs: { number: String(number), instruction: `@dexter ${instructions.onTicket}` },
    });
    console.log(first.output, first.outputs, first.summary);
    expect(first.exitCode, first.output).toBe(0);
    console.log(await commentsOn(number));
  });
});
