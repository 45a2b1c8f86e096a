import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { S3 } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type S3Simulation, startS3 } from '../../demo/s3/start-s3.ts';
import { AppError } from '../../src/core/errors.ts';
import type { S3StoreOptions } from '../../src/stores/s3/options.ts';
import { s3Store } from '../../src/stores/s3.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';
import { archiveOf, newestText } from '../contracts/session-store.ts';
import { type Fault, type FaultyS3, startFaults } from '../fakes/s3-faults.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const ref = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };
const day = 24 * 60 * 60 * 1000;

let s3: S3Simulation;
let faults: FaultyS3;
let client: S3;
beforeAll(async () => {
  s3 = await startS3();
  faults = await startFaults(new URL(s3.url));
  client = new S3({ endpoint: s3.url, region: s3.region, forcePathStyle: true, credentials: s3 });
});
afterAll(async () => {
  client.destroy();
  await faults.close();
  await s3.close();
});

let prefix = '';
let tests = 0;
let store: SessionStore;
/** The same sessions by a way without faults. */
let other: SessionStore;
beforeEach(() => {
  tests += 1;
  prefix = `test-${tests}`;
  faults.clear();
  store = open();
  other = open({ endpoint: s3.url });
});
afterEach(() => faults.clear());

function open(options: Partial<S3StoreOptions> = {}): SessionStore {
  const { accessKeyId, secretAccessKey, bucket, region } = s3;
  return s3Store({
    endpoint: faults.url,
    bucket,
    region,
    prefix,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    ...options,
    patience: { baseMs: 1, maximumMs: 20, ...options.patience },
  });
}

/** Names of the objects of the session, without its folder. */
async function objects(): Promise<string[]> {
  const { Contents } = await client.listObjectsV2({ Bucket: s3.bucket, Prefix: `${prefix}/` });
  return (Contents ?? []).map(({ Key = '' }) => Key).sort();
}

async function pointerKey(): Promise<string> {
  const key = (await objects()).find((key) => key.endsWith('/HEAD'));
  if (key === undefined) throw new Error('There is no pointer');
  return key;
}

async function failure(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof AppError)) throw new Error(`Not an AppError: ${error}`);
  return error;
}

async function readAll(of: SessionStore = store): Promise<Buffer> {
  const found = await of.read(ref);
  if (found.outcome !== 'hit') throw new Error('miss');
  return Buffer.from(await new Response(found.archive).bytes());
}

const streamOf = (bytes: Buffer<ArrayBuffer>) => new Blob([bytes]).stream();
const serverError: Fault = { status: 500, code: 'InternalError' };
const slowDown: Fault = { status: 503, code: 'SlowDown', retryAfter: '1' };
const denied: Fault = { status: 403, code: 'AccessDenied' };

