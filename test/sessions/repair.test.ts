import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repair } from '../../src/sessions/repair.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import {
  assistant,
  conversation,
  jsonl,
  prompt,
  text,
  toolResult,
  toolUse,
} from './scrub/transcript-lines.ts';
import { sessionId, writeFiles } from './session-folder.ts';

const transcript = `projects/work/${sessionId}.jsonl`;
const subagent = `projects/work/${sessionId}/subagents/agent-1.jsonl`;
const interrupted = expect.stringMatching(/^The run was interrupted before this tool ended/);
const cutLine = 'The last line of the transcript was cut in the middle and is left out.';
const endedTool = 'One tool use had no result because the run was interrupted; the session now says so.';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(async () => directory.remove());

async function repaired(files: Record<string, string>, options?: { isVerified: boolean }) {
  await writeFiles(directory.path, files);
  const result = await repair(directory.path, sessionId, options);
  return { result, content: await readFile(join(directory.path, transcript), 'utf8') };
}

/** Records of a transcript, each of which has to be whole. */
function recordsOf(
  content: string,
): { uuid?: string; parentUuid?: string | null; message?: { content: unknown } }[] {
  expect(content.endsWith('\n')).toBe(true);
  return content
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const whole = conversation();
const [asked, thought, used] = whole;
if (!asked || !thought || !used) throw new Error('The conversation is too short');

describe.each([[false], [true]])('a repair, with the files verified: %s', (isVerified) => {
  it('leaves a whole session as it is', async () => {
    const files = { [transcript]: jsonl(whole), [subagent]: jsonl(whole) };
    expect(await repaired(files, { isVerified })).toEqual({
      result: { outcome: 'whole' },
      content: jsonl(whole),
    });
  });

  it('mends a session that was cut at any byte of its last three lines', async () => {
    // The last lines are a tool use, its result and the answer; short, as each byte is a case.
    const lines = [
      { type: 'user', message: { content: 'Hi.' }, uuid: 'a' },
      { type: 'mode' },
      { type: 'assistant', message: { content: [{ type: 'tool_use', id: 't' }] }, uuid: 'b' },
      { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 't' }] }, uuid: 'c' },
      { type: 'assistant', message: { content: [{ type: 'text', text: 'Ü' }] }, uuid: 'd' },
    ].map((record) => jsonl([record]));
    const full = Buffer.from(lines.join(''));
    await writeFiles(directory.path, { [transcript]: '' });
    const first = Buffer.byteLength(lines.slice(0, 2).join(''));
    for (let cut = first; cut <= full.length; cut += 1) {
      await writeFile(join(directory.path, transcript), full.subarray(0, cut));
      const result = await repair(directory.path, sessionId, { isVerified });
      const content = await readFile(join(directory.path, transcript), 'utf8');
      const records = recordsOf(content);
      const ends = lines.map((_, index) => Buffer.byteLength(lines.slice(0, index + 1).join('')));
      // A line that lacks nothing but its line end counts as whole.
      const kept = ends.filter((end) => end <= cut + 1).length;
      const isCut = !ends.includes(cut) && !ends.includes(cut + 1);
      const isUnfinished = kept === 3;
      expect(content.startsWith(lines.slice(0, kept).join(''))).toBe(true);
      expect(records).toHaveLength(kept + (isUnfinished ? 1 : 0));
      const dropped = [...(isCut ? [cutLine] : []), ...(isUnfinished ? [endedTool] : [])];
      expect(result).toEqual(dropped.length === 0 ? { outcome: 'whole' } : { outcome: 'repaired', dropped });
    }
  });

  it('ends a tool use that has no result, at the end of the chain', async () => {
    const { result, content } = await repaired(
      { [transcript]: jsonl([asked, thought, used]) },
      { isVerified },
    );
    expect(result).toEqual({ outcome: 'repaired', dropped: [endedTool] });
    expect(recordsOf(content).at(-1)).toMatchObject({
      parentUuid: used.uuid,
      uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      type: 'user',
      isSidechain: false,
      sessionId,
      cwd: '/work/checkout',
      version: '2.1.330',
      sourceToolAssistantUUID: used.uuid,
      message: {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'toolu_1', is_error: true, content: interrupted }],
      },
    });
    expect(await repair(directory.path, sessionId)).toEqual({ outcome: 'whole' });
  });

  it('ends those of several tools that have no result', async () => {
    const first = assistant(3, [toolUse('toolu_a', {})], thought);
    const second = assistant(4, [toolUse('toolu_b', {}), toolUse('toolu_c', {})], first);
    const result = toolResult(5, 'toolu_b', 'b', second);
    const outcome = await repaired(
      { [transcript]: jsonl([asked, thought, first, second, result]) },
      { isVerified },
    );
    const said = '2 tool uses had no result because the run was interrupted; the session now says so.';
    expect(outcome.result).toEqual({ outcome: 'repaired', dropped: [said] });
    expect(recordsOf(outcome.content).at(-1)).toMatchObject({
      parentUuid: result.uuid,
      message: { content: [{ tool_use_id: 'toolu_a' }, { tool_use_id: 'toolu_c' }] },
    });
  });

  it('reads as much of the end as the last turn needs', async () => {
    const long = 'x'.repeat(isVerified ? 300_000 : 3_000_000);
    const records = [
      asked,
      used,
      { ...prompt(8, long, used), isMeta: true },
      { type: 'system', uuid: used.uuid, content: long },
    ];
    const { result } = await repaired({ [transcript]: jsonl(records) }, { isVerified });
    expect(result).toEqual({ outcome: 'repaired', dropped: [endedTool] });
  });

  it('takes no tool use of a sub-agent for one of the session', async () => {
    const inside = { ...assistant(9, [toolUse('toolu_x', {})], asked), isSidechain: true };
    expect((await repaired({ [transcript]: jsonl([...whole, inside]) }, { isVerified })).result).toEqual({
      outcome: 'whole',
    });
  });

  it.each([
    ['is empty', '', 'The transcript holds no message.'],
    ['has no message', '{"type":"mode"}\n{"type":"summary"}\n', 'The transcript holds no message.'],
    ['was cut in its first line', jsonl(whole).slice(0, 50), 'The transcript holds no message.'],
  ])('says that a transcript is broken when it %s', async (_name, content, reason) => {
    expect((await repaired({ [transcript]: content }, { isVerified })).result).toEqual({
      outcome: 'broken',
      reason,
    });
  });

  it('says that a session without a transcript is broken', async () => {
    expect(await repair(directory.path, sessionId, { isVerified })).toEqual({
      outcome: 'broken',
      reason: 'The transcript is missing.',
    });
  });

  it('drops the cut last line of a sub-agent, and says so', async () => {
    const files = { [transcript]: jsonl(whole), [subagent]: `${jsonl(whole)}{"type":` };
    const { result } = await repaired(files, { isVerified });
    expect(result).toEqual({
      outcome: 'repaired',
      dropped: ['The last line of the sub-agent agent-1 was cut and is left out.'],
    });
    expect(await readFile(join(directory.path, subagent), 'utf8')).toBe(jsonl(whole));
  });
});

