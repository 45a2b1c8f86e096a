import { createHash } from 'node:crypto';
import { access, appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ScrubOptions, scrub, scrubRules } from '../../../src/sessions/scrub/scrub.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';
import { readTree } from '../read-tree.ts';
import { otherFiles, sessionFiles, sessionId, writeFiles } from '../session-folder.ts';
import { inContext, secretKinds } from './secret-kinds.ts';
import {
  assistant,
  conversation,
  jsonl,
  prompt,
  text,
  thinking,
  toolResult,
  toolUse,
  uuidOf,
} from './transcript-lines.ts';

const token = secretKinds['GitHub personal']?.secret ?? '';
const known = 'correct-horse-battery-4711-staple';
const transcript = `projects/work/${sessionId}.jsonl`;
const beside = `projects/work/${sessionId}`;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let copies = 0;
beforeEach(async () => {
  directory = await temporaryDirectory();
  copies = 0;
});
afterEach(async () => directory.remove());

const config = () => join(directory.path, 'config');

async function scrubbed(files: Record<string, string>, options: Partial<ScrubOptions> = {}) {
  await writeFiles(config(), files);
  copies += 1;
  const target = join(directory.path, `copy-${copies}`);
  const result = await scrub(config(), sessionId, target, {
    secrets: [known],
    markKey: Buffer.from('key of the marks'),
    ...options,
  });
  return { target, result, tree: result.outcome === 'scrubbed' ? await readTree(target) : {} };
}

