import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { S3 } from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { foldersOf } from '../../src/stores/s3/folders.ts';
import type { S3StoreOptions } from '../../src/stores/s3/options.ts';
import { s3Store } from '../../src/stores/s3.ts';
import {
  archiveOf,
  largeArchiveContract,
  newestText,
  sessionStoreContract,
} from '../contracts/session-store.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

/** A real server: it checks signatures, checksums and conditions. scripts/test-services.sh starts it. */
const server = z
  .object({
    TEST_S3_URL: z.url(),
    TEST_S3_BUCKET: z.string(),
    TEST_S3_REGION: z.string(),
    TEST_S3_ACCESS_KEY: z.string(),
    TEST_S3_SECRET_KEY: z.string(),
  })
  .parse(process.env);

const ref = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };
const credentials = {
  accessKeyId: server.TEST_S3_ACCESS_KEY,
  secretAccessKey: server.TEST_S3_SECRET_KEY,
};
const Bucket = server.TEST_S3_BUCKET;
const client = new S3({
  endpoint: server.TEST_S3_URL,
  region: server.TEST_S3_REGION,
  forcePathStyle: true,
  credentials,
});
afterAll(() => client.destroy());

/** The tests share a server: each has a folder of its own. */
function optionsOf(options: Partial<S3StoreOptions> = {}): S3StoreOptions {
  return {
    endpoint: server.TEST_S3_URL,
    bucket: Bucket,
    region: server.TEST_S3_REGION,
    credentials,
    forcePathStyle: true,
    prefix: `test-${randomBytes(6).toString('hex')}`,
    ...options,
  };
}

const create = async () => {
  const store = s3Store(optionsOf());
  return {
    store,
    async cleanUp() {
      for (const installation of [1, 2, 3, 12])
        for (const { ref } of await Array.fromAsync(store.list(installation))) await store.remove(ref);
    },
  };
};
sessionStoreContract('the S3 store on a real server', create);
largeArchiveContract('the S3 store on a real server', create);

describe('the S3 store on a real server', () => {
  it('saves each generation once, eight writers at a time', async () => {
    const options = optionsOf();
    for (const generation of [1, 2, 3, 4, 5, 6]) {
      const results = await Promise.all(
        Array.from({ length: 8 }, (_, writer) =>
          s3Store(options).write(ref, generation, archiveOf(`${writer}`)),
        ),
      );
      const winners = results.flatMap(({ outcome }, writer) => (outcome === 'saved' ? [`${writer}`] : []));
      expect(winners).toEqual([await newestText(s3Store(options))]);
    }
  });

  it('takes 500 MB there and back in less than 300 MB of memory', { timeout: 180_000 }, async () => {
    await using directory = await temporaryDirectory();
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [`${import.meta.dirname}/../fakes/s3-large.ts`, '500'],
      {
        cwd: directory.path,
        timeout: 170_000,
        env: {
          S3_URL: server.TEST_S3_URL,
          S3_BUCKET: Bucket,
          S3_PREFIX: optionsOf().prefix,
          S3_KEY: credentials.accessKeyId,
          S3_SECRET: credentials.secretAccessKey,
        },
      },
    );
    const measured: unknown = JSON.parse(stdout);
    console.log(stdout.trim());
    expect(measured).toMatchObject({ isSame: true, bytes: 500_000_000 });
    expect(z.object({ peakMB: z.number() }).parse(measured).peakMB).toBeLessThan(300);
  });

  it('ends uploads that nobody ended, after a day', async () => {
    const options = optionsOf();
    await s3Store(options).write(ref, 1, archiveOf('one'));
    const { Contents } = await client.listObjectsV2({ Bucket, Prefix: `${options.prefix}/` });
    const Key = Contents?.find(({ Key }) => Key?.includes('gen-000001'))?.Key;
    const { UploadId } = await client.createMultipartUpload({ Bucket, Key });
    await client.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: Buffer.alloc(100) });
    const left = async () =>
      (await client.listMultipartUploads({ Bucket, Prefix: `${options.prefix}/` })).Uploads ?? [];
    await s3Store(options).write(ref, 2, archiveOf('two'));
    expect(await left()).toHaveLength(1);
    const later = s3Store({ ...options, now: () => new Date(Date.now() + 2 * 24 * 60 * 60 * 1000) });
    await later.write(ref, 3, archiveOf('three'));
    expect(await left()).toEqual([]);
  });

  it('knows the installations that have something', async () => {
    const options = optionsOf();
    const store = s3Store(options);
    for (const installationId of [3, 12, 0]) await store.write({ ...ref, installationId }, 1, archiveOf('x'));
    expect((await foldersOf(options)).toSorted((a, b) => a - b)).toEqual([0, 3, 12]);
    expect(await foldersOf(optionsOf())).toEqual([]);
  });

  it.each<[name: string, options: Partial<S3StoreOptions>, said: RegExp]>([
    [
      'a wrong secret',
      { credentials: { ...credentials, secretAccessKey: 'not-the-secret' } },
      /does not know the credentials.*SignatureDoesNotMatch/,
    ],
    [
      'an unknown key',
      { credentials: { ...credentials, accessKeyId: 'NOBODY' } },
      /does not know the credentials/,
    ],
    ['another region', { region: 'eu-central-1' }, /not in the region eu-central-1/],
    ['a bucket that does not exist', { bucket: 'not-there' }, /not-there does not exist/],
  ])('says what to mend: %s', async (_, options, said) => {
    const error = await s3Store(optionsOf(options))
      .read(ref)
      .catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'session-unreadable', message: expect.stringMatching(said) });
  });
});
