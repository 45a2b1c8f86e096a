import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { flagValues } from '../../src/cli/flag-values.ts';

const schema = z.object({
  bucket: z.string().regex(/^[a-z]+$/, 'lower case'),
  url: z.url().optional(),
});
const sources = {
  bucket: { flag: '--s3-bucket', variables: ['BUCKET', 'OLD_BUCKET'] },
  url: { flag: '--url', variables: ['URL'] },
};

describe('flagValues', () => {
  it.each([
    ['the flag before the variables', { s3Bucket: 'flag' }, { BUCKET: 'variable' }, 'flag'],
    ['the first variable that is set', {}, { BUCKET: '', OLD_BUCKET: 'old' }, 'old'],
    ['the variable when the flag is empty', { s3Bucket: '' }, { BUCKET: 'variable' }, 'variable'],
  ])('takes %s', (_, flags, env, bucket) => {
    expect(flagValues(schema, sources, flags, env)).toEqual({ bucket });
  });

  it('names every problem by where the value came from', () => {
    expect(() => flagValues(schema, sources, { url: 'x' }, { OLD_BUCKET: 'UPPER' })).toThrow(
      expect.objectContaining({
        code: 'input-invalid',
        message: 'OLD_BUCKET must be lower case; --url must be an http(s) address.',
      }),
    );
  });

  it('says by which names a missing value can be given', () => {
    expect(() => flagValues(schema, sources, {}, {})).toThrow(
      '--s3-bucket (or BUCKET, OLD_BUCKET) is not set.',
    );
  });
});
