import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGitHub } from '../../demo/github/start-github.ts';
import { repositorySource } from '../app/world.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { dexterIn } from './dexter-process.ts';

const workflowPath = '.github/workflows/dexter.yml';
const example = await readFile(new URL('../../examples/dexter.yml', import.meta.url), 'utf8');

let place: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeEach(async () => {
  place = await temporaryDirectory();
});

afterEach(() => place.remove());

const dexter = (args: string[], env: Record<string, string> = {}, directory = place.path) =>
  dexterIn(directory, ['init', ...args], env);

async function clone(): Promise<void> {
  const git = (...args: string[]) => execa('git', ['-C', place.path, ...args]);
  await git('init', '--quiet');
  await git('remote', 'add', 'origin', 'git@github.com:acme/shop.git');
}

const at = (path: string) => join(place.path, path);

describe('dexter init in a clone', () => {
  beforeEach(clone);

  it('writes both files at its top and says what is left to do', async () => {
    await mkdir(at('deep/inside'), { recursive: true });
    const { code, stdout, stderr } = await dexter([], {}, at('deep/inside'));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`In ${place.path}:\nWrote     ${workflowPath}`);
    expect(stdout).toContain('https://github.com/acme/shop/settings/installations');
    expect(stdout).toContain('https://github.com/acme/shop/settings/secrets/actions/new');
    expect(stdout).toContain('https://github.com/acme/shop/settings/actions/runners/new');
    expect(await readFile(at(workflowPath), 'utf8')).toBe(example);
    expect(await readFile(at('.github/dexter.yml'), 'utf8')).toMatch(
      /^# yaml-language-server: \$schema=https:/,
    );
    expect((await dexter([])).stdout).toMatch(/^In .*\nUnchanged .*\nUnchanged /);
  });

  it('writes over nothing that is there and differs, unless it is told to', async () => {
    await mkdir(at('.github/workflows'), { recursive: true });
    await writeFile(at(workflowPath), 'on: push\n');
    await writeFile(at('.github/dexter.yml'), 'enabled: false\n');
    const kept = await dexter(['--json']);
    expect(kept.code).toBe(1);
    expect(JSON.parse(kept.stdout)).toMatchObject({
      files: [
        { path: workflowPath, outcome: 'kept' },
        { path: '.github/dexter.yml', outcome: 'works' },
      ],
    });
    expect(await readFile(at(workflowPath), 'utf8')).toBe('on: push\n');
    expect((await dexter([])).stderr).toContain('--force');
    expect((await dexter(['--force'])).code).toBe(0);
    expect(await readFile(at(workflowPath), 'utf8')).toBe(example);
  });

  it('names a copy of Dexter where it is told to, and the file as the app is told to', async () => {
    const env = { DEXTER_WORKFLOW: 'claude.yml' };
    expect((await dexter(['--action', `acme/bot@${'c'.repeat(40)}`], env)).code).toBe(0);
    expect(await readdir(at('.github/workflows'))).toEqual(['claude.yml']);
    const text = await readFile(at('.github/workflows/claude.yml'), 'utf8');
    expect(text).toMatch(/uses: acme\/bot.*@c{40}/);
    const wrong = await dexter(['--action', 'acme/bot@main']);
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('--action must be') });
  });

  it('says that a workflow which it leaves as it is does not use the commit that it was given', async () => {
    await dexter([]);
    const action = `acme/bot@${'c'.repeat(40)}`;
    const said = 'does not use acme/bot/.github/workflows/dexter.yml@cccc';
    const kept = await dexter(['--action', action]);
    expect([kept.code, kept.stdout]).toEqual([0, expect.stringContaining(said)]);
    expect(await readFile(at(workflowPath), 'utf8')).toBe(example);
    const forced = await dexter(['--action', action, '--force']);
    expect([forced.code, forced.stdout]).toEqual([0, expect.not.stringContaining('Not applied')]);
  });

  it('takes another directory, and refuses the clone of Dexter itself', async () => {
    await using elsewhere = await temporaryDirectory();
    const named = await dexter([place.path], {}, elsewhere.path);
    expect([named.code, named.stdout]).toEqual([0, expect.stringContaining(`In ${place.path}:`)]);
    const mistaken = await dexter(['shopp']);
    expect(mistaken).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no directory') });
    const both = await dexter([place.path, '--pull-request', 'acme/shop']);
    expect(both).toMatchObject({ code: 1, stderr: expect.stringContaining('exclude each other') });
    await rm(at('.github'), { recursive: true });
    const own = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    await writeFile(at('package.json'), own);
    const refused = await dexter([]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("Dexter's own clone") });
    expect(await readdir(place.path)).not.toContain('.github');
    await writeFile(at('package.json'), '{"name":"dexter","bin":"dexter.js"}');
    expect((await dexter([])).code).toBe(0);
  });
});

it('dexter init elsewhere writes nothing', async () => {
  const { code, stderr } = await dexter([]);
  expect([code, stderr]).toMatchObject([1, expect.stringContaining('not in a clone')]);
  expect(await readdir(place.path)).toEqual([]);
});

describe('dexter init --pull-request', () => {
  it('opens the pull request of the app as whoever has the token, once, and does not print the token', async () => {
    const github = await startGitHub({ repositorySource });
    try {
      const token = github.tokenOf('maria');
      const env = { GH_TOKEN: token, GITHUB_API_URL: github.apiUrl, GITHUB_SERVER_URL: github.url };
      const first = await dexter(['--pull-request', 'acme/shop'], env);
      expect([first.code, first.stderr]).toEqual([0, '']);
      expect(first.stdout).toContain(`Opened a pull request on acme/shop:\n  ${github.url}/acme/shop/pull/1`);
      const again = await dexter(['--pull-request', 'acme/shop', '--json'], env);
      expect(JSON.parse(again.stdout)).toMatchObject({ outcome: 'open', pullRequest: { number: 1 } });
      expect(first.stdout + again.stdout).not.toContain(token);
      const { data } = await github.as('rob').rest.pulls.list({ owner: 'acme', repo: 'shop' });
      expect(data).toMatchObject([{ title: 'Add Dexter', user: { login: 'maria' } }]);
      const missing = await dexter(['--pull-request', 'acme/none'], env);
      expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('acme/none does not exist') });
    } finally {
      await github.close();
    }
  });

  it('says what it needs when it has no token', async () => {
    const { code, stderr } = await dexter(['--pull-request', 'acme/shop']);
    expect([code, stderr]).toMatchObject([1, expect.stringContaining('GITHUB_TOKEN')]);
  });
});