describe('a scrub', () => {
  it('copies a clean session byte for byte, and nothing but the session', async () => {
    const files: Record<string, string> = {
      ...sessionFiles,
      [transcript]: `${jsonl(conversation())}${'{"a": 1.50, "b":"\\u00e4"}\n'.repeat(20)}`,
    };
    const { result, tree } = await scrubbed({ ...files, ...otherFiles });
    expect(tree).toEqual(files);
    expect(result).toMatchObject({ outcome: 'scrubbed', replaced: 0, blocksDropped: 0 });
    expect(result.outcome === 'scrubbed' && result.files).toEqual(
      Object.keys(files)
        .toSorted()
        .map((path) => ({
          path,
          bytes: Buffer.byteLength(files[path] ?? ''),
          sha256: createHash('sha256')
            .update(files[path] ?? '')
            .digest('hex'),
        })),
    );
  });

  it('leaves no secret of any kind in any place, and keeps every record', async () => {
    const kinds = Object.values(secretKinds);
    const all = kinds.map((kind) => `first\n${inContext(kind)}\nlast`);
    const asked = prompt(1, all.join('\n\n'));
    const used = assistant(2, [toolUse('toolu_1', { files: all, [token]: 'as a name' })], asked);
    const result = toolResult(3, 'toolu_1', all.join('\n\n'), used);
    const answered = assistant(4, all.map(text), result);
    const nested = {
      type: 'attachment',
      attachment: { type: 'file', content: JSON.stringify(all) },
      uuid: uuidOf(5),
    };
    const records = [asked, used, result, answered, nested];
    const files = {
      [transcript]: jsonl(records),
      [`${beside}/subagents/agent-1.jsonl`]: jsonl(records),
      [`${beside}/tool-results/toolu_1.txt`]: all.join('\n\n'),
      [`${beside}/tool-results/toolu_2.json`]: JSON.stringify({ all }),
    };
    const { tree } = await scrubbed(files, { secrets: [] });
    expect(Object.keys(tree).toSorted()).toEqual(Object.keys(files).toSorted());
    for (const [path, content] of Object.entries(tree)) {
      for (const { secret } of kinds) {
        for (const part of secret.split('\n')) expect(content, path).not.toContain(part);
      }
    }
    const after = (tree[transcript] ?? '')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(after.map(({ uuid }) => uuid)).toEqual(records.map(({ uuid }) => uuid));
    expect(after[1].message.content[0]).toMatchObject({ type: 'tool_use', id: 'toolu_1', name: 'Bash' });
    expect(after[2].message.content[0]).toMatchObject({ tool_use_id: 'toolu_1', type: 'tool_result' });
    expect(JSON.parse(tree[`${beside}/tool-results/toolu_2.json`] ?? '').all).toHaveLength(kinds.length);
  });

  it('gives the same bytes each time, and changes nothing when it is done again', async () => {
    const files = {
      [transcript]: jsonl(conversation(`${known} and ${token}`)),
      [`${beside}/tool-results/a.txt`]: `${token}\n`,
    };
    const first = await scrubbed(files);
    const second = await scrubbed(files);
    expect(second.tree).toEqual(first.tree);
    expect(first.result).toMatchObject({ replaced: 5 });
    const again = await scrub(first.target, sessionId, join(directory.path, 'again'), {
      secrets: [known],
      markKey: Buffer.from('key of the marks'),
    });
    expect(again).toEqual({ ...first.result, replaced: 0 });
  });

  it('drops a thought with a secret as a whole, and leaves the other thoughts as they are', async () => {
    const asked = prompt(1, 'Think.');
    const records = [
      asked,
      assistant(2, [thinking(`The token is ${token}.`)], asked),
      assistant(3, [thinking('Fine.'), text(token)], asked),
      assistant(
        4,
        [{ type: 'redacted_thinking', data: Buffer.from(`xx${known}`).toString('base64') }],
        asked,
      ),
    ];
    const { tree, result } = await scrubbed({ [transcript]: jsonl(records) });
    const after = (tree[transcript] ?? '')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(after.map(({ message }) => message.content)).toEqual([
      'Think.',
      [],
      [thinking('Fine.'), text(expect.stringMatching(/^\[REDACTED:github-token:[0-9a-f]{8}\]$/))],
      [],
    ]);
    expect(result).toMatchObject({ replaced: 1, blocksDropped: 2 });
  });

  it('leaves out a last line that was cut in the middle, and ends one that only lacks its line end', async () => {
    const whole = jsonl(conversation());
    expect((await scrubbed({ [transcript]: `${whole}{"type":"user","mess` })).tree).toEqual({
      [transcript]: whole,
    });
    expect((await scrubbed({ [transcript]: whole.trimEnd() })).tree).toEqual({ [transcript]: whole });
  });

  it('reads lines that are longer than what is read at once, and files of many pieces', async () => {
    const long = `${'words and more words, '.repeat(60_000)}${known}`;
    const { tree } = await scrubbed({
      [transcript]: jsonl([
        ...conversation(long),
        ...Array.from({ length: 3_000 }, () => prompt(9, 'x'.repeat(900))),
      ]),
      [`${beside}/tool-results/long.txt`]: `${'line of a log\n'.repeat(400_000)}${secretKinds['RSA key']?.secret}\nend\n`,
    });
    expect(tree[transcript]).not.toContain(known);
    expect(tree[transcript]?.split('\n')).toHaveLength(3_008);
    expect(tree[`${beside}/tool-results/long.txt`]).toMatch(
      /log\n\[REDACTED:private-key:[0-9a-f]{8}\]\nend\n$/,
    );
  });

  it.each([
    [
      'a middle line is damaged',
      { [transcript]: `{"type":"us\n${jsonl(conversation())}` },
      /no JSON object$/,
    ],
    [
      'a known value is in a field that must not change',
      { [transcript]: jsonl([{ ...prompt(1, 'Hi.'), cwd: `/work/${known}` }]) },
      /a secret stands in the field cwd, which must not change$/,
    ],
    [
      'a known value is the name of a field of a record',
      { [transcript]: jsonl([{ ...prompt(1, 'Hi.'), [known]: 1 }]) },
      /a secret is the name of a field$/,
    ],
    [
      'a secret is in the name of a file',
      { [transcript]: jsonl(conversation()), [`${beside}/tool-results/${known}`]: 'x' },
      /^a secret stands in the name of one of its files$/,
    ],
  ])('is refused, and leaves nothing behind, when %s', async (_name, files, reason) => {
    const { result, target } = await scrubbed(files);
    expect(result).toEqual({ outcome: 'refused', reason: expect.stringMatching(reason) });
    expect(JSON.stringify(result)).not.toContain(known);
    await expect(access(target)).rejects.toThrow('ENOENT');
  });
});

