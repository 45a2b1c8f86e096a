import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../src/core/redact.ts';

const jwt = `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(40)}.${'c-_'.repeat(12)}`;
const key = ['-----BEGIN RSA PRIVATE KEY-----', 'MIIEow==', '-----END RSA PRIVATE KEY-----'].join('\n');

const found: [string, string, string][] = [
  ['a personal token', `t=ghp_${'a1'.repeat(18)}.`.slice(0, -1), 't=[REDACTED:github-token]'],
  ['an old installation token', `ghs_${'A1'.repeat(18)}`, '[REDACTED:github-token]'],
  ['the long installation token', `use ghs_123456_${jwt} now`, 'use [REDACTED:github-token] now'],
  ['a fine-grained token', `github_pat_${'a_1'.repeat(20)}`, '[REDACTED:github-token]'],
  ['an Anthropic key', `key sk-ant-api03-${'x-_'.repeat(20)}`, 'key [REDACTED:anthropic-key]'],
  ['an Atlassian token', `ATATT3xFfGF0${'Q='.repeat(20)}`, '[REDACTED:atlassian-token]'],
  ['an AWS key id', 'id AKIAIOSFODNN7EXAMPLE.', 'id [REDACTED:aws-key].'],
  ['a JSON web token', `"${jwt}"`, '"[REDACTED:jwt]"'],
  ['a private key', `a\n${key}\nb`, 'a\n[REDACTED:private-key]\nb'],
  ['a private key that is cut off', key.slice(0, 40), '[REDACTED:private-key]'],
  ['a password in an address', 'git://me:p4ss@host/x', 'git://me:[REDACTED:url-password]@host/x'],
  ['a bearer token', 'Authorization: Bearer abcdef0123456789', 'Authorization: Bearer [REDACTED:bearer]'],
  [
    'basic credentials',
    'AUTHORIZATION: basic eC1hY2Nlc3M6dG9rZW4x',
    'AUTHORIZATION: basic [REDACTED:bearer]',
  ],
  [
    'a token after an escaped line end',
    `{"x":"\\nghp_${'b2'.repeat(18)}"}`,
    '{"x":"\\n[REDACTED:github-token]"}',
  ],
];

const leftAlone = [
  'a basic understanding of internationalization',
  'the bearer of this unbelievablylongword',
  'https://example.com:8443/path@v1',
  'npm install task-ant-colony-simulation-tools',
  '2ad52e8c1f0a9b8e7d6c5b4a39281706f5e4d3c2',
  'e3b0c442-98fc-4c14-9afb-f4c8996fb924',
  'ghp_short',
];

describe('redact', () => {
  it.each(found)('finds %s', (_name, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it.each(leftAlone)('leaves %j as it is', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('replaces the values that it is told about, the longest first', () => {
    expect(redact('x-hunter22-y hunter2', ['hunter2', 'hunter22'])).toBe(
      'x-[REDACTED:secret]-y [REDACTED:secret]',
    );
  });

  it('leaves values alone that are too short to be secrets', () => {
    expect(redact('main main', ['main', ''])).toBe('main main');
  });

  it('changes nothing the second time', () => {
    const pieces = fc.oneof(
      fc.constantFrom(...found.map(([, text]) => text), 'Bearer ', '@', ':', '://'),
      fc.string(),
    );
    fc.assert(
      fc.property(
        fc.array(pieces),
        fc.array(fc.string({ minLength: 6 }), { maxLength: 2 }),
        (parts, secrets) => {
          const once = redact(parts.join(''), secrets);
          expect(redact(once, secrets)).toBe(once);
        },
      ),
    );
  });
});
