import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newMasterKey, type SessionKeys, sessionKeys } from '../../src/core/session-key.ts';
import type { ManifestFacts } from '../../src/sessions/pack.ts';
import { projectFolder, transcriptPath } from '../../src/sessions/session-files.ts';
import type { BenchOptions } from '../bench.ts';
import { writeTranscript } from '../transcript.ts';

export const ref = { installationId: 1, repositoryId: 20, issueKey: 'ORDERS-17' };
export const sessionId = '0d6f3c1e-5a37-4d1b-9b8e-2f4c6a8e0b1d';

/** Where a bench works, and with what. */
export interface Ground extends Omit<BenchOptions, 'only'> {
  /** Removed at the end. */
  directory: string;
  keys: SessionKeys;
  /** A configuration directory of the CLI, with the transcript in it. */
  configDirectory: string;
  /** Of the transcript. */
  bytes: number;
}

export async function prepareGround(options: Omit<BenchOptions, 'only'>): Promise<Ground> {
  const { leftovers, megabytes, log } = options;
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'dexter-bench-')));
  leftovers.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  const configDirectory = join(directory, 'config');
  log(`writing a transcript of ${megabytes} MB`);
  const bytes = await writeConfig(configDirectory, megabytes * 1e6);
  const keys = sessionKeys({ current: newMasterKey(), previous: [] }, ref);
  return { ...options, directory, keys, configDirectory, bytes };
}

/** Makes a configuration directory with a transcript of about `bytes`. @returns bytes written. */
export async function writeConfig(configDirectory: string, bytes: number): Promise<number> {
  await mkdir(join(configDirectory, 'projects', projectFolder), { recursive: true, mode: 0o700 });
  return await writeTranscript(join(configDirectory, transcriptPath(sessionId)), {
    sessionId,
    bytes,
  });
}

export function factsOf(generation: number): Omit<ManifestFacts, 'scrubRules'> {
  return {
    ref,
    generation,
    parentGeneration: generation - 1,
    sessionId,
    engine: 'claude-code',
    engineVersion: '2.1.330',
    model: 'claude-opus-4-5',
    effort: null,
    workingDirectory: '/home/runner/work/orders/orders',
    baseCommit: null,
    headCommit: null,
    ticket: null,
    contextTokens: 120_000,
    costUsd: 12.5,
    createdAt: '2026-11-02T08:00:00.000Z',
  };
}

/** Removes what the last round left. */
export async function emptied(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
}
