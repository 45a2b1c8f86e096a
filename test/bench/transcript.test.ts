import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { writeTranscript } from '../../bench/transcript.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const sessionId = '11111111-2222-4333-8444-555555555555';

const Block = z.looseObject({
  type: z.string(),
  id: z.string().optional(),
  tool_use_id: z.string().optional(),
  content: z.string().optional(),
  signature: z.string().optional(),
});
const Line = z.looseObject({
  type: z.string(),
  sessionId: z.literal(sessionId),
  uuid: z.string().optional(),
  parentUuid: z.string().nullable().optional(),
  message: z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(Block)]) }).optional(),
});

async function written(bytes: number, seed?: number): Promise<Buffer> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'transcript.jsonl');
  const length = await writeTranscript(path, { sessionId, bytes, ...(seed === undefined ? {} : { seed }) });
  const content = await readFile(path);
  expect(content.length).toBe(length);
  return content;
}

const linesOf = (content: Buffer) =>
  content
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => Line.parse(JSON.parse(line)));

const blocksOf = (line: z.infer<typeof Line>) =>
  typeof line.message?.content === 'object' ? line.message.content : [];

// Each transcript reads the source code of a dozen packages first.
describe('writeTranscript', { timeout: 30_000 }, () => {
  let short: Buffer;
  beforeAll(async () => {
    short = await written(200_000);
  });

  it('writes the same transcript each time, and another one for another seed', async () => {
    const hash = (content: Buffer) => createHash('sha256').update(content).digest('hex');
    expect(hash(await written(200_000))).toBe(hash(short));
    expect(hash(await written(200_000, 2))).not.toBe(hash(short));
  });

  it('is as long as was asked for, and begins with the shorter one', async () => {
    const long = await written(12_000_000);
    expect(short.length).toBeGreaterThanOrEqual(200_000);
    expect(long.length).toBeGreaterThanOrEqual(12_000_000);
    expect(long.subarray(0, short.length).equals(short)).toBe(true);
  });

  it('chains each message to the one before it', async () => {
    const chained = linesOf(short).filter(({ uuid }) => uuid !== undefined);
    expect(chained.length).toBeGreaterThan(20);
    let leaf: string | null = null;
    for (const { uuid, parentUuid } of chained) {
      expect(parentUuid).toBe(leaf);
      leaf = uuid ?? null;
    }
    expect(new Set(chained.map(({ uuid }) => uuid)).size).toBe(chained.length);
  });

  it('gives each tool use its result, and keeps each result three times', async () => {
    const lines = linesOf(short);
    const uses = lines.flatMap(blocksOf).filter(({ type }) => type === 'tool_use');
    expect(uses.length).toBeGreaterThan(5);
    for (const { id } of uses) {
      const results = lines.filter((line) => blocksOf(line).some(({ tool_use_id }) => tool_use_id === id));
      expect(results.map(({ type }) => type)).toEqual(['user', 'api-request-blob']);
      expect(results[0]?.toolUseResult).toBeDefined();
    }
  });

  it('signs what the agent thinks', async () => {
    const thoughts = linesOf(short)
      .flatMap(blocksOf)
      .filter(({ type }) => type === 'thinking');
    expect(thoughts.length).toBeGreaterThan(0);
    for (const { signature } of thoughts) expect(signature).toMatch(/^[A-Za-z0-9+/]{300,}==$/);
  });

  it('repeats itself as much as real work does: not much less, and not much more', async () => {
    const content = await written(10_000_000);
    const params = { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_enableLongDistanceMatching]: 1 };
    const ratio = content.length / zstdCompressSync(content, { params }).length;
    expect(ratio).toBeGreaterThan(10);
    expect(ratio).toBeLessThan(40);
  });
});
