import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { memoryStore } from '../fakes/memory-store.ts';
import { custody } from './custody.ts';
import { readTree } from './read-tree.ts';
import { ref, sessionId } from './session-folder.ts';

const transcript = `projects/work/${sessionId}.jsonl`;
const secret = 'the value of a variable';

it('writes nothing readable to the store', async () => {
  const store = memoryStore();
  await using runner = await custody(store);
  await runner.save();
  const [kept] = store.sessions.values();
  const bytes = Buffer.from(kept?.generations[0]?.bytes ?? []);
  expect(bytes.subarray(0, 4).toString()).toBe('DXS1');
  for (const word of ['projects', sessionId, 'manifest', 'claude']) expect(bytes.includes(word)).toBe(false);
});

it('takes the secrets out of what it saves', async () => {
  await using runner = await custody(memoryStore());
  const record = { type: 'user', uuid: 'u1', parentUuid: null, message: { content: `it is ${secret}!` } };
  await writeFile(join(runner.configDirectory, transcript), `${JSON.stringify(record)}\n`);
  expect(await runner.save({}, { secrets: [secret] })).toMatchObject({ outcome: 'saved' });
  await runner.restore();
  const restored = await readTree(join(runner.directory, 'restored'));
  expect(restored[transcript]).toContain('[REDACTED:');
  expect(JSON.stringify(restored)).not.toContain(secret);
});

it('finds a value that was not known before in what it was restored from', async () => {
  await using runner = await custody(memoryStore());
  await runner.save();
  const restored = await runner.restore();
  if (restored.outcome !== 'restored') throw new Error(restored.outcome);
  const configDirectory = join(runner.directory, 'restored');
  const more = { configDirectory, before: restored.manifest, secrets: ['Nummer 17'] };
  expect(await runner.save({ generation: 2 }, more)).toMatchObject({ outcome: 'saved' });
  await runner.restore();
  expect(JSON.stringify(await readTree(configDirectory))).not.toContain('Nummer 17');
});

it('leaves the session of a faster run alone', async () => {
  await using runner = await custody(memoryStore());
  await runner.save();
  expect(await runner.save()).toEqual({ outcome: 'conflict', newest: 1 });
});

it('keeps files with long names, and says what it cannot keep', async () => {
  await using runner = await custody(memoryStore());
  const results = `projects/work/${sessionId}/tool-results`;
  const long = `mcp-${'tool'.repeat(20)}.txt`;
  await writeFile(join(runner.configDirectory, results, long), 'long');
  expect(await runner.save()).toMatchObject({ notices: [] });
  await writeFile(join(runner.configDirectory, results, `${'x'.repeat(120)}.txt`), 'too long');
  const saved = await runner.save({ generation: 2 });
  expect(saved).toMatchObject({ notices: [expect.stringMatching(/^One long tool result .* file name/)] });
  await runner.restore();
  const restored = await readTree(join(runner.directory, 'restored'));
  expect(restored[`${results}/${long}`]).toBe('long');
});

it('writes nothing where there is no transcript', async () => {
  const store = memoryStore();
  await using runner = await custody(store);
  expect(await runner.save({}, { configDirectory: join(runner.directory, 'nothing') })).toEqual({
    outcome: 'nothing',
  });
  expect(store.sessions.size).toBe(0);
});

it('refuses a damaged transcript, and keeps what was saved before', async () => {
  const store = memoryStore();
  await using runner = await custody(store);
  await runner.save();
  const good = '{"type":"user"}\n';
  await writeFile(join(runner.configDirectory, transcript), `${good}{"type":"us\n${good}${good}`);
  await expect(runner.save({ generation: 2 })).rejects.toMatchObject({ code: 'session-not-saved' });
  expect(await store.read(ref)).toMatchObject({ outcome: 'hit', generation: 1 });
  expect(await readdir(runner.temporaryDirectory)).toEqual([]);
});
