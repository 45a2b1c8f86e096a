import nock from 'nock';
import { describe, expect, it } from 'vitest';
import { appClient } from '../../action/app-client.ts';
import { emptyReport } from '../../action/report.ts';
import { testKeys } from '../fakes/forge.ts';

const commandId = '11111111-2222-4333-8444-555555555555';
const path = (what: string) => `/base/api/commands/${commandId}/${what}`;
const client = appClient({ appUrl: 'https://dexter.example/base/', commandId, waits: [1, 1] });
const claimed = {
  fence: 3,
  runToken: 'run-token',
  githubToken: 'g',
  sessionKeys: testKeys(),
  context: { attachments: [] },
  committer: { name: 'd', email: 'e' },
};
const request = { claimant: commandId, runUrl: '', runnerName: 'r' };
const progress = { step: 's', turns: 0, lines: [], costUsd: null };

const app = (authorization: string) => nock('https://dexter.example', { reqheaders: { authorization } });

describe('appClient', () => {
  it('claims with the token of the run, and reports with the token of the claim', async () => {
    app('Bearer dispatch').post(path('claim'), request).reply(200, claimed);
    app('Bearer run-token').post(path('heartbeat'), { fence: 3, progress }).reply(200, { stop: true });
    app('Bearer run-token')
      .post(path('report'), (body) => body.fence === 3 && body.report.outcome === 'failed')
      .reply(200, {});
    expect(await client.claim(request, 'dispatch')).toEqual({ outcome: 'ok', value: claimed });
    expect(await client.heartbeat(claimed, progress)).toEqual({ outcome: 'ok', value: { stop: true } });
    expect(await client.report(claimed, emptyReport())).toEqual({ outcome: 'ok', value: undefined });
    expect(nock.isDone()).toBe(true);
  });

  it.each([500, 502, 503, 429, 408])('tries again after %i', async (status) => {
    app('Bearer t').post(path('claim')).reply(status);
    app('Bearer t').post(path('claim')).replyWithError('socket hang up');
    app('Bearer t').post(path('claim')).reply(200, claimed);
    expect(await client.claim(request, 't')).toMatchObject({ outcome: 'ok' });
  });

  it('gives up in the end, and says where the app should have been', async () => {
    app('Bearer t').post(path('claim')).times(3).reply(503);
    await expect(client.claim(request, 't')).rejects.toMatchObject({
      message: expect.stringMatching(/https:\/\/dexter\.example\/base.*503/),
    });
    expect(nock.isDone()).toBe(true);
  });

  it.each([400, 401, 403, 404, 409, 410])('takes %i as a refusal, once', async (status) => {
    const refusal = { code: 'claimed', message: 'Another run has it.', hint: 'None.' };
    app('Bearer t').post(path('claim')).reply(status, refusal);
    expect(await client.claim(request, 't')).toEqual({ outcome: 'refused', status, refusal });
  });

  it('takes a refusal without a reason as well', async () => {
    app('Bearer t').post(path('claim')).reply(403, '<html>');
    expect(await client.claim(request, 't')).toMatchObject({
      outcome: 'refused',
      refusal: { code: 'http-403' },
    });
  });

  it('tries a heartbeat once', async () => {
    app('Bearer run-token').post(path('heartbeat')).reply(503);
    await expect(client.heartbeat(claimed, progress)).rejects.toThrow('503');
    expect(nock.isDone()).toBe(true);
  });

  it.each([401, 409])('loses the command by a heartbeat that the app refuses with %i', async (status) => {
    const refusal = { code: 'fenced', message: 'Too late.', hint: '' };
    app('Bearer run-token').post(path('heartbeat')).reply(status, refusal);
    expect(await client.heartbeat(claimed, progress)).toEqual({ outcome: 'refused', status, refusal });
  });

  it.each([
    [404, '<html>'],
    [409, '<html>'],
    [403, { code: 'x', message: 'y', hint: 'z' }],
  ])('takes a heartbeat that something else answers with %i for one that failed', async (status, body) => {
    app('Bearer run-token').post(path('heartbeat')).reply(status, body);
    await expect(client.heartbeat(claimed, progress)).rejects.toThrow(String(status));
  });

  it.each(['not json', '{}', '{"fence":0}'])('does not go on with the answer %s', async (body) => {
    app('Bearer t').post(path('claim')).reply(200, body);
    await expect(client.claim(request, 't')).rejects.toMatchObject({
      hint: expect.stringContaining('version'),
    });
  });

  it('does not follow the token elsewhere', async () => {
    app('Bearer t').post(path('claim')).times(3).reply(307, '', { location: 'https://evil.example/' });
    const elsewhere = nock('https://evil.example').post('/').reply(200, claimed);
    await expect(client.claim(request, 't')).rejects.toThrow();
    expect(elsewhere.isDone()).toBe(false);
  });
});
