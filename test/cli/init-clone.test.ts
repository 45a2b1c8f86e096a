import { expect, it } from 'vitest';
import { repositoryIn } from '../../src/cli/init-clone.ts';

const shop = { owner: 'acme', name: 'shop' };

it.each([
  ['https://github.com/acme/shop.git', shop],
  ['https://github.com/acme/shop', shop],
  ['https://github.com/acme/shop/', shop],
  ['https://x-access-token:secret@github.com/acme/shop.git', shop],
  ['git@github.com:acme/shop.git', shop],
  ['ssh://git@github.com/acme/shop.git', shop],
  ['ssh://git@github.com:22/acme/shop.git', shop],
  ['git@github.com:acme/shop.js.git', { owner: 'acme', name: 'shop.js' }],
  ['https://gitlab.com/acme/shop.git', undefined],
  ['https://github.com/acme', undefined],
  ['https://github.com.evil.example/acme/shop', undefined],
  ['/srv/git/shop.git', undefined],
  ['', undefined],
])('the repository in the address %j', (address, wanted) => {
  expect(repositoryIn(address, 'github.com')).toEqual(wanted);
});
