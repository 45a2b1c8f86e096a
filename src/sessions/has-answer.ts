import { join } from 'node:path';
import { hasCode } from '../core/errors.ts';
import { linesIn, readPieces } from './read-pieces.ts';
import { transcriptPath } from './session-files.ts';
import { parseRecord } from './transcript.ts';

/** What the CLI writes itself in the name of the model, about a key that was refused for example. */
const synthetic = '<synthetic>';

/** Whether the model has said anything in a session; false when there is no transcript. */
export async function hasAnswer(configDirectory: string, sessionId: string): Promise<boolean> {
  try {
    for await (const { bytes } of readPieces(join(configDirectory, transcriptPath(sessionId)))) {
      for (const { start, end } of linesIn(bytes)) {
        const record = parseRecord(bytes.toString('utf8', start, end));
        if (record?.type === 'assistant' && record.message?.model !== synthetic) return true;
      }
    }
    return false;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
