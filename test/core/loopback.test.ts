import { describe, expect, it } from 'vitest';
import { isLoopbackAddress, isLoopbackHost } from '../../src/core/loopback.ts';

describe('isLoopbackAddress', () => {
  it.each(['127.0.0.1', '127.255.0.3', '::1', '::ffff:127.0.0.1', '0:0:0:0:0:0:0:1'])(
    'knows %s',
    (address) => {
      expect(isLoopbackAddress(address)).toBe(true);
    },
  );
  it.each([
    '',
    '128.0.0.1',
    '10.0.0.1',
    '0.0.0.0',
    '::',
    '::ffff:10.0.0.1',
    'localhost',
    '127.0.0.1.example',
    '127.1',
  ])('does not take %j for one', (address) => {
    expect(isLoopbackAddress(address)).toBe(false);
  });
});

describe('isLoopbackHost', () => {
  it.each(['localhost', 'LocalHost', '127.0.0.1', '[::1]', '::1'])('knows %s', (host) => {
    expect(isLoopbackHost(host)).toBe(true);
  });
  it.each(['', 'localhost.example.com', '127.0.0.1.nip.io', 'dexter.example', '[::2]', 'localhost:3000'])(
    'does not take %j for one',
    (host) => {
      expect(isLoopbackHost(host)).toBe(false);
    },
  );
});
