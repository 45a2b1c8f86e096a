import { App, Octokit } from 'octokit';
import { afterEach, describe, expect, it } from 'vitest';
import { type GitHub, startGitHub } from '../../demo/github/start-github.ts';
import { type Onboarded, onboardRepository } from '../../src/onboarding/onboard-repository.ts';
import type { OnboardingTemplate } from '../../src/onboarding/template.ts';
import { repositorySource } from '../app/world.ts';
import { templateOf, workflowOf } from './templates.ts';

const place = { owner: 'acme', repo: 'shop' };
const workflowPath = '.github/workflows/dexter.yml';

let github: GitHub;
let maria: Octokit['rest'];

async function begin(without: string[] = []): Promise<void> {
  github = await startGitHub({ repositorySource, without });
  maria = github.as('maria').rest;
}

afterEach(() => github?.close());

/** Looks at the repository as the app does. */
async function look(
  template: OnboardingTemplate = templateOf('v1'),
  { id, ...more }: { mayWriteWorkflows?: boolean; isAsked?: boolean; id?: number } = {},
): Promise<Onboarded> {
  const quiet = { baseUrl: github.apiUrl, throttle: { enabled: false }, retry: { enabled: false } };
  const app = new App({
    appId: github.app.id,
    privateKey: github.app.privateKey,
    Octokit: Octokit.defaults(quiet),
  });
  return onboardRepository({
    octokit: await app.getInstallationOctokit(github.app.installationId),
    repository: { owner: 'acme', name: 'shop', ...(id === undefined ? {} : { id }) },
    template,
    serverUrl: 'https://github.com',
    name: 'dexter',
    mayWriteWorkflows: true,
    ...more,
  });
}

async function pulls() {
  const { data } = await maria.pulls.list({ ...place, state: 'all' });
  return data.toSorted((a, b) => a.number - b.number);
}

async function changedIn(number: number) {
  const { data } = await maria.pulls.listFiles({ ...place, pull_number: number });
  return data.map(({ filename, status }) => `${status} ${filename}`).toSorted();
}

async function textAt(path: string, ref: string): Promise<string | undefined> {
  const { data } = await maria.repos.getContent({ ...place, path, ref });
  return 'content' in data ? Buffer.from(data.content, 'base64').toString('utf8') : undefined;
}

/** A commit of Maria's. */
async function write(path: string, branch: string, content: string): Promise<void> {
  const sha = await maria.repos
    .getContent({ ...place, path, ref: branch })
    .then(({ data }) => ('sha' in data ? data.sha : undefined))
    .catch(() => undefined);
  await maria.repos.createOrUpdateFileContents({
    ...place,
    path,
    branch,
    message: `Write ${path}`,
    content: Buffer.from(content).toString('base64'),
    ...(sha ? { sha } : {}),
  });
}

const close = (number: number) => maria.pulls.update({ ...place, pull_number: number, state: 'closed' });
const merge = (number: number) => maria.pulls.merge({ ...place, pull_number: number });

/** A change that a team makes in its own copy. */
const own = (text: string) => text.replace('dexter]', 'big]');

describe('a repository without the workflow', () => {
  it('gets one pull request that adds two files and nothing else', async () => {
    await begin();
    expect(await look()).toMatchObject({ outcome: 'opened', number: 1, hasWorkflow: true });
    expect(await look()).toEqual({ outcome: 'open', number: 1 });
    const [pull, ...others] = await pulls();
    expect(others).toEqual([]);
    expect(pull).toMatchObject({
      title: 'Add Dexter',
      user: { login: 'dexter[bot]' },
      base: { ref: 'main' },
    });
    expect(pull?.body).toContain('https://github.com/acme/shop/settings/secrets/actions/new');
    expect(await changedIn(1)).toEqual(['added .github/dexter.yml', `added ${workflowPath}`]);
    expect(await textAt(workflowPath, 'dexter/onboarding')).toBe(workflowOf('v1'));
  });

  it('gets one also from two that look at the same time', async () => {
    await begin();
    const both = await Promise.all([look(), look()]);
    expect(both.map(({ outcome }) => outcome).toSorted()).toEqual(['open', 'opened']);
    expect(await pulls()).toHaveLength(1);
    expect(await changedIn(1)).toHaveLength(2);
  });

  it('gets it also when only the branch was made before a crash', async () => {
    await begin();
    const { data } = await maria.git.getRef({ ...place, ref: 'heads/main' });
    await maria.git.createRef({ ...place, ref: 'refs/heads/dexter/onboarding', sha: data.object.sha });
    expect(await look()).toMatchObject({ outcome: 'opened' });
    expect(await changedIn(1)).toHaveLength(2);
  });

  it('gets none when it only has the name of the one that is meant', async () => {
    await begin();
    const { data } = await maria.repos.get(place);
    expect(await look(templateOf('v1'), { id: data.id + 1 })).toEqual({
      outcome: 'skipped',
      because: 'gone',
    });
    expect(await pulls()).toEqual([]);
    expect(await look(templateOf('v1'), { id: data.id })).toMatchObject({ outcome: 'opened' });
  });

  it('keeps settings that it has', async () => {
    await begin();
    await write('.github/dexter.yml', 'main', 'enabled: false\n');
    await look();
    expect(await changedIn(1)).toEqual([`added ${workflowPath}`]);
  });
});

