import nock from 'nock';
import { Octokit } from 'octokit';
import { expect, it } from 'vitest';
import { committerReader, runnerToken } from '../../src/github/repositories.ts';

const api = 'https://api.github.example';
const octokit = new Octokit({
  auth: 'token',
  baseUrl: api,
  retry: { enabled: false },
  throttle: { enabled: false },
});
const auth = async () => octokit;

const least = { contents: 'write', pull_requests: 'write', metadata: 'read' };
const tokens = (permissions: Record<string, string>) =>
  nock(api).post('/app/installations/5/access_tokens', { repository_ids: [20], permissions });

it('mints a token for one repository, by which logs of Actions can be read', async () => {
  const asked = tokens({ ...least, actions: 'read' }).reply(201, { token: 'ghs_run' });
  expect(await runnerToken(auth, 5, 20)).toBe('ghs_run');
  expect(asked.isDone()).toBe(true);
});

it('mints one without Actions where the installation does not grant them', async () => {
  tokens({ ...least, actions: 'read' }).reply(422, {
    message: 'The permissions requested are not granted to this installation.',
  });
  tokens(least).reply(201, { token: 'ghs_less' });
  expect(await runnerToken(auth, 5, 20)).toBe('ghs_less');
});

it('mints none when GitHub fails', async () => {
  tokens({ ...least, actions: 'read' }).reply(500, { message: 'Oops' });
  await expect(runnerToken(auth, 5, 20)).rejects.toThrow('while making the token of the run (HTTP 500)');
});

it("reads the app's own account once, and again after a failure", async () => {
  const read = committerReader(auth);
  nock(api).get('/app').reply(500, { message: 'Oops' });
  await expect(read(5)).rejects.toThrow("while reading the app's own account (HTTP 500)");
  nock(api)
    .get('/app')
    .reply(200, { slug: 'dexter' })
    .get('/users/dexter%5Bbot%5D')
    .reply(200, { id: 9, login: 'dexter[bot]' });
  const expected = { name: 'dexter[bot]', email: '9+dexter[bot]@users.noreply.github.com' };
  expect(await Promise.all([read(5), read(6)])).toEqual([expected, expected]);
  expect(await read(5)).toEqual(expected);
});