describe('a passing fault', () => {
  it.each<[name: string, on: string, fault: Fault, times: number]>([
    ['500', 'GET pointer', serverError, 4],
    ['a reset', 'GET pointer', 'reset', 1],
    ['503', 'PUT object', slowDown, 4],
    ['429', 'PUT object', { status: 429, code: 'TooManyRequests' }, 1],
    ['a reset', 'PUT object', 'reset', 4],
    ['a lost answer', 'PUT object', 'lost', 1],
    ['500', 'HEAD object', serverError, 2],
    ['500', 'PUT probe', serverError, 2],
    ['500', 'PUT pointer', serverError, 4],
    ['503', 'PUT pointer', slowDown, 1],
    ['a reset', 'PUT pointer', 'reset', 4],
    ['a lost answer', 'PUT pointer', 'lost', 1],
  ])('of a save is waited out: %s on %s', async (_, on, fault, times) => {
    await other.write(ref, 1, archiveOf('one'));
    faults.fail(on, fault, { times });
    expect(await store.write(ref, 2, archiveOf('two'))).toEqual({ outcome: 'saved', bytes: 3 });
    expect(faults.seen(on).length).toBeGreaterThanOrEqual(times);
    expect(await newestText(other)).toBe('two');
    expect(await objects()).toHaveLength(3);
  });

  it.each<[name: string, on: string, fault: Fault]>([
    ['500', 'POST begin', serverError],
    ['a reset', 'PUT part', 'reset'],
    ['a lost answer', 'PUT part', 'lost'],
    ['503', 'POST end', slowDown],
    ['a lost answer', 'POST end', 'lost'],
  ])('of a save in parts is waited out: %s on %s', async (_, on, fault) => {
    const bytes = randomBytes(20_000_000);
    faults.fail(on, fault, { times: 2 });
    expect(await store.write(ref, 1, streamOf(bytes))).toEqual({ outcome: 'saved', bytes: bytes.length });
    expect((await readAll(other)).equals(bytes)).toBe(true);
  });

  it.each<[name: string, on: string, fault: Fault]>([
    ['503', 'GET pointer', slowDown],
    ['a reset', 'GET pointer', 'reset'],
    ['500', 'GET object', serverError],
    ['a lost answer', 'GET object', 'lost'],
  ])('of a read is waited out: %s on %s', async (_, on, fault) => {
    await other.write(ref, 1, archiveOf('one'));
    faults.fail(on, fault, { times: 4 });
    expect(await newestText(store)).toBe('one');
    expect(faults.seen(on)).toHaveLength(5);
  });

  it.each([0, 1, 4_000_000, 8_388_607])(
    'that cuts a download after %i bytes is taken up where it was',
    async (cutAfter) => {
      const bytes = randomBytes(9_000_000);
      await other.write(ref, 1, streamOf(bytes));
      faults.fail('GET object', { cutAfter });
      expect((await readAll()).equals(bytes)).toBe(true);
      const ranges = faults.seen('GET object').map(({ range }) => range ?? '');
      const [first, second] = ranges.map((range) => Number(/bytes=(\d+)-/.exec(range)?.[1]));
      expect(first).toBe(0);
      // What the network had not delivered when the connection went is asked for again.
      expect(second).toBeLessThanOrEqual(cutAfter);
      if (cutAfter === 4_000_000) expect(second).toBeGreaterThan(0);
    },
  );

  it('is not met again before the server wants it', async () => {
    await other.write(ref, 1, archiveOf('one'));
    faults.fail('GET pointer', { status: 503, code: 'SlowDown', retryAfter: '1' });
    const patient = open({ patience: { maximumMs: 300 }, random: () => 0 });
    const started = performance.now();
    expect(await newestText(patient)).toBe('one');
    // The server asked for a second; the longest pause of this store is less.
    expect(performance.now() - started).toBeGreaterThanOrEqual(295);
  });
});

