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
  'PGPASSWORD',
  'MYSQL_PWD',
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
  'PWD',
  'OLDPWD',
  'CACHE_KEY',
  'SSH_AUTH_SOCK',
  'ISSUE_KEY',
])('leaves the value of %s alone', (name) => {
  expect(secretValues({ [name]: value })).toEqual([]);
});

it.each(['STRIPE_KEY', 'OPENAI_KEY', 'GH_PAT', 'NPM_AUTH'])(
  'takes the value of %s for a secret when nobody made it up',
  (name) => {
    expect(secretValues({ [name]: 'rk_live_4eC39HqLyjWDarjt' })).toEqual(['rk_live_4eC39HqLyjWDarjt']);
    expect(secretValues({ [name]: 'node-modules-of-the-shop' })).toEqual([]);
  },
);

it.each([
  ['postgres://shop:p%40ssw0rd-1@db.example:5432/shop', ['p%40ssw0rd-1', 'p@ssw0rd-1']],
  ['https://0123456789abcdef0123@o1.ingest.example/42', ['0123456789abcdef0123']],
  ['Server=db;User Id=shop;Password=correct-horse;', ['correct-horse']],
  ['host=db user=shop password=correct-horse', ['correct-horse']],
  ['AccountName=shop;AccountKey=Zm9vYmFyYmF6cXV4==;EndpointSuffix=x', ['Zm9vYmFyYmF6cXV4==']],
  ['jdbc:postgresql://db/shop?user=shop&password=correct-horse', ['correct-horse']],
  ['//registry.example/:_authToken=npm_0123456789', ['npm_0123456789']],
  ['https://db.example/shop?user=shop', []],
  ['postgres://shop:short@db.example/shop', []],
])('finds the secrets in %s, whatever its variable is called', (value, secrets) => {
  expect(secretValues({ WHERE: value })).toEqual(secrets);
});

it.each([
  ['CACHE_KEY', 'linux-node-modules-24-abcdef'],
  ['INPUT_ISSUE-KEY', 'gh-1034567890-123456'],
  ['BUILD_PWD', '/home/runner/work/shop'],
])('leaves the value of %s alone when it is %s', (name, value) => {
  expect(secretValues({ [name]: value })).toEqual([]);
});

it('leaves values alone that are too short to be told from ordinary text', () => {
  expect(secretValues({ A_TOKEN: 'true', B_TOKEN: '', C_TOKEN: undefined })).toEqual([]);
});
