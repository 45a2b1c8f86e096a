import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, hasCode, messageOf } from '../core/errors.ts';
import { keyStart, parseKey } from './actions-cache/entry-key.ts';
import type { ActionsCacheOptions } from './actions-cache.ts';
import type { S3StoreOptions } from './s3/options.ts';
import type { SessionStore } from './session-store.ts';
import { type WorkspaceOptions, workspaceStore } from './workspace.ts';

/** Which store, and what its driver needs. */
export type StoreConfig =
  | ({ name: 'workspace' } & WorkspaceOptions)
  | ({ name: 's3' } & S3StoreOptions)
  | ({ name: 'actions-cache' } & ActionsCacheOptions);

/** Opens a store; the SDK behind it is loaded only when it is the one that is asked for. */
export async function openStore(config: StoreConfig): Promise<SessionStore> {
  switch (config.name) {
    case 'workspace':
      return workspaceStore(config);
    case 's3': {
      const { name, ...options } = config;
      const { s3Store } = await import('./s3.ts');
      return s3Store(options);
    }
    case 'actions-cache': {
      const { actionsCacheStore } = await import('./actions-cache.ts');
      return actionsCacheStore(config);
    }
  }
}

/** Ids of the installations that have something in a store: what `list` can be asked for. Ascending. */
export async function installationsIn(config: StoreConfig): Promise<number[]> {
  return [...new Set(await installationIds(config))].sort((a, b) => a - b);
}

async function installationIds(config: StoreConfig): Promise<number[]> {
  switch (config.name) {
    case 'workspace':
      return numberedFoldersOf(join(config.root, 'sessions'));
    case 's3': {
      const { name, ...options } = config;
      const { foldersOf } = await import('./s3/folders.ts');
      return foldersOf(options);
    }
    case 'actions-cache': {
      const entries = (await config.entries?.list(keyStart)) ?? [];
      return entries.flatMap(({ key }) => parseKey(key)?.ref.installationId ?? []);
    }
  }
}

async function numberedFoldersOf(directory: string): Promise<number[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    return names.filter((name) => /^(?:0|[1-9]\d{0,14})$/.test(name)).map(Number);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return [];
    throw new AppError('session-unreadable', {
      message: `The sessions in ${directory} could not be listed: ${messageOf(cause)}.`,
      hint: 'Check that this user may read the workspace directory.',
      cause,
    });
  }
}
