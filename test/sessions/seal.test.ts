import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newMasterKey, type SessionKeys, sessionKeys } from '../../src/core/session-key.ts';
import { type Binding, keyIdOf, openSealed, seal } from '../../src/sessions/seal.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const ref = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };
const binding: Binding = { ref, generation: 3 };
const master = { current: newMasterKey(), previous: [] };
const keys = sessionKeys(master, ref);

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  temporary = await temporaryDirectory();
});
afterEach(() => temporary.remove());

async function sealed(content: Uint8Array | string, key = keys.current, to = binding): Promise<Buffer> {
  const plain = new Blob([typeof content === 'string' ? content : content.slice()]).stream();
  return Buffer.from(await new Response(seal(plain, key, to)).bytes());
}

const streamOf = (bytes: Buffer) => new Blob([bytes.slice()]).stream();

/** The content, or why it was not given out. */
async function open(bytes: Buffer, as: SessionKeys = keys, of = binding): Promise<string> {
  const result = await openSealed(streamOf(bytes), as, of, join(temporary.path, 'open'));
  return result.outcome === 'opened' ? await new Response(result.archive).text() : result.outcome;
}

describe('seal', () => {
  it.each([0, 1, 15, 16, 17, 100_000, 3_000_000, 40_000_000])('gives back %i bytes', async (length) => {
    const text = 'x'.repeat(length);
    expect((await open(await sealed(text))) === text).toBe(true);
  });

  it('gives back what came in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 }), async (pieces) => {
        const whole = await new Response(seal(ReadableStream.from(pieces), keys.current, binding)).bytes();
        const cuts = [...whole].map((byte) => Uint8Array.of(byte));
        const result = await openSealed(ReadableStream.from(cuts), keys, binding, temporary.path);
        if (result.outcome !== 'opened') throw new Error(result.outcome);
        expect(Buffer.from(await new Response(result.archive).bytes())).toEqual(Buffer.concat(pieces));
      }),
      { numRuns: 40 },
    );
  });

  it('shows nothing of the content, and is another one each time', async () => {
    const first = await sealed('secret talk');
    expect(first.includes('secret talk')).toBe(false);
    expect(await sealed('secret talk')).not.toEqual(first);
  });

  it('adds 100 bytes', async () => {
    expect((await sealed('x'.repeat(1000))).length).toBe(1100);
  });

  it('fails when the archive does', async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new Error('disk gone'));
      },
    });
    await expect(new Response(seal(broken, keys.current, binding)).bytes()).rejects.toThrow('disk gone');
  });
});

describe('openSealed', () => {
  it('notices every flipped bit', async () => {
    const whole = await sealed('what was said');
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const changed = Buffer.from(whole);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await open(changed), `bit ${bit}`).toMatch(/^(?:refused|wrong-key)$/);
    }
  });

  it('notices every cut, and bytes that were added', async () => {
    const whole = await sealed('what was said');
    for (let length = 0; length < whole.length; length += 1)
      expect(await open(whole.subarray(0, length)), `${length} bytes`).toBe('refused');
    expect(await open(Buffer.concat([whole, Buffer.alloc(1)]))).toBe('refused');
    expect(await open(Buffer.concat([whole, whole]))).toBe('refused');
  });

  it.each([
    ['another installation', { ref: { ...ref, installationId: 11 }, generation: 3 }],
    ['another repository', { ref: { ...ref, repositoryId: 2 }, generation: 3 }],
    ['another issue', { ref: { ...ref, issueKey: 'DXTR-12' }, generation: 3 }],
    ['an earlier generation', { ref, generation: 2 }],
    ['a later generation', { ref, generation: 4 }],
  ])('refuses the archive of %s', async (_, other) => {
    const whole = await sealed('theirs', sessionKeys(master, other.ref).current, other);
    expect(await open(whole), 'with its own key').toMatch(/^(?:refused|wrong-key)$/);
    expect(await open(await sealed('theirs', keys.current, other)), 'even under this key').toBe('refused');
  });

  it('opens what an earlier key sealed, and says which key is missing without it', async () => {
    const next = { current: newMasterKey(), previous: [master.current] };
    const whole = await sealed('before the rotation');
    expect(await open(whole, sessionKeys(next, ref))).toBe('before the rotation');
    const without = sessionKeys({ ...next, previous: [] }, ref);
    expect(await openSealed(streamOf(whole), without, binding, temporary.path)).toEqual({
      outcome: 'wrong-key',
      keyId: keys.current.id,
    });
  });

  it('refuses what is no sealed archive', async () => {
    expect(await open(Buffer.from('PK'.padEnd(500, 'x')))).toBe('refused');
  });

  it.each([4, 20_000_000])('leaves no file of %i bytes behind, whichever way it ends', async (length) => {
    const whole = await sealed('x'.repeat(length));
    await open(whole);
    await open(whole.subarray(0, 90));
    await open(Buffer.concat([whole, whole]));
    const left = await readdir(temporary.path, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => !entry.isDirectory())).toEqual([]);
  });

  it('passes on the failure of the store', async () => {
    const whole = await sealed('x'.repeat(1000));
    const failing = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(whole.subarray(0, 500)),
      pull: (controller) => controller.error(new Error('connection lost')),
    });
    await expect(openSealed(failing, keys, binding, temporary.path)).rejects.toThrow('connection lost');
  });
});

describe('keyIdOf', () => {
  it('tells under which key an archive is, without the key', async () => {
    expect(await keyIdOf(streamOf(await sealed('text')))).toBe(keys.current.id);
    expect(await keyIdOf(streamOf(Buffer.from('PK'.padEnd(500, 'x'))))).toBeUndefined();
    expect(await keyIdOf(streamOf(Buffer.from('DXS1')))).toBeUndefined();
  });
});
