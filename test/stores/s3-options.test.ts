import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { S3Options } from '../../src/stores/s3/options.ts';

const least = { bucket: 'dexter-sessions', region: 'eu-central-1' };

describe('the options of the S3 store', () => {
  it('need a bucket and its region', () => {
    expect(S3Options.parse(least)).toEqual({ ...least, prefix: 'dexter', forcePathStyle: false });
    expect(S3Options.safeParse({ bucket: 'dexter-sessions' }).success).toBe(false);
    expect(S3Options.safeParse({ region: 'eu-central-1' }).success).toBe(false);
  });

  it.each([
    { endpoint: 'https://minio.example.com:9000', forcePathStyle: true },
    { endpoint: 'http://127.0.0.1:9000' },
    { region: 'auto' },
    { prefix: 'teams/shop_1/dexter-2' },
    { sse: 'AES256' },
    { sse: 'aws:kms' },
    {
      sse: 'aws:kms',
      sseKmsKeyId: 'arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-4000-8000-1234567890ab',
    },
    { sse: 'aws:kms:dsse', sseKmsKeyId: 'alias/sessions' },
  ])('take $endpoint $region $prefix $sse $sseKmsKeyId', (options) => {
    expect(S3Options.parse({ ...least, ...options })).toMatchObject(options);
  });

  it.each([
    { bucket: 'Upper-Case' },
    { bucket: 'a' },
    { bucket: 'with/slash' },
    { region: 'eu central' },
    { region: '' },
    { endpoint: 'ftp://files.example.com' },
    { endpoint: 'minio.example.com' },
    { endpoint: 'https://user:password@minio.example.com' },
    { endpoint: 'https://minio.example.com/?a=b' },
    { prefix: '' },
    { prefix: '/dexter' },
    { prefix: 'dexter/' },
    { prefix: 'a//b' },
    { prefix: 'a/../b' },
    { sse: 'none' },
    { sseKmsKeyId: 'alias/sessions' },
    { sse: 'AES256', sseKmsKeyId: 'alias/sessions' },
    { secretAccessKey: 'not here' },
  ])('refuse %o', (options) => {
    expect(S3Options.safeParse({ ...least, ...options }).success).toBe(false);
  });

  it('say what they are for', () => {
    const { properties = {} } = z.toJSONSchema(S3Options, { io: 'input' });
    expect(Object.keys(properties)).toEqual(
      expect.arrayContaining([
        'bucket',
        'region',
        'endpoint',
        'prefix',
        'forcePathStyle',
        'sse',
        'sseKmsKeyId',
      ]),
    );
    for (const property of Object.values(properties))
      expect(property).toMatchObject({ description: expect.stringMatching(/\w/) });
  });
});
