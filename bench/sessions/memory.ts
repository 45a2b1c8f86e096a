import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { runProgram } from '../child.ts';
import type { Result } from '../figure.ts';
import { type Ground, writeConfig } from './ground.ts';

const Used = z.object({ megabytes: z.number() });

/** The most memory that saving and restoring take, of a session of 500 MB where the transcript has 150. */
export async function* measureMemory(ground: Ground): AsyncGenerator<Result> {
  const { directory, keys, leftovers, log, megabytes } = ground;
  const place = join(directory, 'memory');
  const configDirectory = join(place, 'config');
  const bytes = await writeConfig(configDirectory, (megabytes * 1e6 * 10) / 3);
  const places = { root: join(place, 'workspaces'), temporaryDirectory: join(place, 'temporary'), keys };
  const child = { cwd: directory, leftovers };
  log(`memory: save ${bytes} bytes`);
  const saved = Used.parse(
    await runProgram('sessions/memory-process', { action: 'save', configDirectory, ...places }, child),
  );
  yield { figure: 'save_memory', value: saved.megabytes, unit: 'MB', goal: '<=300' };
  await rm(configDirectory, { recursive: true, force: true });
  log('memory: restore');
  const restored = Used.parse(
    await runProgram('sessions/memory-process', { action: 'restore', configDirectory, ...places }, child),
  );
  yield { figure: 'restore_memory', value: restored.megabytes, unit: 'MB', goal: '<=300' };
  await rm(place, { recursive: true, force: true });
}
