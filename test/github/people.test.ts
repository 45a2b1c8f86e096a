import nock from 'nock';
import { afterEach, expect, it } from 'vitest';
import { gitHubPeople } from '../../src/github/people.ts';

const api = 'https://api.github.example';
const server = 'https://github.example';
const people = gitHubPeople({
  appId: 7,
  client: { id: 'Iv23abc', secret: 'secret-of-the-client' },
  apiUrl: api,
  serverUrl: server,
});

afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
});

const asRob = { reqheaders: { authorization: 'token ghu_rob' } };

function installations(...list: object[]) {
  return nock(api, asRob)
    .get('/user/installations?per_page=100&page=1')
    .reply(200, { total_count: list.length, installations: list });
}

const repositories = (id: number, page = 1) =>
  nock(api, asRob).get(`/user/installations/${id}/repositories?per_page=100&page=${page}`);

const readable = (id: number) => ({ id, permissions: { pull: true, push: false } });

it('exchanges a code for a token, with the verifier and as the app', async () => {
  nock(server)
    .post('/login/oauth/access_token', {
      client_id: 'Iv23abc',
      client_secret: 'secret-of-the-client',
      code: 'the code',
      code_verifier: 'the verifier',
      redirect_uri: 'https://dexter.example/sign-in/callback',
    })
    .reply(200, {
      access_token: 'ghu_rob',
      expires_in: 28_800,
      refresh_token: 'ghr_rob',
      token_type: 'bearer',
    });
  const asked = {
    code: 'the code',
    verifier: 'the verifier',
    redirectUri: 'https://dexter.example/sign-in/callback',
  };
  expect(await people.exchange(asked)).toEqual({
    outcome: 'answered',
    value: { token: 'ghu_rob', expiresInSeconds: 28_800 },
  });
});

it.each([
  [
    200,
    { error: 'bad_verification_code' },
    { outcome: 'refused', status: 400, said: 'bad_verification_code' },
  ],
  [404, { message: 'Not Found' }, { outcome: 'refused', status: 404, said: 'Not Found' }],
  [200, '<html>', { outcome: 'strange' }],
])('says what GitHub answers with %s %j instead of a token', async (status, body, expected) => {
  nock(server).post('/login/oauth/access_token').reply(status, body);
  expect(await people.exchange({ code: 'c', verifier: 'v', redirectUri: 'r' })).toEqual(expected);
});

it('lists what the person may read, of each installation of this app', async () => {
  installations(
    { id: 1, app_id: 7, suspended_at: null },
    { id: 2, app_id: 7 },
    { id: 3, app_id: 8 },
    { id: 4, app_id: 7, suspended_at: '2026-03-01T12:00:00Z' },
  );
  const noReading = { id: 12, permissions: { pull: false } };
  repositories(1).reply(200, {
    total_count: 4,
    repositories: [readable(11), noReading, { id: 13 }, readable(14)],
  });
  repositories(2).reply(200, { total_count: 1, repositories: [readable(21)] });
  expect(await people.repositories('ghu_rob')).toEqual({
    outcome: 'answered',
    value: { ids: [11, 14, 21], isWhole: true },
  });
});

it('reads all pages, up to a number of them', async () => {
  const pageOf = (first: number) => Array.from({ length: 100 }, (_, index) => readable(first + index));
  installations({ id: 1, app_id: 7 });
  for (let page = 1; page <= 30; page++)
    repositories(1, page).reply(200, { total_count: 9_999, repositories: pageOf(page * 1_000) });
  const answer = await people.repositories('ghu_rob');
  expect(answer).toMatchObject({ outcome: 'answered', value: { isWhole: false } });
  expect(answer.outcome === 'answered' && new Set(answer.value.ids).size).toBe(3_000);
});

it.each([
  ['wants another sign-in (SAML)', 403, 'Resource protected by organization SAML enforcement.'],
  ['is gone', 404, 'Not Found'],
])('leaves out an installation that %s', async (_, status, message) => {
  installations({ id: 1, app_id: 7 }, { id: 2, app_id: 7 });
  repositories(1).reply(status, { message });
  repositories(2).reply(200, { total_count: 1, repositories: [readable(21)] });
  expect(await people.repositories('ghu_rob')).toMatchObject({ value: { ids: [21] } });
});

it.each([
  ['a limit', 403, { message: 'API rate limit exceeded for user ID 7.' }],
  ['another limit', 403, { message: 'You have exceeded a secondary rate limit.' }],
  ['an error', 502, { message: 'Server Error' }],
  ['the end of the token', 401, { message: 'Bad credentials' }],
])('takes %s on any page for no answer at all', async (_, status, body) => {
  installations({ id: 1, app_id: 7 }, { id: 2, app_id: 7 });
  repositories(1).reply(200, { total_count: 1, repositories: [readable(11)] });
  repositories(2).reply(status, body);
  expect(await people.repositories('ghu_rob')).toEqual({ outcome: 'refused', status, said: body.message });
});

it('ends a token as the app', async () => {
  nock(api)
    .delete('/applications/Iv23abc/token', { access_token: 'ghu_rob' })
    .basicAuth({ user: 'Iv23abc', pass: 'secret-of-the-client' })
    .reply(204);
  expect(await people.revoke('ghu_rob')).toMatchObject({ outcome: 'answered' });
});
