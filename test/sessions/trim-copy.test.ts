import { describe, expect, it } from 'vitest';
import type { RecordFields } from '../../src/sessions/transcript.ts';
import { trimCopy } from '../../src/sessions/trim-copy.ts';

const summaryText = `This session is being continued from a previous conversation that ran out of context. The summary below covers the earlier portion of the conversation.

Summary:
The parser reads \`a.ts\`.

If you need specific details from before compaction (like exact code snippets), read the full transcript at: /config/projects/work/copy.jsonl
Continue the conversation from where it left off without asking the user any further questions. Resume directly.

The messages after this summary are the most recent messages from before compaction, kept verbatim.`;

const boundary: RecordFields = {
  parentUuid: null,
  logicalParentUuid: 'old-2',
  type: 'system',
  subtype: 'compact_boundary',
  uuid: 'boundary',
  compactMetadata: {
    trigger: 'manual',
    preservedSegment: { headUuid: 'old-1', anchorUuid: 'summary', tailUuid: 'old-2' },
    preservedMessages: { anchorUuid: 'summary', uuids: ['old-1', 'old-2'] },
  },
};

const user = (uuid: string, parentUuid: string | null, content: unknown, more: RecordFields = {}) => ({
  parentUuid,
  type: 'user',
  message: { role: 'user', content },
  uuid,
  ...more,
});
const attachment = (uuid: string, parentUuid: string, type: string) => ({
  parentUuid,
  attachment: { type },
  type: 'attachment',
  uuid,
});
const summary = user('summary', 'boundary', summaryText, { isCompactSummary: true });

/** As version 2.1.330 writes it. */
const records: RecordFields[] = [
  user('old-1', 'old-0', 'Which one?'),
  { parentUuid: 'old-1', type: 'assistant', message: { role: 'assistant', content: [] }, uuid: 'old-2' },
  { type: 'last-prompt', leafUuid: 'old-2' },
  boundary,
  summary,
  user('caveat', 'old-2', '<local-command-caveat>…</local-command-caveat>', { isMeta: true }),
  user('command', 'caveat', '<command-name>/compact</command-name>'),
  user('said', 'command', '<local-command-stdout>Compacted</local-command-stdout>'),
  attachment('file-1', 'said', 'file'),
  attachment('file-2', 'file-1', 'compact_file_reference'),
  attachment('plan', 'file-2', 'plan_file_reference'),
  attachment('todo', 'plan', 'todo_reminder'),
  attachment('file-3', 'todo', 'file'),
  attachment('skills', 'file-3', 'invoked_skills'),
  { type: 'cost-state', totalCostUSD: 1 },
  { type: 'mode', mode: 'normal' },
];

function trimmed(given: readonly RecordFields[] = records): RecordFields[] {
  const result = trimCopy(given);
  if (result.outcome !== 'trimmed') throw new Error(result.outcome);
  return result.records;
}

const links = (given: RecordFields[]) => given.map(({ uuid, parentUuid }) => [uuid, parentUuid]);

describe('trimCopy', () => {
  it('keeps the summary, the messages that the CLI preserves, and plans, lists and skills, in one chain', () => {
    expect(links(trimmed())).toEqual([
      ['boundary', null],
      ['summary', 'boundary'],
      ['old-1', 'summary'],
      ['old-2', 'old-1'],
      ['plan', 'old-2'],
      ['todo', 'plan'],
      ['skills', 'todo'],
      [undefined, undefined],
    ]);
    expect(trimmed().at(-1)).toEqual({ type: 'mode', mode: 'normal' });
  });

  it('says nothing of what is no longer there', () => {
    const [first, second] = trimmed();
    expect(first).toEqual({
      parentUuid: null,
      type: 'system',
      subtype: 'compact_boundary',
      uuid: 'boundary',
      compactMetadata: { trigger: 'manual' },
    });
    const text = JSON.stringify(second);
    expect(text).toContain('The parser reads `a.ts`.');
    expect(text).toContain('The messages after this summary');
    expect(text).not.toMatch(/\.jsonl|without asking/);
  });

  it('changes nothing else', () => {
    const kept = trimmed();
    for (const uuid of ['old-2', 'todo']) {
      const { parentUuid: _, ...was } = records.find((record) => record.uuid === uuid) ?? {};
      const { parentUuid: __, ...is } = kept.find((record) => record.uuid === uuid) ?? {};
      expect(is).toEqual(was);
    }
    expect(records[0]).toMatchObject({ uuid: 'old-1', parentUuid: 'old-0' });
  });

  it('takes a transcript of a version that preserves nothing', () => {
    const plain = { ...boundary, compactMetadata: { trigger: 'manual', preTokens: 5 } };
    expect(links(trimmed([plain, summary, attachment('todo', 'summary', 'todo')]))).toEqual([
      ['boundary', null],
      ['summary', 'boundary'],
      ['todo', 'summary'],
    ]);
  });

  it('goes by the newest of several compactions', () => {
    const earlier = [
      { ...boundary, uuid: 'first' },
      user('first-summary', 'first', 'x', { isCompactSummary: true }),
    ];
    expect(links(trimmed([...earlier, ...records]))[0]).toEqual(['boundary', null]);
    expect(JSON.stringify(trimmed([...earlier, ...records]))).not.toContain('first-summary');
  });

  it('leaves one beginning when a parent is nowhere to be found', () => {
    const lost = attachment('todo', 'nowhere', 'todo');
    expect(links(trimmed([{ ...boundary, compactMetadata: {} }, summary, lost])).at(-1)).toEqual([
      'todo',
      'summary',
    ]);
  });

  it.each<[string, RecordFields[]]>([
    ['nothing', []],
    ['no compaction', records.slice(0, 3)],
    ['a compaction without a summary', records.filter((record) => record !== summary)],
    ['an empty summary', [boundary, { ...summary, message: { role: 'user', content: '' } }]],
    [
      'a summary with nothing but its frame',
      [
        boundary,
        {
          ...summary,
          message: { role: 'user', content: summaryText.replace('The parser reads `a.ts`.', ' ') },
        },
      ],
    ],
    ['a summary that is no message', [boundary, { ...summary, message: 5 }]],
  ])('finds no summary in %s', (_, given) => {
    expect(trimCopy(given)).toEqual({ outcome: 'no-summary' });
  });
});
