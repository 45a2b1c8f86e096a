import { expect, it } from 'vitest';
import { secretValues } from '../../src/core/secret-values.ts';

const value = 'a value of some length';

it.each([
  'GITHUB_TOKEN',
  'NPM_TOKEN',
  'MY_SECRET',
  'SECRET_SAUCE',
  'DB_PASSWORD',
  'INPUT_ANTHROPIC-API-KEY',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'ACTIONS_RUNTIME_TOKEN',
  'DEXTER_SESSION_KEY',
  'SERVICE_CREDENTIALS',
  'github_token',
])('takes the value of %s for a secret', (name) => {
  expect(secretValues({ [name]: value })).toEqual([value]);
});

it.each([
  'PATH',
  'HOME',
  'INPUT_ISSUE-KEY',
  'ACTIONS_ID_TOKEN_REQUEST_URL',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'KEYBOARD',
  'TOKENIZER',
  'CSECRETS',
])('leaves the value of %s alone', (name) => {
  expect(secretValues({ [name]: value })).toEqual([]);
});

it('leaves values alone that are too short to be told from ordinary text', () => {
  expect(secretValues({ A_TOKEN: 'true', B_TOKEN: '', C_TOKEN: undefined })).toEqual([]);
});
