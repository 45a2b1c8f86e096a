import { createReadStream } from 'node:fs';
import { appendFile, copyFile, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SessionFile } from '../../src/core/session.ts';
import { deriveFrom } from '../../src/core/session-key.ts';
import { scrub, scrubRules } from '../../src/sessions/scrub/scrub.ts';
import { transcriptPath } from '../../src/sessions/session-files.ts';
import type { Result } from '../figure.ts';
import { medians } from '../rounds.ts';
import { type Ground, sessionId, writeConfig } from './ground.ts';

/** Values that a run knows; none of them is in the transcript. */
const secrets = Array.from({ length: 12 }, (_, index) => `benchmark-secret-value-${index}-0123456789abcdef`);

export interface Scrubbed {
  directory: string;
  files: SessionFile[];
}

/** Scrubs a configuration directory into a new one; `before` is what was scrubbed in an earlier run. */
export async function scrubbedCopy(
  { keys, directory }: Ground,
  name: string,
  from: string,
  before?: SessionFile[],
): Promise<Scrubbed> {
  const target = join(directory, name);
  await rm(target, { recursive: true, force: true });
  const result = await scrub(from, sessionId, target, {
    secrets,
    markKey: deriveFrom(keys.current, 'dexter scrub marks'),
    ...(before === undefined ? {} : { before: { scrubRules, files: before } }),
  });
  if (result.outcome !== 'scrubbed') throw new Error(`The transcript was not scrubbed: ${result.reason}`);
  return { directory: target, files: result.files };
}

/** How fast a transcript is scrubbed, and what a follow-up costs that adds one per cent to it. */
export async function* measureScrub(ground: Ground, scrubbed: Scrubbed): AsyncGenerator<Result> {
  const { directory, configDirectory, bytes, rounds, log } = ground;
  const followUp = join(directory, 'follow-up');
  const followUpBytes = await addTurns(ground, scrubbed, followUp);
  log(`scrub: ${bytes} bytes, and ${followUpBytes} after a follow-up`);
  const ms = await medians(
    {
      first: {
        run: async () => {
          await scrubbedCopy(ground, 'scrubbed-first', configDirectory);
        },
      },
      again: {
        run: async () => {
          await scrubbedCopy(ground, 'scrubbed-again', followUp);
        },
      },
      followUp: {
        run: async () => {
          await scrubbedCopy(ground, 'scrubbed-follow-up', followUp, scrubbed.files);
        },
      },
    },
    rounds,
    log,
  );
  for (const name of ['follow-up', 'scrubbed-first', 'scrubbed-again', 'scrubbed-follow-up']) {
    await rm(join(directory, name), { recursive: true, force: true });
  }
  yield { figure: 'scrub_speed', value: bytes / 1e6 / (ms.first / 1000), unit: 'MB/s', goal: '>=60' };
  yield { figure: 'scrub_followup_ratio', value: ms.followUp / ms.again, unit: 'ratio', goal: '<=0.5' };
}

/** The session as a follow-up leaves it: what was restored, and one per cent of new turns. */
async function addTurns({ bytes, directory }: Ground, scrubbed: Scrubbed, target: string): Promise<number> {
  const longer = join(directory, 'longer');
  try {
    const longerBytes = await writeConfig(longer, bytes * 1.01);
    const path = transcriptPath(sessionId);
    await mkdir(dirname(join(target, path)), { recursive: true });
    await copyFile(join(scrubbed.directory, path), join(target, path));
    for await (const chunk of createReadStream(join(longer, path), { start: bytes })) {
      await appendFile(join(target, path), chunk);
    }
    return longerBytes;
  } finally {
    await rm(longer, { recursive: true, force: true });
  }
}
