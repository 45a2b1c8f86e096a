import { describe, expect, it } from 'vitest';
import { type Asker, judgeAsker } from '../../src/metrics/access.ts';

const token = 'token-of-the-metrics';

const local: Asker = {
  authorization: undefined,
  address: '127.0.0.1',
  host: 'localhost:3000',
  forwarding: [],
};

const appUrl = 'http://localhost:3000';

describe('who may read metrics', () => {
  it.each<[string, Partial<Asker>, string | undefined, 'admitted' | 401 | 403]>([
    ['loopback', {}, undefined, 'admitted'],
    ['loopback as IPv6 writes it', { address: '::ffff:127.0.0.1' }, undefined, 'admitted'],
    ['loopback of IPv6', { address: '::1', host: '[::1]:3000' }, undefined, 'admitted'],
    ['another machine', { address: '10.0.0.7' }, undefined, 403],
    ['nobody knows whence', { address: undefined }, undefined, 403],
    ['loopback behind x-forwarded-for', { forwarding: ['x-forwarded-for'] }, undefined, 403],
    ['loopback behind forwarded', { forwarding: ['forwarded'] }, undefined, 403],
    ['loopback behind via', { forwarding: ['via'] }, undefined, 403],
    ['a page that calls this machine by its own name', { host: 'evil.example:3000' }, undefined, 403],
    ['loopback without a host', { host: undefined }, undefined, 403],
    [
      'a token that nobody asked for',
      { address: '10.0.0.7', authorization: `Bearer ${token}` },
      undefined,
      403,
    ],
    ['the token', { authorization: `Bearer ${token}` }, token, 'admitted'],
    [
      'the token from another machine, through a proxy',
      { address: '10.0.0.7', authorization: `Bearer ${token}`, forwarding: ['via'], host: 'dexter.example' },
      token,
      'admitted',
    ],
    ['no token where there is one', {}, token, 401],
    ['a wrong token', { authorization: 'Bearer token-of-somebody' }, token, 401],
    ['a token that only begins so', { authorization: `Bearer ${token}s` }, token, 401],
    ['a token under another scheme', { authorization: `Basic ${token}` }, token, 401],
    ['a token without need', { authorization: 'Bearer undefined' }, undefined, 'admitted'],
  ])('%s', (_, asker, configured, expected) => {
    const verdict = judgeAsker({ ...local, ...asker }, { token: configured, appUrl });
    expect(verdict.outcome === 'admitted' ? 'admitted' : verdict.status).toBe(expected);
    if (verdict.outcome === 'refused') expect(verdict.error).toContain('DEXTER_METRICS_TOKEN');
  });

  it('lets no proxy in that does not say for whom it asks', () => {
    const verdict = judgeAsker(local, { token: undefined, appUrl: 'https://dexter.example.com' });
    expect(verdict).toMatchObject({ outcome: 'refused', status: 403 });
  });
});
