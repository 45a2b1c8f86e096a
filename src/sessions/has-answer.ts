import { join } from 'node:path';
import { hasCode } from '../core/errors.ts';
import { linesIn, readPieces } from './read-pieces.ts';
import { transcriptPath } from './session-files.ts';
import { parseRecord } from './transcript.ts';

/** What the CLI writes itself in the name of the model, about a key that was refused for example. */
const synthetic = '<synthetic>';

/** Whether the model has said anything in a session from a byte of its transcript on; false when there is none. */
export async function hasAnswer(configDirectory: string, sessionId: string, start = 0): Promise<boolean> {
  const path = join(configDirectory, transcriptPath(sessionId));
  try {
    for await (const { bytes } of readPieces(path, { start })) {
      for (const line of linesIn(bytes)) {
        const record = parseRecord(bytes.toString('utf8', line.start, line.end));
        if (record?.type === 'assistant' && record.message?.model !== synthetic) return true;
      }
    }
    return false;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