describe('a repair', () => {
  const lines = whole.map((record) => jsonl([record]));

  it.each([
    ['is cut short', '{"type":"assistant","mess\n'],
    ['runs into the next one', '{"type":"assistant","mess'],
    ['is no JSON', 'Segmentation fault\n'],
    ['holds zero bytes', `{"type":"x","text":"${'\0'.repeat(8)}"}\n`],
  ])('says that a transcript is broken when a line in its middle %s', async (_name, bad) => {
    const filler = jsonl([prompt(8, 'y'.repeat(2_000_000))]);
    const content = [lines[0], filler, bad, filler, ...lines].join('');
    expect((await repaired({ [transcript]: content })).result).toEqual({
      outcome: 'broken',
      reason: `Line 3 of ${sessionId}.jsonl is damaged.`,
    });
  });

  it('drops zero bytes that a crash left at the end', async () => {
    const { result, content } = await repaired({ [transcript]: `${lines.join('')}${'\0'.repeat(4_096)}` });
    expect({ result, content }).toEqual({
      result: { outcome: 'repaired', dropped: [cutLine] },
      content: lines.join(''),
    });
  });

  it('removes a damaged file of a sub-agent, and says so', async () => {
    await writeFiles(directory.path, {
      [transcript]: jsonl(whole),
      [subagent]: `nothing\n${lines.join('')}`,
    });
    expect(await repair(directory.path, sessionId)).toEqual({
      outcome: 'repaired',
      dropped: ['What the sub-agent agent-1 said was damaged and is left out.'],
    });
    await expect(access(join(directory.path, subagent))).rejects.toThrow('ENOENT');
  });

  it('keeps an unfinished tool use of an earlier turn, which the CLI has ended by itself', async () => {
    const later = prompt(6, 'Go on.', used);
    const answer = assistant(7, [text('Done.')], later);
    expect((await repaired({ [transcript]: jsonl([asked, used, later, answer]) })).result).toEqual({
      outcome: 'whole',
    });
  });
});
