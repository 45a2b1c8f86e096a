import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseInputs } from '../../action/inputs.ts';
import { parseRunner } from '../../action/runner.ts';
import { openStores } from '../../action/stores.ts';
import { IssueKey } from '../../src/core/issue-key.ts';
import { encodeInputs } from '../../src/core/job.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const job = encodeInputs({
  commandId: '11111111-2222-4333-8444-555555555555',
  issueKey: IssueKey.parse('DXTR-1'),
  instruction: 'implement this',
  context: '',
  session: { installationId: 1, repositoryId: 2, mode: 'resume', generation: 3, engine: 'claude-code' },
  target: { branch: 'dexter/DXTR-1', base: '', title: 'T', ticketUrl: '', requestedBy: 'Ann' },
  appUrl: 'https://dexter.example',
});

let workspace: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  workspace = await temporaryDirectory();
});
afterEach(() => workspace.remove());

function open(inputs: Record<string, string>, env: Record<string, string> = {}) {
  const given: Record<string, string> = { ...job, ...inputs };
  return openStores({
    inputs: parseInputs((name) => given[name] ?? ''),
    runner: parseRunner({ GITHUB_REPOSITORY: 'acme/shop' }),
    workspace: workspace.path,
    env,
    cacheProgram: '/action/save-program.js',
    warn: () => undefined,
  });
}

describe('openStores', () => {
  it('opens the workspace when nothing else is said', async () => {
    const { store, stores } = await open({});
    expect([...stores.keys()]).toEqual(['workspace']);
    expect(store).toBe(stores.get('workspace'));
  });

  it('opens the chosen store beside the workspace, where earlier sessions may lie', async () => {
    const { store, stores } = await open({
      store: 's3',
      's3-bucket': 'sessions',
      's3-region': 'eu-central-1',
    });
    expect([...stores.keys()]).toEqual(['workspace', 's3']);
    expect(store).toBe(stores.get('s3'));
    const cache = await open({ store: 'actions-cache', 'github-token': 'ghs_x' });
    expect([...cache.stores.keys()]).toEqual(['workspace', 'actions-cache']);
    expect(cache.store).toBe(cache.stores.get('actions-cache'));
  });

  it('opens S3 to forget in when a bucket is named, whatever is chosen', async () => {
    const { store, stores } = await open({ 's3-bucket': 'sessions' }, { AWS_REGION: 'eu-central-1' });
    expect([...stores.keys()]).toEqual(['workspace', 's3']);
    expect(store).toBe(stores.get('workspace'));
  });

  it('opens the Actions cache to forget in where it can be searched', async () => {
    const { session } = job;
    const forget = { session: JSON.stringify({ ...JSON.parse(session ?? '{}'), mode: 'forget' }) };
    expect([...(await open(forget)).stores.keys()]).toEqual(['workspace']);
    const { stores } = await open({ ...forget, 'github-token': 'ghs_x' });
    expect([...stores.keys()]).toEqual(['workspace', 'actions-cache']);
  });

  it('says which stores nobody named', async () => {
    const session = JSON.stringify({ ...JSON.parse(job.session ?? '{}'), mode: 'forget' });
    const token = { session, 'github-token': 'ghs_x' };
    expect([...(await open(token)).unnamed]).toEqual(['actions-cache']);
    expect([...(await open({ ...token, store: 'actions-cache' })).unnamed]).toEqual([]);
    expect([...(await open({})).unnamed]).toEqual([]);
  });

  it('takes a KMS key without more ado', async () => {
    const s3 = { store: 's3', 's3-bucket': 'sessions', 's3-region': 'r', 's3-kms-key-id': 'alias/dexter' };
    expect([...(await open(s3)).stores.keys()]).toEqual(['workspace', 's3']);
  });

  it.each([
    [{}, '`s3-bucket` is not set; `s3-region` is not set'],
    [
      { 's3-bucket': 'arn:aws:s3:::b', 's3-region': 'eu-central-1' },
      '`s3-bucket` must be the name of a bucket',
    ],
    [{ 's3-bucket': 'sessions', 's3-region': 'x y' }, '`s3-region` must be a region'],
    [
      { 's3-bucket': 'sessions', 's3-region': 'r', 's3-endpoint': 'https://user:password@s3.example' },
      '`s3-endpoint` must be an address without user',
    ],
  ])('names what is missing or wrong of S3: %j', async (inputs, problem) => {
    await expect(open({ store: 's3', ...inputs })).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining(problem),
    });
  });
});