describe('a fault that stays', () => {
  it.each<[name: string, on: string, fault: Fault, tries: number]>([
    ['500', 'GET pointer', serverError, 5],
    ['403', 'GET pointer', denied, 1],
    ['404 without a code that says what', 'GET pointer', { status: 404, code: 'NotFound' }, 1],
    ['a reset', 'GET object', 'reset', 5],
    ['403', 'GET object', denied, 1],
  ])('of a read is a failure, not a miss: %s on %s', async (_, on, fault, tries) => {
    await other.write(ref, 1, archiveOf('one'));
    faults.fail(on, fault, { times: 99 });
    expect(await failure(store.read(ref))).toMatchObject({ code: 'session-unreadable' });
    expect(faults.seen(on)).toHaveLength(tries);
  });

  it.each<[name: string, on: string, fault: Fault, tries: number]>([
    ['500', 'GET pointer', serverError, 5],
    ['500', 'PUT object', serverError, 5],
    ['403', 'PUT object', denied, 1],
    ['403', 'PUT pointer', denied, 1],
  ])('of a save keeps the old generation: %s on %s', async (_, on, fault, tries) => {
    await other.write(ref, 1, archiveOf('one'));
    faults.fail(on, fault, { times: 99 });
    expect(await failure(store.write(ref, 2, archiveOf('two')))).toMatchObject({ code: 'session-not-saved' });
    expect(faults.seen(on)).toHaveLength(tries);
    expect(await newestText(other)).toBe('one');
    expect(await objects(), 'nothing is left over').toHaveLength(2);
    expect(await other.write(ref, 2, archiveOf('two'))).toMatchObject({ outcome: 'saved' });
  });

  it('in the middle of a save in parts stops reading the archive, and takes the parts back', async () => {
    faults.fail('PUT part', denied, { times: 99, skip: 1 });
    let given = 0;
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          given += 1;
          controller.enqueue(new Uint8Array(1_000_000));
        },
        cancel() {
          isCancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    expect(await failure(store.write(ref, 1, endless))).toMatchObject({ code: 'session-not-saved' });
    expect(isCancelled).toBe(true);
    expect(given).toBeLessThan(80);
    expect(faults.seen('DELETE parts')).toHaveLength(1);
    expect(await objects()).toEqual([]);
  });

  it('in the middle of a read ends the stream with a failure', async () => {
    await other.write(ref, 1, streamOf(randomBytes(30_000_000)));
    faults.fail('GET object', 'reset', { times: 99, skip: 2 });
    const found = await store.read(ref);
    if (found.outcome !== 'hit') throw new Error('miss');
    expect(await failure(new Response(found.archive).bytes())).toMatchObject({ code: 'session-unreadable' });
  });

  it('is given up when nothing comes', async () => {
    await other.write(ref, 1, archiveOf('one'));
    faults.fail('GET pointer', 'silence', { times: 99 });
    const { code, message } = await failure(open({ patience: { silenceMs: 40 } }).read(ref));
    expect(code).toBe('session-unreadable');
    expect(message).toContain('no answer');
    expect(faults.seen('GET pointer')).toHaveLength(5);
  });

  it('is given up when a download brings next to nothing', async () => {
    await other.write(ref, 1, streamOf(randomBytes(100_000)));
    faults.fail('GET object', 'trickle', { times: 99 });
    const impatient = open({ patience: { stallMs: 200, progressBytes: 10_000 } });
    const { code, message } = await failure(impatient.read(ref));
    expect(code).toBe('session-unreadable');
    expect(message).toContain('too slowly');
    expect(faults.seen('GET object')).toHaveLength(1);
  });
});

describe('two writers', () => {
  it.each([0, 1])(
    'that meet at the pointer after generation %i leave one winner, and nothing of the other',
    async (newest) => {
      if (newest > 0) await other.write(ref, newest, archiveOf('before'));
      faults.fail('PUT pointer', { before: () => other.write(ref, newest + 1, archiveOf('winner')) });
      expect(await store.write(ref, newest + 1, archiveOf('loser'))).toEqual({
        outcome: 'conflict',
        newest: newest + 1,
      });
      expect(await newestText(other)).toBe('winner');
      expect(await objects()).toHaveLength(newest + 2);
    },
  );

  it('are told apart after 409: tried again when nothing has changed', async () => {
    faults.fail('PUT pointer', { status: 409, code: 'ConditionalRequestConflict' }, { times: 2 });
    expect(await store.write(ref, 1, archiveOf('one'))).toMatchObject({ outcome: 'saved' });
  });

  it('are told apart after 409: a conflict when the other one has won', async () => {
    faults.fail('PUT pointer', { status: 409, code: 'ConditionalRequestConflict' });
    faults.fail('GET pointer', { before: () => other.write(ref, 1, archiveOf('winner')) }, { skip: 1 });
    expect(await store.write(ref, 1, archiveOf('loser'))).toEqual({ outcome: 'conflict', newest: 1 });
    expect(await newestText(other)).toBe('winner');
  });

  it('of which one is overtaken after its answer was lost both keep what they saved', async () => {
    faults.fail('PUT pointer', 'lost');
    faults.fail('GET pointer', { before: () => other.write(ref, 2, archiveOf('two')) }, { skip: 1 });
    expect(await store.write(ref, 1, archiveOf('one'))).toMatchObject({ outcome: 'saved' });
    expect(await newestText(other)).toBe('two');
    expect(await other.read(ref, { below: 2 })).toMatchObject({ outcome: 'hit', generation: 1 });
  });

  it('save each generation once, eight at a time', async () => {
    for (const generation of [1, 2, 3]) {
      const results = await Promise.all(
        Array.from({ length: 8 }, (_, writer) => open().write(ref, generation, archiveOf(`${writer}`))),
      );
      const winners = results.flatMap(({ outcome }, writer) => (outcome === 'saved' ? [`${writer}`] : []));
      expect(winners).toEqual([await newestText(other)]);
    }
    expect(await objects()).toHaveLength(4);
  });

  it('keep what is saved when the server fails after that', async () => {
    const warnings: string[] = [];
    faults.fail('HEAD object', serverError, { times: 99, skip: 1 });
    faults.fail('GET list', serverError, { times: 99 });
    const warning = open({ warn: (message) => warnings.push(message) });
    expect(await warning.write(ref, 1, archiveOf('one'))).toMatchObject({ outcome: 'saved' });
    expect(warnings).toHaveLength(2);
    expect(await newestText(other)).toBe('one');
  });

  it('lose nothing when one of them cannot learn whether the pointer moved', async () => {
    await other.write(ref, 1, archiveOf('one'));
    faults.fail('PUT pointer', 'lost');
    faults.fail('GET pointer', serverError, { times: 99, skip: 1 });
    expect(await failure(store.write(ref, 2, archiveOf('two')))).toMatchObject({ code: 'session-not-saved' });
    // It did move, so its archive must not have been taken away.
    expect(await newestText(other)).toBe('two');
  });
});

