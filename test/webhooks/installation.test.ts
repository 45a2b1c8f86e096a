import { describe, expect, it } from 'vitest';
import { readInstalled } from '../../src/webhooks/installation.ts';
import { BadPayload } from '../../src/webhooks/payload.ts';

const shop = { id: 7, name: 'shop', full_name: 'acme/shop', private: true };

describe('an event of an installation', () => {
  it.each([
    ['installation.created', { installation: { id: 5, account: { login: 'acme' } }, repositories: [shop] }],
    ['installation_repositories.added', { installation: { id: 5 }, repositories_added: [shop] }],
  ])('%s names the repositories', (_, payload) => {
    expect(readInstalled(payload)).toEqual({
      installationId: 5,
      repositories: [{ id: 7, owner: 'acme', name: 'shop' }],
    });
  });

  it('may name none', () => {
    expect(readInstalled({ installation: { id: 5 } }).repositories).toEqual([]);
  });

  it.each([
    [{}],
    [{ installation: { id: 0 } }],
    [{ installation: { id: 5 }, repositories: [{ ...shop, full_name: 'acme/shop/../x' }] }],
    [{ installation: { id: 5 }, repositories: [{ ...shop, id: 'x' }] }],
  ])('is refused in another shape: %j', (payload) => {
    expect(() => readInstalled(payload)).toThrow(BadPayload);
  });
});
