import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { BetaMessage, BetaMessageParam, BetaUserMessageParam } from '@anthropic-ai/sdk/resources/beta';
import type { EngineTask } from '../engine.ts';
import { messagesOf, unknownResult } from './messages-of.ts';
import { readTranscript } from './read-transcript.ts';
import { engineVersion } from './version.ts';
import { transcriptWriter } from './write-transcript.ts';

export interface Session {
  /** What was said before this run. */
  messages: BetaMessageParam[];
  /** Whether there is a conversation, of whatever kind, under this id. */
  exists: boolean;
  /** Each writes what was said into the transcript. */
  addPrompt(message: BetaUserMessageParam): Promise<void>;
  addAnswer(message: BetaMessage): Promise<void>;
  addResults(message: BetaUserMessageParam): Promise<void>;
}

type SessionPlace = Pick<EngineTask, 'configDirectory' | 'sessionId' | 'workingDirectory'> & {
  /** Name of the folder under `projects/` that sessions are kept in. */
  projectFolder: string;
};

export function transcriptFile({
  configDirectory,
  projectFolder,
  sessionId,
}: Omit<SessionPlace, 'workingDirectory'>): string {
  return join(configDirectory, 'projects', projectFolder, `${sessionId}.jsonl`);
}

/** Opens the transcript of a session, there or not yet; nothing is written before something is said. */
export async function openSession(place: SessionPlace): Promise<Session> {
  const path = transcriptFile(place);
  const { records, leaf } = await readTranscript(path);
  const { messages, open } = messagesOf(records);
  const writer = transcriptWriter(path, leaf, {
    sessionId: place.sessionId,
    cwd: place.workingDirectory,
    version: engineVersion,
    newId: randomUUID,
    now: () => new Date(),
  });
  let answerId: string | undefined;

  return {
    messages,
    exists: leaf !== null,
    async addPrompt(message) {
      if (open.length > 0) {
        const results = { role: 'user', content: open.map(unknownResult) };
        await writer.append({ type: 'user', message: results });
      }
      await writer.append({ type: 'user', message });
    },
    async addAnswer(message) {
      // The provider takes back no message in which nothing is said.
      if (message.content.length === 0) return;
      answerId = await writer.append({ type: 'assistant', message });
    },
    async addResults(message) {
      await writer.append({ type: 'user', message, sourceToolAssistantUUID: answerId });
    },
  };
}