it('a writer that is killed between archive and pointer leaves the earlier generation, and its archive goes after a day', async () => {
  await using directory = await temporaryDirectory();
  await other.write(ref, 1, archiveOf('one'));
  const reached = new Promise<void>((resolve) => {
    faults.fail('PUT pointer', {
      before: () => {
        resolve();
        return new Promise(() => undefined);
      },
    });
  });
  const writer = execFile(process.execPath, [`${import.meta.dirname}/../fakes/s3-writer.ts`], {
    cwd: directory.path,
    env: {
      S3_URL: faults.url,
      S3_BUCKET: s3.bucket,
      S3_PREFIX: prefix,
      S3_KEY: s3.accessKeyId,
      S3_SECRET: s3.secretAccessKey,
    },
  });
  const ended = once(writer, 'exit');
  await Promise.race([reached, ended.then(([code]) => Promise.reject(new Error(`It ended with ${code}`)))]);
  writer.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);

  expect(await newestText(other)).toBe('one');
  expect(await objects()).toHaveLength(3);
  expect(await other.write(ref, 2, archiveOf('two'))).toMatchObject({ outcome: 'saved' });
  expect(await objects(), 'it may be of a writer that still lives').toHaveLength(4);
  const later = open({ now: () => new Date(Date.now() + 2 * day) });
  expect(await later.write(ref, 3, archiveOf('three'))).toMatchObject({ outcome: 'saved' });
  expect(await objects()).toHaveLength(4);
  expect((await objects()).filter((key) => key.includes('gen-000002'))).toHaveLength(1);
});

describe('a removal', () => {
  it('that takes the archive of a first save leaves no pointer to nothing', async () => {
    faults.fail('PUT pointer', { before: () => other.remove(ref) });
    expect(await failure(store.write(ref, 1, archiveOf('one')))).toMatchObject({ code: 'session-not-saved' });
    expect(await other.read(ref)).toEqual({ outcome: 'miss' });
    expect(await objects()).toEqual([]);
  });

  it('takes what was saved while it was at work as well', async () => {
    await other.write(ref, 1, archiveOf('one'));
    faults.fail('GET list', { before: () => other.write(ref, 1, archiveOf('again')) });
    expect(await store.remove(ref)).toBe(1);
    expect(await objects()).toEqual([]);
  });

  it('says that it failed, and counts the rest when it is repeated', async () => {
    await other.write(ref, 1, archiveOf('one'));
    await other.write(ref, 2, archiveOf('two'));
    faults.fail('DELETE object', denied);
    expect(await failure(store.remove(ref))).toMatchObject({ code: 'session-unreadable' });
    expect(await other.read(ref), 'the pointer goes first').toEqual({ outcome: 'miss' });
    expect(await store.remove(ref)).toBe(2);
  });
});

