import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { messagesOf } from '../../../src/engines/anthropic-api/messages-of.ts';
import { newestConversation, readTranscript } from '../../../src/engines/anthropic-api/read-transcript.ts';
import {
  parseTranscriptRecord,
  TranscriptRecord,
} from '../../../src/engines/anthropic-api/transcript-record.ts';
import { transcriptWriter } from '../../../src/engines/anthropic-api/write-transcript.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

type Fields = Record<string, unknown>;

/** A record that hangs from another one; null for none. */
function record(uuid: string, parentUuid: string | null, fields: Fields): TranscriptRecord {
  return TranscriptRecord.parse({ uuid, parentUuid, isSidechain: false, ...fields });
}

const user = (content: unknown): Fields => ({ type: 'user', message: { role: 'user', content } });
const model = (id: string, ...content: Fields[]): Fields => ({
  type: 'assistant',
  message: { id, role: 'assistant', model: 'claude-opus-5-5', content },
});
const text = (said: string): Fields => ({ type: 'text', text: said });
const use = (id: string): Fields => ({ type: 'tool_use', id, name: 'Read', input: {} });
const result = (id: string, content = 'done'): Fields => ({ type: 'tool_result', tool_use_id: id, content });
const note = (type: string, content: string): Fields => ({
  type: 'attachment',
  attachment: { type },
  rendered: [{ content }],
});

const told = (records: TranscriptRecord[]) => messagesOf(newestConversation(records).records).messages;
const uuids = (records: TranscriptRecord[]) => newestConversation(records).records.map(({ uuid }) => uuid);

describe('the newest conversation of a transcript', () => {
  it('is what leads to the last record', () => {
    const records = [
      record('1', null, user('first')),
      record('2', '1', model('m1', text('an answer that was taken back'))),
      record('3', '1', model('m2', text('another'))),
      record('4', '3', user('second')),
    ];
    expect(uuids(records)).toEqual(['1', '3', '4']);
    expect(newestConversation(records).leaf).toBe('4');
  });

  it('is empty without records, and ends where records go round in a circle', () => {
    expect(newestConversation([])).toEqual({ records: [], leaf: null });
    expect(uuids([record('1', '2', user('a')), record('2', '1', model('m', text('b')))])).toEqual(['1', '2']);
  });

  it('holds all parts of a message, and the results of tools that ran side by side', () => {
    const records = [
      record('1', null, user('go')),
      record('2', '1', model('m', text('two at once'))),
      record('3', '2', model('m', use('a'))),
      record('4', '3', user([result('a', 'of a')])),
      record('5', '3', model('m', use('b'))),
      record('6', '5', user([result('b', 'of b')])),
      record('7', '6', model('n', text('done'))),
    ];
    expect(told(records)).toEqual([
      { role: 'user', content: [text('go')] },
      { role: 'assistant', content: [text('two at once'), use('a'), use('b')] },
      { role: 'user', content: [result('a', 'of a'), result('b', 'of b')] },
      { role: 'assistant', content: [text('done')] },
    ]);
  });

  it('begins with the summary of the last compaction, and what that one kept', () => {
    const records = [
      record('1', null, user('long ago')),
      record('2', '1', model('m', text('kept'))),
      record('b', null, {
        type: 'system',
        subtype: 'compact_boundary',
        compactMetadata: { preservedSegment: { headUuid: '2', anchorUuid: 's', tailUuid: '2' } },
      }),
      record('s', 'b', user('the summary')),
      record('3', '2', user('and now')),
    ];
    expect(told(records)).toEqual([
      { role: 'user', content: [text('the summary')] },
      { role: 'assistant', content: [text('kept')] },
      { role: 'user', content: [text('and now')] },
    ]);
  });
});

