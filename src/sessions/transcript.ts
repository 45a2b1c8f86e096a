import { z } from 'zod';

const Block = z.looseObject({
  type: z.string(),
  id: z.string().optional(),
  tool_use_id: z.string().optional(),
});

/** A line of a Claude Code transcript, as far as this program reads it; there are many more kinds and fields. */
export const TranscriptRecord = z.looseObject({
  type: z.string().optional(),
  uuid: z.string().optional(),
  parentUuid: z.string().nullish(),
  isSidechain: z.boolean().optional(),
  isMeta: z.boolean().optional(),
  message: z
    .looseObject({ id: z.string().optional(), content: z.union([z.string(), z.array(Block)]).optional() })
    .optional(),
});
export type TranscriptRecord = z.infer<typeof TranscriptRecord>;

/** A record with its fields in the order in which they stand, for whoever writes it again. */
export type RecordFields = Record<string, unknown>;

export function isFields(value: unknown): value is RecordFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A line's fields, or undefined when the line is no JSON object. */
export function parseFields(line: string): RecordFields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What a message says in words; empty for a record that is no message. */
export function textOfRecord({ message }: RecordFields): string {
  const content = isFields(message) ? message.content : undefined;
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((block: unknown) => (isFields(block) && typeof block.text === 'string' ? block.text : ''))
    .join('\n');
}

/** A line's record, or undefined when the line is no JSON object. */
export function parseRecord(line: string): TranscriptRecord | undefined {
  try {
    return TranscriptRecord.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** Whether a record is a part of the conversation itself. */
export function isMessage({ type, message }: TranscriptRecord): boolean {
  return (type === 'user' || type === 'assistant') && message !== undefined;
}

/** Whether a record begins a turn: what a person said, not a tool's result or a note of the CLI. */
export function isPrompt(record: TranscriptRecord): boolean {
  return isMessage(record) && record.type === 'user' && !record.isMeta && toolResults(record).length === 0;
}

export function toolUses(record: TranscriptRecord): string[] {
  return blocks(record).flatMap(({ type, id }) => (type === 'tool_use' && id !== undefined ? [id] : []));
}

export function toolResults(record: TranscriptRecord): string[] {
  return blocks(record).flatMap(({ type, tool_use_id: id }) =>
    type === 'tool_result' && id !== undefined ? [id] : [],
  );
}

function blocks({ message }: TranscriptRecord): z.infer<typeof Block>[] {
  return Array.isArray(message?.content) ? message.content : [];
}
