import { z } from 'zod';

/** Where the sessions are in S3, or in what speaks its protocol. */
export const S3Options = z
  .strictObject({
    bucket: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
        'the name of a bucket: lower case letters, digits, dots and dashes',
      )
      .meta({ description: 'Bucket that keeps the sessions; it has to exist' }),
    region: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,63}$/, 'a region, such as eu-central-1')
      .meta({ description: 'Region of the bucket; servers other than AWS often take any, or `auto`' }),
    endpoint: z
      .url({ protocol: /^https?$/ })
      .refine(isPlain, 'an address without user, password and query')
      .optional()
      .meta({ description: 'Address of an S3-compatible server; left out for AWS itself' }),
    prefix: z
      .string()
      .max(200)
      .regex(
        /^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/,
        'folder names of letters, digits, _ and -, with / between them',
      )
      .default('dexter')
      .meta({ description: 'Folder in the bucket below which everything is kept' }),
    forcePathStyle: z.boolean().default(false).meta({
      description:
        'Whether the bucket stands in the path instead of in the host name; most servers other than AWS need it',
    }),
    sse: z.enum(['AES256', 'aws:kms', 'aws:kms:dsse']).optional().meta({
      description: "Encryption by the server, besides Dexter's own; left out for what the bucket says",
    }),
    sseKmsKeyId: z
      .string()
      .regex(/^[A-Za-z0-9:/_-]{1,2048}$/, 'the id, the ARN or the alias of a KMS key')
      .optional()
      .meta({ description: 'KMS key of that encryption; left out for the default key of AWS' }),
  })
  .refine(({ sse, sseKmsKeyId }) => sseKmsKeyId === undefined || sse?.startsWith('aws:kms'), {
    path: ['sseKmsKeyId'],
    message: 'goes with `sse: aws:kms` or `sse: aws:kms:dsse` only',
  })
  .meta({ description: 'Sessions in S3' });
export type S3Options = z.infer<typeof S3Options>;

/** How long a server is waited for. Sizes in bytes, times in milliseconds. */
export interface Patience {
  /** How often a request is sent before it has failed. */
  tries: number;
  /** The longest pause before the second try; it doubles with each try, up to `maximumMs`. */
  baseMs: number;
  maximumMs: number;
  /** A request without an answer, or an answer that stopped, for this long is broken off. */
  silenceMs: number;
  /** A download that brought less than `progressBytes` in this time is given up. */
  stallMs: number;
  progressBytes: number;
  /** Time for one part of an upload. */
  partMs: number;
}

const defaultPatience: Patience = {
  tries: 5,
  baseMs: 200,
  maximumMs: 20_000,
  silenceMs: 15_000,
  stallMs: 60_000,
  progressBytes: 256_000,
  partMs: 180_000,
};

export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

export interface S3StoreOptions extends z.input<typeof S3Options> {
  /** Left out, they are found as all programs of AWS find them: environment, profile, role of the machine. */
  credentials?: S3Credentials | undefined;
  /** Variables that say how to get out of the network, such as `HTTPS_PROXY`. */
  proxy?: Readonly<Record<string, string | undefined>> | undefined;
  patience?: Partial<Patience> | undefined;
  now?: (() => Date) | undefined;
  /** From 0 up to 1, for pauses. */
  random?: (() => number) | undefined;
  /** Told of tidying that did not work; it fails no save. */
  warn?: ((message: string) => void) | undefined;
}

/** Options with everything filled in. */
export interface S3Setup {
  place: S3Options;
  credentials: S3Credentials | undefined;
  proxy: S3StoreOptions['proxy'];
  patience: Patience;
  now: () => Date;
  random: () => number;
  warn: (message: string) => void;
}

export function completeOptions(options: S3StoreOptions): S3Setup {
  const { bucket, region, endpoint, prefix, forcePathStyle, sse, sseKmsKeyId } = options;
  const { credentials, proxy, patience, now, random, warn } = options;
  return {
    place: S3Options.parse({ bucket, region, endpoint, prefix, forcePathStyle, sse, sseKmsKeyId }),
    credentials,
    proxy,
    patience: { ...defaultPatience, ...patience },
    now: now ?? (() => new Date()),
    random: random ?? Math.random,
    warn: warn ?? (() => undefined),
  };
}

/** Whether an address holds nothing that is secret or has no meaning here. What is no address is refused before. */
function isPlain(address: string): boolean {
  if (!URL.canParse(address)) return true;
  const { username, password, search, hash } = new URL(address);
  return [username, password, search, hash].every((part) => part === '');
}
