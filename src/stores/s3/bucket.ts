import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import type { S3 } from '@aws-sdk/client-s3';
import { StoreFault } from './explain.ts';
import type { S3Setup } from './options.ts';
import { isPassing, pause, Silence, statusOf, Truncated, withRetries, withTimeLimit } from './retry.ts';

/** Whether the object has to be as it was, or must not exist. */
export type Condition = { ifMatch: string } | { ifNoneMatch: '*' };

export interface StoredObject {
  key: string;
  bytes: number;
  writtenAt: Date;
}

export interface Part {
  PartNumber: number;
  ETag: string;
  ChecksumCRC32: string;
}

/** The calls to S3 that the store is made of: each with its time limit and, where that is safe, tried again. */
export type Bucket = ReturnType<typeof openBucket>;

export function openBucket(setup: S3Setup) {
  const { place, patience, random } = setup;
  const { tries, silenceMs, partMs } = patience;
  const at = { Bucket: place.bucket };
  const sealed = {
    ...(place.sse ? { ServerSideEncryption: place.sse } : {}),
    ...(place.sseKmsKeyId ? { SSEKMSKeyId: place.sseKmsKeyId } : {}),
  };
  let client: Promise<S3> | undefined;

  /** One request, once. */
  async function once<T>(
    request: (s3: S3, abortSignal: AbortSignal) => Promise<T>,
    ms = silenceMs,
    cancelled?: AbortSignal,
  ): Promise<T> {
    client ??= connect(setup);
    const s3 = await client;
    return await withTimeLimit(ms, (signal) => request(s3, signal), cancelled);
  }

  /** A request that does no harm when it is repeated. */
  const send: typeof once = (request, ms, signal) =>
    withRetries(() => once(request, ms, signal), { patience, random, signal });

  async function* pages(prefix: string, delimiter?: string) {
    let token: string | undefined;
    do {
      const page = await send((s3, abortSignal) =>
        s3.listObjectsV2(
          {
            ...at,
            Prefix: prefix,
            ...(delimiter ? { Delimiter: delimiter } : {}),
            ...(token ? { ContinuationToken: token } : {}),
          },
          { abortSignal },
        ),
      );
      yield page;
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token);
  }

  /** Hands the content of an answer to `onChunk`; broken off after a silence. */
  async function receive(
    body: unknown,
    signal: AbortSignal | undefined,
    onChunk: (chunk: Uint8Array) => void,
  ): Promise<void> {
    if (!(body instanceof Readable)) throw new Truncated('an answer without content');
    const silence = setTimeout(() => body.destroy(new Silence(silenceMs)), silenceMs);
    const cancel = () => body.destroy();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      for await (const chunk of body) {
        silence.refresh();
        onChunk(chunk);
      }
    } finally {
      clearTimeout(silence);
      signal?.removeEventListener('abort', cancel);
      body.destroy();
    }
  }

  return {
    /** A small object and its ETag; undefined when there is none. More than `limit` bytes are a fault. */
    async get(key: string, limit: number): Promise<{ bytes: Buffer; etag: string } | undefined> {
      try {
        return await withRetries(
          async () => {
            const { Body, ETag, ContentLength } = await once((s3, abortSignal) =>
              s3.getObject({ ...at, Key: key }, { abortSignal }),
            );
            const chunks: Uint8Array[] = [];
            let received = 0;
            await receive(Body, undefined, (chunk) => {
              received += chunk.byteLength;
              if (received > limit)
                throw new StoreFault(
                  `the object ${key} is larger than it can be`,
                  'Remove the session (`forget`); the next run starts a new one.',
                );
              chunks.push(chunk);
            });
            if (ContentLength !== undefined && received !== ContentLength)
              throw new Truncated('an answer that ended early');
            return { bytes: Buffer.concat(chunks), etag: ETag ?? '' };
          },
          { patience, random },
        );
      } catch (error) {
        if (error instanceof Error && error.name === 'NoSuchKey') return undefined;
        throw error;
      }
    },

    /** Length of an object; undefined when there is none. */
    async size(key: string): Promise<number | undefined> {
      try {
        const { ContentLength } = await send((s3, abortSignal) =>
          s3.headObject({ ...at, Key: key }, { abortSignal }),
        );
        return ContentLength ?? 0;
      } catch (error) {
        // The answer to HEAD has no body to tell a missing object from a missing bucket.
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    },

    /**
     * Bytes `start` to before `end` of an object of `total` bytes. An answer that breaks off is continued where
     * it stopped; tries count from the last progress.
     */
    async range(
      key: string,
      { start, end, total }: { start: number; end: number; total: number },
      signal: AbortSignal,
    ): Promise<Buffer> {
      const into = Buffer.allocUnsafeSlow(end - start);
      const stalled = stallWatch(setup);
      let filled = 0;
      let failures = 0;
      for (;;) {
        const before = filled;
        try {
          const from = start + filled;
          const { Body, ContentRange } = await once(
            (s3, abortSignal) =>
              s3.getObject({ ...at, Key: key, Range: `bytes=${from}-${end - 1}` }, { abortSignal }),
            silenceMs,
            signal,
          );
          if (ContentRange !== `bytes ${from}-${end - 1}/${total}`) {
            if (Body instanceof Readable) Body.destroy();
            throw new StoreFault(
              `the object ${key} does not have the ${total} bytes that were saved`,
              'Try an older generation or start again with `--fresh`, and find out who else writes to the bucket.',
            );
          }
          await receive(Body, signal, (chunk) => {
            if (filled + chunk.byteLength > into.length) throw new Truncated('an answer that is too long');
            into.set(chunk, filled);
            filled += chunk.byteLength;
            stalled(filled);
          });
          if (filled === into.length) return into;
          throw new Truncated('an answer that ended early');
        } catch (error) {
          signal.throwIfAborted();
          // A server that closed too early may have sent everything.
          if (filled === into.length) return into;
          failures = filled > before ? 1 : failures + 1;
          if (!isPassing(error) || failures >= tries) throw missing(error, key);
          stalled(filled);
          await pause(failures, error, { patience, random, signal });
        }
      }
    },

    /** Writes an object whatever there was. */
    async put(key: string, body: Uint8Array): Promise<void> {
      await send(
        (s3, abortSignal) =>
          s3.putObject(
            {
              ...at,
              ...sealed,
              Key: key,
              Body: body,
              ContentLength: body.length,
              ChecksumCRC32: crcOf(body),
            },
            { abortSignal },
          ),
        partMs,
      );
    },

    /**
     * Writes an object on a condition, once: after a lost answer a second try would meet the first one.
     * `contended` (409) is what S3 says while another write is going on.
     */
    async putIf(
      key: string,
      body: Uint8Array,
      condition: Condition,
    ): Promise<'written' | 'refused' | 'contended'> {
      const asked =
        'ifMatch' in condition ? { IfMatch: condition.ifMatch } : { IfNoneMatch: condition.ifNoneMatch };
      try {
        await once((s3, abortSignal) =>
          s3.putObject(
            {
              ...at,
              ...sealed,
              ...asked,
              Key: key,
              Body: body,
              ContentLength: body.length,
              ChecksumCRC32: crcOf(body),
              ContentType: 'application/json',
            },
            { abortSignal },
          ),
        );
        return 'written';
      } catch (error) {
        if (statusOf(error) === 412) return 'refused';
        // What should be as it was is gone.
        if (error instanceof Error && error.name === 'NoSuchKey') return 'refused';
        if (statusOf(error) === 409) return 'contended';
        throw error;
      }
    },

    /** Removes objects; what is not there is no error. One by one: not every server knows more at once. */
    async remove(keys: string[]): Promise<void> {
      for (const key of keys)
        await send((s3, abortSignal) => s3.deleteObject({ ...at, Key: key }, { abortSignal }));
    },

    /** All objects whose key begins with `prefix`. */
    async *objects(prefix: string): AsyncGenerator<StoredObject> {
      for await (const { Contents } of pages(prefix)) {
        for (const { Key, Size, LastModified } of Contents ?? [])
          if (Key !== undefined) yield { key: Key, bytes: Size ?? 0, writtenAt: LastModified ?? setup.now() };
      }
    },

    /** Names of the folders in the folder `prefix`, which ends with a slash. */
    async *folders(prefix: string): AsyncGenerator<string> {
      for await (const { CommonPrefixes } of pages(prefix, '/')) {
        for (const { Prefix } of CommonPrefixes ?? [])
          if (Prefix !== undefined) yield Prefix.slice(prefix.length, -1);
      }
    },

    async beginParts(key: string): Promise<string> {
      const { UploadId } = await send((s3, abortSignal) =>
        s3.createMultipartUpload({ ...at, ...sealed, Key: key, ChecksumAlgorithm: 'CRC32' }, { abortSignal }),
      );
      if (UploadId === undefined) throw new Truncated('an answer without an upload id');
      return UploadId;
    },

    async putPart(
      key: string,
      upload: string,
      number: number,
      body: Uint8Array,
      signal: AbortSignal,
    ): Promise<Part> {
      const ChecksumCRC32 = crcOf(body);
      const { ETag } = await send(
        (s3, abortSignal) =>
          s3.uploadPart(
            {
              ...at,
              Key: key,
              UploadId: upload,
              PartNumber: number,
              Body: body,
              ContentLength: body.length,
              ChecksumCRC32,
            },
            { abortSignal },
          ),
        partMs,
        signal,
      );
      if (ETag === undefined) throw new Truncated('an answer without an ETag');
      return { PartNumber: number, ETag, ChecksumCRC32 };
    },

    /** Makes an object of the parts. After a lost answer the upload is unknown: then `size` tells. */
    async endParts(key: string, upload: string, parts: Part[]): Promise<void> {
      let isRepeated = false;
      await send(async (s3, abortSignal) => {
        try {
          await s3.completeMultipartUpload(
            { ...at, Key: key, UploadId: upload, MultipartUpload: { Parts: parts } },
            { abortSignal },
          );
        } catch (error) {
          if (isRepeated && error instanceof Error && error.name === 'NoSuchUpload') return;
          isRepeated = true;
          throw error;
        }
      }, partMs);
    },

    /** Takes the parts of an upload away; one that is gone is no error. */
    async abortParts(key: string, upload: string): Promise<void> {
      try {
        await send((s3, abortSignal) =>
          s3.abortMultipartUpload({ ...at, Key: key, UploadId: upload }, { abortSignal }),
        );
      } catch (error) {
        if (!(error instanceof Error && error.name === 'NoSuchUpload')) throw error;
      }
    },

    /** Uploads in parts below `prefix` that nobody has ended. The first thousand: more are found next time. */
    async uploads(prefix: string): Promise<{ key: string; upload: string; startedAt: Date }[]> {
      const { Uploads } = await send((s3, abortSignal) =>
        s3.listMultipartUploads({ ...at, Prefix: prefix }, { abortSignal }),
      );
      return (Uploads ?? []).flatMap(({ Key, UploadId, Initiated }) =>
        Key?.startsWith(prefix) && UploadId !== undefined
          ? [{ key: Key, upload: UploadId, startedAt: Initiated ?? setup.now() }]
          : [],
      );
    },
  };
}

