import type { Hono } from 'hono';
import type { CacheState } from './cache-state.ts';
import type { Faults } from './faults.ts';
import type { Blobs } from './start-blobs.ts';

/** Whom a token of a job speaks for. */
export interface Runner {
  repository: string;
  isReadOnly: boolean;
}

/** What the routes of each protocol are built on. */
export interface Service {
  app: Hono;
  blobs: Blobs;
  state: CacheState;
  faults: Faults;
  /** The bearer of an `authorization` header; undefined when nobody has the token. */
  runnerOf: (authorization: string | undefined) => Runner | undefined;
  /** Link to a blob, or to a route that fails when the operation is to fail. */
  link: (blob: string, operation: 'upload' | 'download') => Promise<string>;
}

/** Begins what GitHub answers to a job whose token may only read. */
export const writeDenied = 'cache write denied: the token has no writable scopes';
