import type { Octokit } from 'octokit';
import { afterEach, expect, it } from 'vitest';
import { tokenClient } from '../../src/github/token-client.ts';
import { logLines } from '../fakes/log-lines.ts';
import { templateOf, workflowOf } from '../onboarding/templates.ts';
import { startWorld, type World, type WorldOptions } from './world.ts';

const place = { owner: 'acme', repo: 'shop' };
const workflowPath = '.github/workflows/dexter.yml';

/** Nothing takes so long on a busy machine. */
const patience = { timeout: 60_000 };

let world: World;
let maria: Octokit['rest'];
let lines: ReturnType<typeof logLines>['lines'];

async function begin(options: WorldOptions = {}): Promise<void> {
  const { log, lines: written } = logLines();
  lines = written;
  world = await startWorld({ onboardingTemplate: templateOf('v1'), log, ...options });
  maria = world.github.as('maria').rest;
}

afterEach(() => world?.close());

async function pulls() {
  const { data } = await maria.pulls.list({ ...place, state: 'all' });
  return data.toSorted((a, b) => a.number - b.number);
}

async function workflowOn(branch: string): Promise<string> {
  const { data } = await maria.repos.getContent({ ...place, path: workflowPath, ref: branch });
  return 'content' in data ? Buffer.from(data.content, 'base64').toString('utf8') : '';
}

const said = (name = 'acme/shop') =>
  lines.filter(({ repository }) => repository === name).map(({ msg }) => msg);

/** What the app says of the repository after `cause`, once it has looked at it. */
async function looked(cause: () => void | Promise<void>): Promise<string | undefined> {
  const before = said().length;
  await cause();
  await expect.poll(() => said().length, patience).toBe(before + 1);
  return said().at(-1);
}

it('proposes the workflow once, brings it up to date at the start with another one, and takes no for an answer', async () => {
  await begin();
  expect(await looked(() => world.github.install())).toBe('onboarding pull request opened');
  expect(await looked(() => world.github.install())).toBe('onboarding: nothing to do');
  const added = 'installation_repositories.added';
  expect(await looked(() => world.github.install(added))).toBe('onboarding: nothing to do');
  expect(await pulls()).toMatchObject([{ title: 'Add Dexter', state: 'open' }]);

  expect(await looked(() => world.restart(templateOf('v2')))).toBe('onboarding pull request updated');
  expect(await workflowOn('dexter/onboarding')).toBe(workflowOf('v2'));

  const [{ number } = { number: 0 }] = await pulls();
  await maria.pulls.update({ ...place, pull_number: number, state: 'closed' });
  expect(await looked(() => world.github.install())).toBe('onboarding: nothing to do');
  expect(await looked(() => world.restart(templateOf('v3')))).toBe('onboarding: nothing to do');
  expect(await pulls()).toHaveLength(1);

  // Repositories that the app does not see, and an event of another shape, harm nobody.
  world.github.install(added, [{ id: 4711, owner: 'acme', name: 'gone' }]);
  await expect.poll(() => said('acme/gone'), patience).toHaveLength(1);
  expect(said('acme/gone')[0]).toContain('not installed on it any more');
}, 360_000);

it('is quiet after the merge, and proposes a new template once', async () => {
  await begin();
  await looked(() => world.github.install());
  await maria.pulls.merge({ ...place, pull_number: 1 });
  expect(await looked(() => world.github.install())).toBe('onboarding: nothing to do');
  expect(await looked(() => world.restart(templateOf('v2')))).toBe('onboarding pull request opened');
  expect(await looked(() => world.github.install())).toBe('onboarding: nothing to do');
  expect(await pulls()).toMatchObject([
    { title: 'Add Dexter', state: 'closed' },
    { title: 'Update the workflow of Dexter', state: 'open' },
  ]);
}, 360_000);

it('does nothing where it is switched off, and gives a run no token that may write workflows', async () => {
  await begin({ onboarding: { isOn: false } });
  world.github.install();
  await world.github.settled();
  const deliveries = world.github.deliveries().map(({ event, status }) => [event, status]);
  expect(deliveries).toContainEqual(['installation', 'OK']);
  // A whole command goes by meanwhile.
  const { data: issue } = await maria.issues.create({ ...place, title: 'Please' });
  await world.comment('maria', issue.number, '@dexter do this');
  const { id } = await world.until(({ status }) => status === 'dispatched', 'is dispatched');
  const { claim } = await world.claim(id);
  const run = tokenClient(claim?.githubToken ?? '', world.github.apiUrl);
  const tree = (path: string) =>
    run.rest.git.createTree({ ...place, tree: [{ path, mode: '100644', type: 'blob', content: 'x' }] });
  expect((await tree('src/new.ts')).status).toBe(201);
  await expect(tree(workflowPath)).rejects.toMatchObject({ status: 403 });
  expect(said()).toEqual([]);
  expect(await pulls()).toEqual([]);
}, 360_000);