describe('what is in the bucket', () => {
  const generation = {
    generation: 1,
    object: `gen-000001-${'a'.repeat(32)}.dxs`,
    bytes: 3,
    sha256: 'b'.repeat(64),
    savedAt: '2026-01-01T00:00:00.000Z',
  };
  const pointer = { format: 1, ref, generations: [generation] };

  it.each<[name: string, content: unknown]>([
    ['nothing', ''],
    ['no JSON', 'HEAD'],
    ['a later format', { ...pointer, format: 2 }],
    ['no generation', { ...pointer, generations: [] }],
    ['another tenant', { ...pointer, ref: { ...ref, installationId: 2 } }],
    ['another issue', { ...pointer, ref: { ...ref, issueKey: 'DXTR-2' } }],
    ['an object elsewhere', { ...pointer, generations: [{ ...generation, object: '../other/gen.dxs' }] }],
    ['another generation than its object', { ...pointer, generations: [{ ...generation, generation: 2 }] }],
    ['more than a pointer has', 'x'.repeat(70_000)],
  ])('in place of the pointer is refused, named, and can be removed: %s', async (_, content) => {
    const second = { ...ref, issueKey: 'DXTR-2' };
    await other.write(second, 1, archiveOf('good'));
    const good = await pointerKey();
    await other.write(ref, 1, archiveOf('one'));
    const key = (await objects()).find((key) => key.endsWith('/HEAD') && key !== good) ?? '';
    const Body = typeof content === 'string' ? content : JSON.stringify(content);
    await client.putObject({ Bucket: s3.bucket, Key: key, Body, ContentLength: Buffer.byteLength(Body) });

    expect(await failure(store.read(ref))).toMatchObject({ code: 'session-unreadable' });
    expect(await failure(store.write(ref, 2, archiveOf('two')))).toMatchObject({ code: 'session-not-saved' });
    const listed: string[] = [];
    const list = async () => {
      for await (const { ref } of store.list(1)) listed.push(ref.issueKey);
    };
    expect((await failure(list())).message).toContain(key);
    expect(listed).toEqual(['DXTR-2']);
    expect(await store.remove(ref)).toBe(1);
    expect(await Array.fromAsync(store.list(1))).toHaveLength(1);
  });

  it.each<[name: string, damage: (bytes: Buffer) => Buffer]>([
    ['cut to nothing', () => Buffer.alloc(0)],
    ['cut by a byte', (bytes) => bytes.subarray(0, -1)],
    ['longer by a byte', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])],
    ['with a bit flipped', (bytes) => Buffer.from(bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1))],
  ])('in place of an archive is refused: %s', async (_, damage) => {
    const bytes = randomBytes(9_000_000);
    await other.write(ref, 1, archiveOf('one'));
    await other.write(ref, 2, streamOf(bytes));
    const key = (await objects()).find((key) => key.includes('gen-000002'));
    await client.putObject({ Bucket: s3.bucket, Key: key, Body: damage(bytes) });
    const error = await failure(readAll());
    expect(error.code).toBe('session-unreadable');
    expect(error.message).toContain(key);
    expect(await store.read(ref, { below: 2 })).toMatchObject({ outcome: 'hit', generation: 1 });
  });

  it('lacks an archive that the pointer names: a failure, and the generation below is there', async () => {
    await other.write(ref, 1, archiveOf('one'));
    await other.write(ref, 2, archiveOf('two'));
    const key = (await objects()).find((key) => key.includes('gen-000002'));
    await client.deleteObject({ Bucket: s3.bucket, Key: key });
    expect(await failure(store.read(ref))).toMatchObject({ code: 'session-unreadable' });
    expect(await store.read(ref, { below: 2 })).toMatchObject({ outcome: 'hit', generation: 1 });
  });

  it('is three generations and what is not ours', async () => {
    await other.write(ref, 1, archiveOf('1'));
    const notes = `${(await pointerKey()).slice(0, -4)}notes.txt`;
    await client.putObject({ Bucket: s3.bucket, Key: notes, Body: 'mine' });
    const later = open({ now: () => new Date(Date.now() + 2 * day) });
    for (const generation of [2, 3, 4, 5]) await later.write(ref, generation, archiveOf(`${generation}`));
    expect(await objects()).toHaveLength(5);
    expect(await store.remove(ref)).toBe(3);
    expect(await objects()).toEqual([notes]);
  });

  it('is tidied later when it cannot be now, which is said and fails no save', async () => {
    const warnings: string[] = [];
    for (const generation of [1, 2, 3]) await other.write(ref, generation, archiveOf(`${generation}`));
    faults.fail('DELETE object', denied, { times: 99 });
    const warning = open({ warn: (message) => warnings.push(message) });
    expect(await warning.write(ref, 4, archiveOf('four'))).toMatchObject({ outcome: 'saved' });
    expect(warnings).toEqual([expect.stringContaining('could not be removed')]);
    const later = open({ now: () => new Date(Date.now() + 2 * day) });
    faults.clear();
    await later.write(ref, 5, archiveOf('five'));
    expect(await objects()).toHaveLength(4);
  });
});

