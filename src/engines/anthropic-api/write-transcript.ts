import { appendFile, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../../core/errors.ts';

export interface RecordPlace {
  sessionId: string;
  /** The checkout. */
  cwd: string;
  /** Of the engine. */
  version: string;
}

/** What the writer cannot know by itself. */
export interface RecordMaker extends RecordPlace {
  newId: () => string;
  now: () => Date;
}

export interface TranscriptWriter {
  /** Appends a record that hangs from the last one, and gives its id. */
  append(fields: Record<string, unknown> & { type: string }): Promise<string>;
}

/**
 * Writes records as the CLI does, each as soon as it is complete, so that both can go on with the session, and whoever
 * keeps sessions need not know which of them wrote it.
 * @param leaf the record that the first one hangs from.
 */
export function transcriptWriter(path: string, leaf: string | null, maker: RecordMaker): TranscriptWriter {
  const { newId, now, ...place } = maker;
  let last = leaf;
  let isReady = false;
  return {
    async append(fields) {
      if (!isReady) await makeReady(path);
      isReady = true;
      const record = recordOf(fields, { parentUuid: last, uuid: newId(), timestamp: now(), ...place });
      await appendFile(path, `${JSON.stringify(record)}\n`, { mode: 0o600 });
      last = record.uuid;
      return record.uuid;
    },
  };
}

/** The fields in the CLI's order: whoever looks for damage knows a line by its beginning. */
function recordOf(
  fields: Record<string, unknown> & { type: string },
  where: RecordPlace & { parentUuid: string | null; uuid: string; timestamp: Date },
) {
  const { parentUuid, uuid, timestamp, ...place } = where;
  return {
    parentUuid,
    isSidechain: false,
    ...fields,
    uuid,
    timestamp: timestamp.toISOString(),
    userType: 'external',
    entrypoint: 'sdk-ts',
    ...place,
  };
}

/** A last line that was cut gets its end, or the next record would be a part of it. */
async function makeReady(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (!(await endsInLine(path))) await appendFile(path, '\n');
}

async function endsInLine(path: string): Promise<boolean> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size === 0) return true;
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] === 0x0a;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true;
    throw error;
  }
}
