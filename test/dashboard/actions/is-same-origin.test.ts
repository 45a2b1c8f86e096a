import { expect, it } from 'vitest';
import { isSameOrigin } from '../../../src/dashboard/actions/is-same-origin.ts';

const host = 'dexter.example';

it.each([
  ['what browsers send', { host, origin: 'https://dexter.example', 'sec-fetch-site': 'same-origin' }, true],
  ['an older browser', { host, origin: 'https://dexter.example' }, true],
  ['a browser that hides the origin of its own page', { host, 'sec-fetch-site': 'same-origin' }, true],
  ['a proxy that changes the host', { host: '10.0.0.7:3000', origin: 'https://public.example' }, true],
  ['a port that is said', { host: '127.0.0.1:3000', origin: 'http://127.0.0.1:3000' }, true],
  ['another site', { host, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, false],
  [
    'another host of the site',
    { host, origin: 'https://a.dexter.example', 'sec-fetch-site': 'same-site' },
    false,
  ],
  ['another port', { host: '127.0.0.1:3000', origin: 'http://127.0.0.1:8080' }, false],
  ['an origin that is hidden', { host, origin: 'null' }, false],
  ['an origin that is none', { host, origin: 'dexter.example' }, false],
  ['another scheme', { host, origin: 'file://dexter.example' }, false],
  ['a typed address', { host, 'sec-fetch-site': 'none' }, false],
  [
    'own origin said by another site',
    { host, origin: 'https://dexter.example', 'sec-fetch-site': 'cross-site' },
    false,
  ],
  ['nothing', { host }, false],
])('%s: %j is %s', (_, headers: Record<string, string>, isSame) => {
  expect(isSameOrigin((name) => headers[name], 'https://public.example/')).toBe(isSame);
});
