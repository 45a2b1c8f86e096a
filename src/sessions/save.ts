import { randomUUID } from 'node:crypto';
import { access, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, hasCode } from '../core/errors.ts';
import type { SessionFile, SessionManifest } from '../core/session.ts';
import { deriveFrom, type SessionKeys } from '../core/session-key.ts';
import type { SessionStore } from '../stores/session-store.ts';
import { type ManifestFacts, pack } from './pack.ts';
import { repair } from './repair.ts';
import type { ScrubResult } from './scrub/scrub.ts';
import { seal } from './seal.ts';
import { countLeftOut, hasCopy, transcriptPath } from './session-files.ts';

export interface SaveOptions {
  store: SessionStore;
  keys: SessionKeys;
  /** The CLI's configuration directory; nobody writes to it any more. */
  configDirectory: string;
  /** Directory in which scrubbed copies may lie for a moment. */
  temporaryDirectory: string;
  facts: Omit<ManifestFacts, 'scrubRules'>;
  /** Exact values that must not be in an archive, beside everything that looks like a secret. */
  secrets: readonly string[];
  /** What the conversation was restored from: it is not scrubbed again. */
  before?: SessionManifest | undefined;
}

export type SaveResult =
  | {
      outcome: 'saved';
      generation: number;
      bytes: number;
      /** Name of the generation in the store, when that is more than its number. */
      entry?: string;
      /** For the person who asked: what was left out. */
      notices: string[];
    }
  /** The engine left no transcript. */
  | { outcome: 'nothing' }
  /** Another run saved this generation first; its session stays. */
  | { outcome: 'conflict'; newest: number };

/**
 * Repairs, scrubs, packs and seals the session in `configDirectory`, and writes it to the store as
 * `facts.generation`.
 * @throws AppError `session-not-saved`: what was saved before is still there.
 */
export async function save(options: SaveOptions): Promise<SaveResult> {
  const { configDirectory, facts, temporaryDirectory } = options;
  if (!(await exists(join(configDirectory, transcriptPath(facts.sessionId))))) return { outcome: 'nothing' };
  const notices = await repairOrThrow(options);
  await mkdir(temporaryDirectory, { recursive: true, mode: 0o700 });
  const scrubbed = join(temporaryDirectory, `scrubbed-${randomUUID()}`);
  try {
    const { kept, files } = await scrubbedWithCopy(options, scrubbed);
    if (facts.compacted !== undefined && kept.facts.compacted === undefined) notices.push(lostCopy);
    const written = await writeSession(kept, scrubbed, files);
    notices.push(...(await leftOut(options)));
    return written.outcome === 'saved' ? { ...written, notices } : written;
  } finally {
    await rm(scrubbed, { recursive: true, force: true });
  }
}

const lostCopy =
  'The compacted copy of the session was damaged and is left out: a later follow-up may cost more than with it.';

/** The copy is kept when it is whole and can be scrubbed; otherwise the conversation is saved without it. */
async function scrubbedWithCopy(
  options: SaveOptions,
  target: string,
): Promise<{ kept: SaveOptions; files: SessionFile[] }> {
  const { compacted, ...facts } = options.facts;
  if (compacted !== undefined && hasCopy(options.facts)) {
    const repaired = await repair(options.configDirectory, compacted.sessionId);
    const scrubbed = repaired.outcome === 'broken' ? repaired : await scrubAll(options, target);
    if (scrubbed.outcome === 'scrubbed') return { kept: options, files: scrubbed.files };
  }
  const kept = { ...options, facts };
  return { kept, files: await scrubOrThrow(kept, target) };
}

/** Its rules take a while to load, which a run has when its session is to be saved. */
const loadScrub = () => import('./scrub/scrub.ts');

async function leftOut({ configDirectory, facts }: SaveOptions): Promise<string[]> {
  const count = await countLeftOut(configDirectory, facts.sessionId);
  if (count === 0) return [];
  const files =
    count === 1 ? 'One long tool result or sub-agent has' : `${count} long tool results or sub-agents have`;
  return [
    `${files} a file name that a session archive cannot hold, and will be missing after the next restore.`,
  ];
}

type Written = Exclude<SaveResult, { outcome: 'saved' }> | Omit<SaveResult & { outcome: 'saved' }, 'notices'>;

/** Packs, seals and stores files that are scrubbed already. */
export async function writeSession(
  { store, keys, facts }: Pick<SaveOptions, 'store' | 'keys' | 'facts'>,
  directory: string,
  files: SessionFile[],
): Promise<Written> {
  const { scrubRules } = await loadScrub();
  const packed = await pack(directory, { ...facts, scrubRules }, files);
  if (packed.outcome === 'nothing') return packed;
  if (packed.outcome === 'too-large') {
    throw new AppError('session-not-saved', {
      message: `The session of ${facts.ref.issueKey} is too large to be saved: ${packed.reason}.`,
      hint: 'Start the next command with `--fresh`.',
    });
  }
  const sealed = seal(packed.archive, keys.current, facts);
  const { generation } = facts;
  const written = await store.write(facts.ref, generation, sealed);
  return written.outcome === 'saved' ? { ...written, generation } : written;
}

async function repairOrThrow({ configDirectory, facts }: SaveOptions): Promise<string[]> {
  const repaired = await repair(configDirectory, facts.sessionId);
  if (repaired.outcome === 'broken') throw damaged(facts.ref.issueKey, repaired.reason);
  return repaired.outcome === 'repaired' ? repaired.dropped : [];
}

function damaged(issueKey: string, reason: string): AppError {
  return new AppError('session-not-saved', {
    message: `The session of ${issueKey} was not saved, because its transcript is damaged. ${reason}`,
    hint: 'Look for a full disk or a killed process on the runner.',
  });
}

/** A session that cannot be cleaned of secrets is lost rather than leaked. */
async function scrubOrThrow(options: SaveOptions, target: string): Promise<SessionFile[]> {
  const { facts } = options;
  const result = await scrubAll(options, target);
  if (result.outcome === 'scrubbed') return result.files;
  if (result.outcome === 'broken') throw damaged(facts.ref.issueKey, result.reason);
  throw new AppError('session-not-saved', {
    message: `The session of ${facts.ref.issueKey} was not saved, because secrets could not be taken out of it safely: ${result.reason}.`,
    hint: 'Keep secrets out of what the agent reads; its next session starts from what was saved before.',
  });
}

async function scrubAll(options: SaveOptions, target: string): Promise<ScrubResult> {
  const { before, configDirectory, facts, keys, secrets } = options;
  const { scrub } = await loadScrub();
  return await scrub(configDirectory, facts.sessionId, target, {
    secrets,
    markKey: deriveFrom(keys.current, 'dexter scrub marks'),
    copyId: facts.compacted?.sessionId,
    ...(before === undefined ? {} : { before }),
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}