describe('an open pull request', () => {
  it('follows the template, and keeps what a person committed to it', async () => {
    await begin();
    await look();
    await write(workflowPath, 'dexter/onboarding', own(workflowOf('v1')));
    await write('notes.md', 'dexter/onboarding', 'mine\n');
    const second = templateOf('v2', '# new\n');
    expect(await look(second)).toMatchObject({ outcome: 'updated', hasConflict: false });
    expect(await look(second)).toEqual({ outcome: 'open', number: 1 });
    expect(await textAt(workflowPath, 'dexter/onboarding')).toBe(own(workflowOf('v2')));
    expect(await textAt('.github/dexter.yml', 'dexter/onboarding')).toBe('# new\n');
    expect(await textAt('notes.md', 'dexter/onboarding')).toBe('mine\n');
    // And so it does the next time.
    await look(templateOf('v3'));
    expect(await textAt(workflowPath, 'dexter/onboarding')).toBe(own(workflowOf('v3')));
    expect(await pulls()).toHaveLength(1);
  });

  it('says so when what was changed stands where the template changed', async () => {
    await begin();
    await look();
    await write(workflowPath, 'dexter/onboarding', workflowOf('ours'));
    await write('.github/dexter.yml', 'dexter/onboarding', 'enabled: false\n');
    expect(await look(templateOf('v2', '# new\n'))).toMatchObject({ outcome: 'updated', hasConflict: true });
    expect(await textAt(workflowPath, 'dexter/onboarding')).toBe(workflowOf('v2'));
    expect(await textAt('.github/dexter.yml', 'dexter/onboarding')).toBe('enabled: false\n');
  });
});

describe('a pull request that was closed', () => {
  it('is the last one, unless a person asks for another', async () => {
    await begin();
    await look();
    await close(1);
    expect(await look()).toEqual({ outcome: 'declined', number: 1 });
    expect(await look(templateOf('v2'))).toEqual({ outcome: 'declined', number: 1 });
    expect(await look(templateOf('v2'), { isAsked: true })).toMatchObject({ outcome: 'opened', number: 2 });
  });
});

describe('a pull request that was merged', () => {
  it('is followed by one for a new template, with the changes of the team', async () => {
    await begin();
    await look();
    await merge(1);
    expect(await textAt(workflowPath, 'main')).toBe(workflowOf('v1'));
    expect(await look()).toEqual({ outcome: 'current' });
    await write(workflowPath, 'main', own(workflowOf('v1')));
    expect(await look()).toEqual({ outcome: 'merged', number: 1 });

    expect(await look(templateOf('v2', '# new\n'))).toMatchObject({
      outcome: 'opened',
      number: 2,
      hasConflict: false,
    });
    expect((await pulls())[1]?.title).toBe('Update the workflow of Dexter');
    expect(await changedIn(2)).toEqual([`modified ${workflowPath}`]);
    expect(await textAt(workflowPath, 'dexter/onboarding')).toBe(own(workflowOf('v2')));
    await close(2);
    expect(await look(templateOf('v3'))).toEqual({ outcome: 'declined', number: 2 });
  });
});

describe('a repository that has a workflow', () => {
  it('is left alone while the app can start it', async () => {
    await begin();
    await write(workflowPath, 'main', own(workflowOf('v0')));
    expect(await look()).toEqual({ outcome: 'current' });
    expect(await pulls()).toEqual([]);
  });

  it('gets a pull request when it lacks an input', async () => {
    await begin();
    await write(workflowPath, 'main', workflowOf('v1').replace(/ *context: .*\n/, ''));
    expect(await look()).toMatchObject({ outcome: 'opened' });
    expect((await pulls())[0]?.title).toBe('Update the workflow of Dexter');
  });
});

describe('without the permission to write workflows', () => {
  it.each([
    ['is known', false],
    ['shows when GitHub refuses', true],
  ])('which %s, the settings are proposed and the editor is linked', async (_, mayWriteWorkflows) => {
    await begin(['workflows']);
    expect(await look(templateOf('v1'), { mayWriteWorkflows })).toMatchObject({
      outcome: 'opened',
      hasWorkflow: false,
    });
    expect(await changedIn(1)).toEqual(['added .github/dexter.yml']);
    const [pull] = await pulls();
    expect(pull?.body).toContain(
      '/acme/shop/new/dexter/onboarding?filename=.github%2Fworkflows%2Fdexter.yml',
    );
    expect(await look(templateOf('v1'), { mayWriteWorkflows: false })).toEqual({
      outcome: 'open',
      number: 1,
    });
    // A person follows the link.
    await write(workflowPath, 'dexter/onboarding', workflowOf('v1'));
    await merge(1);
    expect(await look(templateOf('v1'), { mayWriteWorkflows: false })).toEqual({ outcome: 'current' });
  });

  it('nothing is proposed where the settings are there already', async () => {
    await begin(['workflows']);
    await write('.github/dexter.yml', 'main', 'enabled: true\n');
    expect(await look(templateOf('v1'))).toEqual({ outcome: 'skipped', because: 'not-permitted' });
    expect(await pulls()).toEqual([]);
  });
});

describe('a repository in which nothing can be proposed', () => {
  it('because it is archived is left alone', async () => {
    await begin();
    await maria.repos.update({ ...place, archived: true });
    expect(await look()).toEqual({ outcome: 'skipped', because: 'archived' });
  });
});
