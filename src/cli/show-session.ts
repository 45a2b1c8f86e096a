import { AppError } from '../core/errors.ts';
import type { SessionManifest, SessionRef } from '../core/session.ts';
import type { MasterKeys } from '../core/session-key.ts';
import { formatSize } from '../core/size.ts';
import { formatCost, formatCount, plural } from '../report/figures.ts';
import { keyIdOf } from '../sessions/seal.ts';
import { chooseSession, notFound } from './choose-session.ts';
import { openSession } from './open-session.ts';
import type { OpenedStore, Scope } from './opened-store.ts';
import { formatSince, plain, plainJson } from './plain-text.ts';
import { withPrivateDirectory } from './private-directory.ts';
import { tellProblem } from './tell-problem.ts';
import type { Terminal } from './terminal.ts';

/** What is known of a session. */
interface Shown {
  ref: SessionRef;
  generation: number;
  bytes: number;
  savedAt: Date;
  keyId?: string | undefined;
  /** Only of one that was opened, and is whole. */
  manifest?: SessionManifest;
}

/**
 * `dexter session show`: unpacks the newest generation to see that it is whole, and says what its manifest
 * says; without a key only what the store knows. Exit code 1 when it cannot be opened with the keys that are
 * there.
 */
export async function showSession(
  opened: OpenedStore,
  issueKey: string,
  options: Scope & { json: boolean; keys: MasterKeys | undefined },
  terminal: Terminal,
): Promise<number> {
  const { ref } = await chooseSession(opened, issueKey, options);
  const { keys } = options;
  const { shown, problem } = keys === undefined ? await seen(opened, ref) : await verified(opened, ref, keys);
  const lines = options.json ? [plainJson(inJson(shown))] : facts(opened, shown, terminal.now());
  for (const line of lines) terminal.print(line);
  if (problem !== undefined) {
    tellProblem(problem, terminal);
    return 1;
  }
  if (keys === undefined) {
    terminal.tell('There is no session key here, so the session was not opened.');
    terminal.tell('Set DEXTER_SESSION_KEY to see what is in it.');
  }
  return 0;
}

/** What can be said without a key. */
async function seen(opened: OpenedStore, ref: SessionRef): Promise<{ shown: Shown; problem?: AppError }> {
  const found = await opened.store.read(ref);
  if (found.outcome === 'miss') throw notFound(opened, ref.issueKey);
  const { generation, bytes, savedAt } = found;
  return { shown: { ref, generation, bytes, savedAt, keyId: await keyIdOf(found.archive) } };
}

async function verified(
  opened: OpenedStore,
  ref: SessionRef,
  keys: MasterKeys,
): Promise<{ shown: Shown; problem?: AppError }> {
  const session = await withPrivateDirectory((path) => openSession(opened.store, keys, ref, path));
  switch (session.outcome) {
    case 'opened': {
      const { manifest, keyId, savedAt, bytes } = session;
      return { shown: { ref, generation: manifest.generation, bytes, savedAt, keyId, manifest } };
    }
    case 'gone':
      throw notFound(opened, ref.issueKey);
    case 'wrong-key':
      return { shown: (await seen(opened, ref)).shown, problem: wrongKey(ref, session.keyId) };
    case 'damaged':
      return { shown: (await seen(opened, ref)).shown, problem: damaged(ref, session) };
  }
}

/** For a session that was sealed under none of the keys that are here. */
export function wrongKey(ref: SessionRef, keyId: string): AppError {
  return new AppError('session-unreadable', {
    message: `The session of ${ref.issueKey} is sealed under a key that is not here (its id is ${keyId}).`,
    hint: 'Set DEXTER_SESSION_KEY to the key of the app, and DEXTER_SESSION_KEY_PREVIOUS to the keys before it.',
  });
}

/** For a session that does not pass the checks. */
export function damaged(
  ref: SessionRef,
  { generation, reason }: { generation: number; reason: string },
): AppError {
  return new AppError('session-unreadable', {
    message: `Generation ${generation} of the session of ${ref.issueKey} cannot be used: ${reason}.`,
    hint: 'The next run goes on from the generation before, when that one is whole; `dexter session rm` removes all of them.',
  });
}

function inJson({ ref, savedAt, manifest, ...rest }: Shown) {
  return {
    ...ref,
    ...rest,
    savedAt: savedAt.toISOString(),
    verified: manifest !== undefined,
    manifest: manifest ?? null,
  };
}

function facts(opened: OpenedStore, shown: Shown, now: Date): string[] {
  const { ref, generation, bytes, savedAt, keyId, manifest } = shown;
  const rows: [string, string][] = [
    ['Issue', ref.issueKey],
    ['Installation', String(ref.installationId)],
    ['Repository', String(ref.repositoryId)],
    ['Store', `${opened.name}: ${opened.place}`],
    ['Generation', generationText(generation, manifest)],
    ['Saved', `${formatSince(savedAt, now)} (${savedAt.toISOString()})`],
    ['Stored', formatSize(bytes)],
    ['Sealed under', keyId === undefined ? 'nothing: this is no sealed archive' : `key ${keyId}`],
    ...(manifest === undefined ? [] : manifestFacts(manifest)),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}`);
}

function generationText(generation: number, manifest: SessionManifest | undefined): string {
  if (manifest === undefined) return String(generation);
  return manifest.parentGeneration === 0
    ? `${generation}, a new conversation`
    : `${generation}, which continues generation ${manifest.parentGeneration}`;
}

function copyText({ compacted }: SessionManifest): string {
  if (compacted === undefined) return 'none';
  const { sessionId, contextTokens, summedUpTo } = compacted;
  return `${sessionId}, ${formatCount(contextTokens)} tokens, a summary of what was said up to generation ${summedUpTo}`;
}

function manifestFacts(manifest: SessionManifest): [string, string][] {
  const { files } = manifest;
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    ['Holds', `${plural(files.length, 'file')}, ${formatSize(total)}; every one is whole`],
    ['Session', manifest.sessionId],
    ['Engine', `${manifest.engine} ${manifest.engineVersion}`],
    ['Model', manifest.model ?? 'unknown'],
    ['Effort', manifest.effort ?? "the engine's default"],
    ['Context', `${formatCount(manifest.contextTokens)} tokens`],
    ['Compacted copy', copyText(manifest)],
    ['Cost so far', formatCost(manifest.costUsd)],
    ['Directory', manifest.workingDirectory],
    ['Began from', manifest.baseCommit ?? 'unknown'],
    ['Newest commit', manifest.headCommit ?? 'unknown'],
    ['Newest comment', manifest.ticket?.newestComment || 'none'],
    ['Scrubbed by', `rules ${manifest.scrubRules}`],
  ];
}