/** The SDK is large and slow to load, and most runs keep their sessions elsewhere. */
async function connect({ place, credentials, proxy }: S3Setup): Promise<S3> {
  const { S3: Client } = await import('@aws-sdk/client-s3');
  return new Client({
    region: place.region,
    forcePathStyle: place.forcePathStyle,
    // Tries are counted here, where it is known what may be repeated.
    maxAttempts: 1,
    responseChecksumValidation: 'WHEN_REQUIRED',
    // The SDK makes agents of its own, which know nothing of the proxy that the process was told of.
    ...(proxy ? { requestHandler: { httpAgent: { proxyEnv: proxy }, httpsAgent: { proxyEnv: proxy } } } : {}),
    ...(place.endpoint ? { endpoint: place.endpoint } : {}),
    ...(credentials
      ? {
          credentials: {
            accessKeyId: credentials.accessKeyId,
            secretAccessKey: credentials.secretAccessKey,
            ...(credentials.sessionToken ? { sessionToken: credentials.sessionToken } : {}),
          },
        }
      : {}),
  });
}

function crcOf(bytes: Uint8Array): string {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(bytes));
  return checksum.toString('base64');
}

/** Throws when too little has come for too long. */
function stallWatch({ patience: { stallMs, progressBytes }, place }: S3Setup) {
  let mark = { at: performance.now(), filled: 0 };
  return (filled: number) => {
    const now = performance.now();
    if (filled - mark.filled >= progressBytes) mark = { at: now, filled };
    if (now - mark.at <= stallMs) return;
    throw new StoreFault(
      `the bucket ${place.bucket} sends too slowly: ${filled - mark.filled} bytes in ${Math.round(stallMs / 1000)} s`,
      'Check the network between the machine and the bucket, then try again with `retry`.',
    );
  };
}

/** An object that the pointer names has to be there. */
function missing(error: unknown, key: string): unknown {
  const isGone = error instanceof Error && ['NoSuchKey', 'InvalidRange'].includes(error.name);
  if (!isGone) return error;
  return new StoreFault(
    `the object ${key} is gone or shorter than it was`,
    'Start again with `--fresh`, and find out what else removes objects from the bucket, such as a lifecycle rule.',
  );
}
