import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStoreOf, scopeOf } from '../../src/cli/open-store-of.ts';

const open = (flags: Record<string, string | boolean>, env: Record<string, string> = {}) =>
  openStoreOf(flags, env, () => undefined);

describe('openStoreOf', () => {
  it.each([
    [{}, {}, join(process.cwd(), '.dexter/workspace')],
    [{}, { DEXTER_DATA: '/data' }, '/data/workspace'],
    [{}, { DEXTER_DATA: '/data', DEXTER_WORKSPACE: '/usr' }, '/usr'],
    [{ workspace: '/etc' }, { DEXTER_WORKSPACE: '/usr' }, '/etc'],
    [{ store: 'workspace', workspace: '/etc' }, { DEXTER_STORE: 's3' }, '/etc'],
  ])('finds the workspace with %j and %j in %s', async (flags, env, directory) => {
    expect(await open(flags, env)).toMatchObject({ name: 'workspace', place: `the directory ${directory}` });
  });

  it('does not take a wrong name for an empty workspace', async () => {
    await expect(open({ workspace: '/not/there' })).rejects.toMatchObject({
      code: 'input-invalid',
      message: 'There is no directory /not/there.',
    });
  });

  it('takes the store from its variable, and the region from that of AWS', async () => {
    const env = { DEXTER_STORE: 's3', DEXTER_S3_BUCKET: 'sessions', AWS_REGION: 'eu-central-1' };
    expect(await open({ s3PathStyle: true, s3KmsKeyId: 'alias/key' }, env)).toMatchObject({
      name: 's3',
      place: 'the bucket sessions below dexter',
    });
  });

  it.each([
    [{ store: 'disk' }, {}, '--store must be `workspace`, `s3` or `actions-cache`.'],
    [{}, { DEXTER_STORE: 'disk' }, 'DEXTER_STORE must be `workspace`, `s3` or `actions-cache`.'],
    [{ store: 's3', s3Region: 'x' }, {}, '--s3-bucket (or DEXTER_S3_BUCKET) is not set.'],
    [
      { store: 's3', s3Bucket: 'b/../c', s3Endpoint: 'file:///x' },
      { DEXTER_S3_REGION: 'a b', DEXTER_S3_PATH_STYLE: 'yes' },
      '--s3-bucket must be the name of a bucket: lower case letters, digits, dots and dashes; DEXTER_S3_REGION must be a region, such as eu-central-1; --s3-endpoint must be an http(s) address; DEXTER_S3_PATH_STYLE must be `true` or `false`.',
    ],
    [
      { store: 'actions-cache' },
      {},
      'The store `actions-cache` cannot be reached without --repository (or GITHUB_REPOSITORY) and GITHUB_TOKEN (or GH_TOKEN).',
    ],
    [{ store: 'actions-cache', repository: 'x' }, {}, '--repository must be a repository as `owner/name`.'],
    [
      { store: 'actions-cache' },
      { GITHUB_REPOSITORY: 'o/r', GH_TOKEN: 'secret', GITHUB_API_URL: 'nowhere' },
      'GITHUB_API_URL must be an http(s) address.',
    ],
  ])('refuses %j with %j and says why', async (flags, env, message) => {
    await expect(open(flags, env)).rejects.toMatchObject({ code: 'input-invalid', message });
  });
});

describe('scopeOf', () => {
  it('reads the ids', () => {
    expect(scopeOf({ installation: '0', repositoryId: '20' })).toEqual({
      installationId: 0,
      repositoryId: 20,
    });
    expect(scopeOf({})).toEqual({});
  });

  it('refuses what is no id', () => {
    expect(() => scopeOf({ installation: '-1', repositoryId: '0' })).toThrow(
      '--installation must be a number; --repository-id must be a number from 1 on.',
    );
  });
});
