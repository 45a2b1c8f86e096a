import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SessionFile } from '../../src/core/session.ts';
import { findSessionFiles } from '../../src/sessions/session-files.ts';

export function describedAs(path: string, content: string | Uint8Array): SessionFile {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { path, bytes: Buffer.byteLength(content), sha256 };
}

/** The session's files in a configuration directory, with their hashes, as they come from the scrub. */
export async function describedFiles(directory: string, sessionId: string): Promise<SessionFile[]> {
  const paths = await findSessionFiles(directory, sessionId);
  return await Promise.all(
    paths.map(async (path) => describedAs(path, await readFile(join(directory, path)))),
  );
}