describe('what the model is told', () => {
  it('answers a tool use that has no result, wherever it stands', () => {
    const records = [
      record('1', null, user('go')),
      record('2', '1', model('m', use('a'), use('b'))),
      record('3', '2', user([result('b')])),
      record('4', '3', model('n', use('c'))),
      record('5', '4', user('never mind')),
      record('6', '5', model('o', use('d'))),
      record('7', '6', model('p', text('all the same'))),
      record('8', '7', model('q', use('e'))),
    ];
    const unknown = (id: string) => ({ ...result(id, expect.stringContaining('unknown')), is_error: true });
    const { messages, open } = messagesOf(records);
    expect(messages.slice(1)).toEqual([
      { role: 'assistant', content: [use('a'), use('b')] },
      { role: 'user', content: [unknown('a'), result('b')] },
      { role: 'assistant', content: [use('c')] },
      { role: 'user', content: [unknown('c'), text('never mind')] },
      { role: 'assistant', content: [use('d')] },
      { role: 'user', content: [unknown('d')] },
      { role: 'assistant', content: [text('all the same')] },
      { role: 'assistant', content: [use('e')] },
      { role: 'user', content: [unknown('e')] },
    ]);
    expect(open).toEqual(['e']);
  });

  it('has no result of a call that is not there, and none twice', () => {
    const records = [
      record('1', null, user([result('gone'), text('go')])),
      record('2', '1', model('m', use('a'))),
      record('3', '2', user([result('a'), result('a'), result('other')])),
    ];
    expect(messagesOf(records).messages).toEqual([
      { role: 'user', content: [text('go')] },
      { role: 'assistant', content: [use('a')] },
      { role: 'user', content: [result('a')] },
    ]);
  });

  it('leaves out what the CLI says by itself, and empty words', () => {
    const records = [
      record('1', null, user('<command-name>/compact</command-name>')),
      record('2', '1', model('early', text('nobody asked'))),
      record('3', '2', user('go')),
      record('4', '3', note('total_tokens_reminder', '15 tokens left')),
      record('5', '4', { ...model('m', text('API Error: 529')), isApiErrorMessage: true }),
      record('6', '5', {
        type: 'assistant',
        message: { id: 's', model: '<synthetic>', content: [text('No response requested.')] },
      }),
      record('7', '6', user([text(' '), text('go again')])),
    ];
    expect(messagesOf(records).messages).toEqual([{ role: 'user', content: [text('go'), text('go again')] }]);
  });

  it('has what the CLI attached to a prompt before it, and results before all', () => {
    const records = [
      record('1', null, user('go')),
      record('2', '1', note('instructions', 'Use tabs.')),
      record('3', '2', note('date', 'Today is Sunday.')),
      record('4', '3', model('m', use('a'))),
      record('5', '4', note('date', 'Now it is Monday.')),
      record('6', '5', user([result('a')])),
    ];
    expect(messagesOf(records).messages).toEqual([
      { role: 'user', content: [text('Use tabs.'), text('Today is Sunday.'), text('go')] },
      { role: 'assistant', content: [use('a')] },
      { role: 'user', content: [result('a'), text('Now it is Monday.')] },
    ]);
  });

  it('has nothing that only a request of the CLI may hold', () => {
    const reference = { type: 'tool_reference', tool_name: 'mcp__notes__read' };
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } };
    const records = [
      record('1', null, user('go')),
      record('2', '1', note('model', 'You are another model.')),
      record('3', '2', model('m', { type: 'server_tool_use', id: 's' }, use('a'))),
      record('4', '3', user([{ ...result('a'), content: [reference, image] }])),
    ];
    expect(messagesOf(records).messages).toEqual([
      { role: 'user', content: [text('go')] },
      { role: 'assistant', content: [use('a')] },
      { role: 'user', content: [{ ...result('a'), content: [text('(mcp__notes__read)'), image] }] },
    ]);
  });

  it('has no marker of another prompt cache', () => {
    const marked = { ...text('go'), cache_control: { type: 'ephemeral' } };
    expect(messagesOf([record('1', null, user([marked]))]).messages).toEqual([
      { role: 'user', content: [text('go')] },
    ]);
  });
});

describe('a transcript', () => {
  const maker = { sessionId: 's', cwd: '/work', version: '1', now: () => new Date(0) };

  it('is read as it was written, in lines that begin as the CLI begins them', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'projects/work/s.jsonl');
    let count = 0;
    const newId = () => `id-${++count}`;
    const writer = transcriptWriter(path, null, { ...maker, newId });
    await writer.append({ type: 'user', message: { role: 'user', content: 'go' } });
    await writer.append({ type: 'assistant', message: { id: 'm', content: [text('gone')] } });
    const { records, leaf } = await readTranscript(path);
    expect(leaf).toBe('id-2');
    expect(records.map(({ uuid, parentUuid }) => [uuid, parentUuid])).toEqual([
      ['id-1', null],
      ['id-2', 'id-1'],
    ]);
    expect(records[0]).toMatchObject({ sessionId: 's', cwd: '/work', timestamp: '1970-01-01T00:00:00.000Z' });
  });

  it('is gone on with behind a line that was cut', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 's.jsonl');
    await writeFile(path, `${JSON.stringify({ uuid: '1', parentUuid: null, ...user('go') })}\n`);
    await appendFile(path, '{"parentUuid":"1","uuid":"2","ty');
    const { leaf } = await readTranscript(path);
    expect(leaf).toBe('1');
    await transcriptWriter(path, leaf, { ...maker, newId: () => '3' }).append(user('on') as { type: string });
    expect((await readTranscript(path)).records.map(({ uuid }) => uuid)).toEqual(['1', '3']);
  });

  it('is empty where there is none, and without what sub-agents said', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 's.jsonl');
    expect(await readTranscript(path)).toEqual({ records: [], leaf: null });
    await writeFile(path, `${JSON.stringify({ uuid: '1', ...user('go'), isSidechain: true })}\n`);
    expect(await readTranscript(path)).toEqual({ records: [], leaf: null });
  });

  it.each([['no JSON with a "uuid"'], ['{"type":"user"}'], ['{"uuid":1,"type":"user"}'], ['["uuid"]']])(
    'passes over %j',
    (line) => {
      expect(parseTranscriptRecord(line)).toBeUndefined();
    },
  );
});