describe('a scrub of a conversation whose records', () => {
  const [asked, thought, used, result, answered, again, last] = conversation();
  const beside = assistant(8, [toolUse('toolu_2', { command: 'pwd' })], used);
  const besideResult = toolResult(9, 'toolu_2', '/work', beside);
  const after = assistant(10, [text('Both.')], besideResult);
  const abandoned = assistant(11, [toolUse('toolu_3', {})], asked);
  const boundary = { ...prompt(12, 'Summary.'), logicalParentUuid: last.uuid };
  const note = { type: 'file-history-snapshot', uuid: uuidOf(13) };

  it.each<[string, object[]]>([
    ['follow on one another', [asked, thought, used, result, answered, again, last]],
    ['hold tools that ran side by side', [asked, thought, used, beside, result, besideResult, after]],
    ['branch off, with a branch that was given up', [asked, abandoned, thought, used, result, answered]],
    ['begin anew after a compaction', [last, boundary, assistant(14, [text('Yes.')], boundary)]],
    ['are followed by a note without a place among them', [asked, thought, note]],
    ['are of a sub-agent', [asked, { ...thought, isSidechain: true, parentUuid: uuidOf(99) }]],
    ['have no ids at all', [{ type: 'user', message: { content: 'Hi.' } }]],
  ])('%s is taken', async (_name, records) => {
    const { result: scrub } = await scrubbed({ [transcript]: jsonl(records) });
    expect(scrub.outcome).toBe('scrubbed');
  });

  const broken: [string, object[], RegExp][] = [
    ['lack one in the middle', [asked, used, result, answered], /that others follow on is missing/],
    ['lack the first one', [thought, used, result, answered], /that others follow on is missing/],
    [
      'lack the result of a tool',
      [asked, thought, used, { ...answered, parentUuid: used.uuid }],
      /no result/,
    ],
    ['go round in a circle', [{ ...asked, parentUuid: thought.uuid }, thought], /circle/],
  ];

  it.each(broken)('%s is refused, and nothing of it is left', async (_name, records, reason) => {
    const { result: scrub, target } = await scrubbed({ [transcript]: jsonl(records) });
    expect(scrub).toEqual({ outcome: 'broken', reason: expect.stringMatching(reason) });
    await expect(access(target)).rejects.toThrow();
  });

  it('do not follow on what was saved before is refused; what follows on any of it is taken', async () => {
    const first = await scrubbed({ [transcript]: jsonl([asked, thought, used, result, answered]) });
    const files = first.result.outcome === 'scrubbed' ? first.result.files : [];
    const before = { scrubRules, files };
    const add = async (record: object) => {
      await scrubbed({ [transcript]: jsonl([asked, thought, used, result, answered]) });
      await appendFile(join(config(), transcript), jsonl([record]));
      return (await scrubbed({}, { before })).result.outcome;
    };
    expect(await add(again)).toBe('scrubbed');
    expect(await add({ ...again, parentUuid: asked.uuid })).toBe('scrubbed');
    expect(await add(last)).toBe('broken');
  });
});

describe('a scrub of what was scrubbed before', () => {
  const later = 'later-known-value-0815';

  async function firstScrub() {
    const { result, target } = await scrubbed({ [transcript]: jsonl(conversation(`${token} ${later}`)) });
    if (result.outcome !== 'scrubbed') throw new Error('refused');
    return { files: result.files, transcript: await readFile(join(target, transcript), 'utf8') };
  }

  it('scrubs only what came after it, with the result of a whole scrub', async () => {
    const { files, transcript: old } = await firstScrub();
    // The old part is trusted: a secret in it, which a scrub never leaves, shows that it was not looked at.
    const trusted = old.replace('Looked.', token);
    const grown = `${trusted}${jsonl(conversation(token))}`;
    const hash = createHash('sha256').update(trusted).digest('hex');
    const trustedFiles = files.map((file) => ({ ...file, sha256: hash, bytes: Buffer.byteLength(trusted) }));
    const next = await scrubbed({ [transcript]: grown }, { before: { scrubRules, files: trustedFiles } });
    expect(next.result).toMatchObject({ replaced: 2 });
    expect(next.tree[transcript]?.startsWith(trusted)).toBe(true);
    expect(next.tree[transcript]?.slice(trusted.length)).not.toContain(token);

    const otherRules = await scrubbed({}, { before: { scrubRules: 'older', files: trustedFiles } });
    const whole = await scrubbed({});
    expect(otherRules.tree).toEqual(whole.tree);
    expect(whole.tree[transcript]).not.toContain(token);
  });

  it('scrubs all again when the old part is not what it was', async () => {
    const { files, transcript: old } = await firstScrub();
    const { tree } = await scrubbed(
      { [transcript]: old.replace('Looked.', token) + jsonl(conversation()) },
      { before: { scrubRules, files } },
    );
    expect(tree[transcript]).not.toContain(token);
  });

  it.each([
    ['as it is', (value: string) => value],
    ['in base64', (value: string) => Buffer.from(`u:${value}`).toString('base64')],
  ])('scrubs all again when a value in it became known since, %s', async (_name, encode) => {
    const first = await scrubbed({ [transcript]: jsonl(conversation(encode(later))) });
    if (first.result.outcome !== 'scrubbed') throw new Error('refused');
    expect(first.tree[transcript]).toContain(encode(later));
    await appendFile(join(config(), transcript), jsonl([prompt(8, 'More.')]));
    const { tree, result } = await scrubbed(
      {},
      { secrets: [later], before: { scrubRules, files: first.result.files } },
    );
    expect(result).toMatchObject({ outcome: 'scrubbed', replaced: 2 });
    expect(tree[transcript]).not.toContain(encode(later));
  });
});
