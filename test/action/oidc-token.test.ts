import nock from 'nock';
import { afterEach, expect, it } from 'vitest';
import { oidcToken } from '../../action/oidc-token.ts';

const env = {
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://runner.example/token?api-version=2.0',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
};
const query = { 'api-version': '2.0', audience: 'https://dexter.example/a?b' };
const ask = () => oidcToken('https://dexter.example/a?b', env, [1, 1]);
const service = () =>
  nock('https://runner.example', { reqheaders: { authorization: 'Bearer request-token' } })
    .get('/token')
    .query(query);

afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
});

it('asks the runner for a token that is made for the app', async () => {
  service().reply(200, { value: 'header.claims.signature' });
  expect(await ask()).toBe('header.claims.signature');
});

it.each([500, 503, 429])('asks again after HTTP %i', async (status) => {
  service().reply(status);
  service().replyWithError('connection reset');
  service().reply(200, { value: 'token' });
  expect(await ask()).toBe('token');
});

it.each<[string, () => void, RegExp]>([
  ['forbids it', () => service().reply(403), /HTTP 403/],
  ['stays away', () => service().times(3).reply(502), /HTTP 502/],
  ['answers nothing of use', () => service().times(3).reply(200, { value: '' }), /value/],
])('says which permission to give when the service %s', async (_, answers, message) => {
  answers();
  await expect(ask()).rejects.toMatchObject({
    code: 'claim-refused',
    message: expect.stringMatching(message),
    hint: expect.stringContaining('id-token: write'),
  });
});

it('says so in a job that may not have a token', async () => {
  await expect(oidcToken('https://dexter.example', {}, [])).rejects.toMatchObject({
    code: 'claim-refused',
    message: expect.stringContaining('gave the run no OIDC token'),
  });
});
