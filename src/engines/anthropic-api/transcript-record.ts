import { z } from 'zod';

const Block = z.looseObject({
  type: z.string(),
  id: z.string().optional(),
  tool_use_id: z.string().optional(),
  text: z.string().optional(),
});
export type Block = z.infer<typeof Block>;

const Uuids = z.array(z.string()).catch([]).default([]);

/** A line of a transcript as the Claude Code CLI writes it, as far as a conversation is read from it. */
export const TranscriptRecord = z.looseObject({
  type: z.string(),
  subtype: z.string().optional().catch(undefined),
  uuid: z.string(),
  parentUuid: z.string().nullish().catch(undefined),
  isSidechain: z.boolean().optional().catch(undefined),
  /** The CLI's own words about a request that failed, in the name of the model. */
  isApiErrorMessage: z.boolean().optional().catch(undefined),
  message: z
    .looseObject({
      id: z.string().optional().catch(undefined),
      model: z.string().optional().catch(undefined),
      content: z.union([z.string(), z.array(Block)]),
    })
    .optional()
    .catch(undefined),
  attachment: z.looseObject({ type: z.string() }).optional().catch(undefined),
  /** What the CLI makes of an attachment for the model. */
  rendered: z
    .array(z.looseObject({ content: z.string() }))
    .optional()
    .catch(undefined),
  /** Which earlier messages a compaction keeps word for word, and where they hang now. */
  compactMetadata: z
    .looseObject({
      preservedSegment: z
        .looseObject({ headUuid: z.string(), anchorUuid: z.string().optional(), tailUuid: z.string() })
        .optional()
        .catch(undefined),
      preservedMessages: z.looseObject({ uuids: Uuids, allUuids: Uuids }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});
export type TranscriptRecord = z.infer<typeof TranscriptRecord>;

/** A line's record, or undefined for what has no place in a conversation or is no whole record. */
export function parseTranscriptRecord(line: string): TranscriptRecord | undefined {
  if (!line.includes('"uuid"')) return undefined;
  try {
    return TranscriptRecord.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

export function isBoundary({ type, subtype }: TranscriptRecord): boolean {
  return type === 'system' && subtype === 'compact_boundary';
}

export function blocksOf({ message }: TranscriptRecord): Block[] {
  const content = message?.content;
  if (content === undefined) return [];
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}