it('every write asks for the encryption that was chosen', async () => {
  const sealing = open({ sse: 'aws:kms', sseKmsKeyId: 'alias/sessions' });
  await sealing.write(ref, 1, archiveOf('one'));
  await sealing.write(ref, 2, streamOf(randomBytes(9_000_000)));
  for (const call of ['PUT object', 'PUT probe', 'PUT pointer', 'POST begin']) {
    const asked = faults.seen(call).map(({ sealed }) => sealed);
    expect(asked.length, call).toBeGreaterThan(0);
    for (const one of asked) expect(one, call).toEqual(['aws:kms', 'alias/sessions']);
  }
});

describe('what an administrator has to mend', () => {
  it('is said of a server that ignores conditions, before the pointer moves', async () => {
    await other.write(ref, 1, archiveOf('one'));
    faults.fail('PUT probe', 'unconditional', { times: 99 });
    const { code, message, hint } = await failure(store.write(ref, 2, archiveOf('two')));
    expect(code).toBe('session-not-saved');
    expect(message).toContain('ignores the conditions');
    expect(hint).toContain('conditional writes');
    expect(faults.seen('PUT pointer')).toEqual([]);
    expect(await newestText(other)).toBe('one');
  });

  it.each<[name: string, options: () => Partial<S3StoreOptions>, fault: Fault | undefined, said: RegExp]>([
    [
      'a bucket that does not exist',
      () => ({ bucket: 'not-there' }),
      undefined,
      /not-there does not exist.*Create the bucket/,
    ],
    [
      'the wrong region',
      () => ({ region: 'eu-central-1' }),
      undefined,
      /not in the region eu-central-1.*Set `region`/,
    ],
    [
      'credentials that nobody knows',
      () => ({ credentials: { accessKeyId: 'AKIDOFNOBODY', secretAccessKey: 'a-secret-of-somebody' } }),
      undefined,
      /does not know the credentials.*InvalidAccessKeyId/,
    ],
    [
      'expired credentials',
      () => ({}),
      { status: 400, code: 'ExpiredToken' },
      /have expired.*Get new credentials/,
    ],
    [
      'missing permissions',
      () => ({}),
      denied,
      /refuses access.*s3:ListBucket and s3:ListBucketMultipartUploads/,
    ],
    ['a redirect', () => ({}), { status: 301, code: 'PermanentRedirect' }, /not in the region us-east-1/],
    [
      'a server without the feature',
      () => ({}),
      { status: 501, code: 'NotImplemented' },
      /cannot do.*conditional writes/,
    ],
    [
      'an endpoint where nobody answers',
      () => ({ endpoint: 'http://127.0.0.1:9' }),
      undefined,
      /cannot be reached \(ECONNREFUSED\).*`endpoint`/,
    ],
  ])('is said of %s, without a secret', async (_, options, fault, said) => {
    if (fault) faults.fail('GET pointer', fault, { times: 99 });
    const chosen = options();
    const error = await failure(open(chosen).read(ref));
    expect(error.code).toBe('session-unreadable');
    expect(`${error.message} ${error.hint}`).toMatch(said);
    expect(error.message).toContain(chosen.bucket ?? s3.bucket);
    expect(error.message).toContain(chosen.endpoint ?? faults.url);
    expect(error.cause, 'errors of the SDK hold the signed request').toBeUndefined();
    const { secretAccessKey } = chosen.credentials ?? s3;
    for (const secret of [
      secretAccessKey,
      chosen.credentials?.accessKeyId ?? s3.accessKeyId,
      'Signature=',
      '<script>',
    ]) {
      expect(JSON.stringify([error.message, error.hint, error.stack])).not.toContain(secret);
    }
  });
});
