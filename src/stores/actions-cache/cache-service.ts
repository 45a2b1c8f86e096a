import { createHash } from 'node:crypto';
import { z } from 'zod';
import { messageOf } from '../../core/errors.ts';

/** The variables of a job that lead to its cache; a runner sets them. */
export type JobEnvironment = Readonly<Record<string, string | undefined>>;

/** How the toolkit packed an entry, in its own words: `zstd` where the machine has it. */
const packings = ['zstd-without-long', 'gzip'] as const;
export type Packing = (typeof packings)[number];

/** The one file of an entry, as the toolkit is told its path. */
export const sealedName = 'session.dxs';

export interface FoundEntry {
  key: string;
  packing: Packing;
  /** Signed link to the contents; a credential. */
  url: string;
  /** Where the service says it with the link. */
  createdAt?: Date;
}

export interface CacheService {
  /** The newest entry of each packing whose key is `key` or begins with it. Throws a CacheProblem. */
  find(key: string): Promise<FoundEntry[]>;
}

/** Why the cache could not be asked or written, with what to do about it. */
export class CacheProblem extends Error {
  override name = 'CacheProblem';
  readonly hint: string;

  constructor(message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.hint = hint;
  }
}

export const tryLater = 'Try again with `retry`; githubstatus.com tells whether GitHub has an incident.';

const requestMs = 30_000;
const tries = 3;

/**
 * What the cache files entries under beside their key: a hash of path and packing, computed as the toolkit
 * does. https://github.com/actions/toolkit/blob/main/packages/cache/src/internal/cacheUtils.ts
 */
export function versionOf(packing: Packing): string {
  return createHash('sha256').update([sealedName, packing, '1.0'].join('|')).digest('hex');
}

/**
 * Looks entries up. The toolkit's own `restoreCache` is not used: a failure looks like a miss there, and it
 * unpacks with `tar -P`, which writes wherever the archive says.
 */
export function cacheService(env: JobEnvironment, pause: (ms: number) => Promise<void>): CacheService {
  const look = { 1: findInV1, 2: findInV2 };

  return {
    async find(key) {
      const { protocol, url, token } = connectionOf(env);
      const mode = modeOf(env);
      if (mode === 'none' || mode === 'write-only') {
        throw new CacheProblem(
          `the job has \`cache-mode: ${mode}\`, which does not let it read the Actions cache`,
          'Set `cache-mode: write` for the job, or remove the line.',
        );
      }
      const found = await Promise.all(
        packings.map((packing) => look[protocol]({ url, token, key, packing, pause })),
      );
      return found.filter((entry) => entry !== undefined);
    },
  };
}

/** Throws a CacheProblem when the job may not write, as far as its environment tells. */
export function assertWritable(env: JobEnvironment): void {
  connectionOf(env);
  const mode = modeOf(env);
  if (mode !== 'none' && mode !== 'read') return;
  throw writeDenied(`the job has \`cache-mode: ${mode}\``);
}

/** GitHub lets a job read the cache but not write it: its token, its event or its cache-mode forbids it. */
export function writeDenied(reason: string): CacheProblem {
  return new CacheProblem(
    `the job may only read the Actions cache (${reason})`,
    'Give the job `permissions: actions: write` and no `cache-mode` but `write`, and start the workflow by `workflow_dispatch`.',
  );
}

function modeOf(env: JobEnvironment): string {
  return (env.ACTIONS_CACHE_MODE ?? '').trim().toLowerCase();
}

/** Where the toolkit would go: v2 on github.com, v1 on an enterprise server or when the runner asks for it. */
function connectionOf(env: JobEnvironment): { protocol: 1 | 2; url: string; token: string } {
  const host = new URL(env.GITHUB_SERVER_URL || 'https://github.com').hostname.toLowerCase();
  const isOwnServer = host !== 'github.com' && !host.endsWith('.ghe.com') && !host.endsWith('.localhost');
  const protocol = env.ACTIONS_CACHE_SERVICE_V2 && !isOwnServer ? 2 : 1;
  const url = (protocol === 1 && env.ACTIONS_CACHE_URL) || env.ACTIONS_RESULTS_URL;
  const token = env.ACTIONS_RUNTIME_TOKEN;
  if (url && token) return { protocol, url, token };
  const missing = [
    url ? [] : protocol === 1 ? 'ACTIONS_CACHE_URL' : 'ACTIONS_RESULTS_URL',
    token ? [] : 'ACTIONS_RUNTIME_TOKEN',
  ].flat();
  throw new CacheProblem(
    `the Actions cache cannot be reached without ${missing.join(' and ')}`,
    'Run inside a GitHub Actions job, whose runner sets these variables for actions, or choose another store.',
  );
}

interface Look {
  url: string;
  token: string;
  key: string;
  packing: Packing;
  pause: (ms: number) => Promise<void>;
}

/** Both spellings are legal protobuf JSON. */
const DownloadUrl = z.object({
  ok: z.boolean().default(false),
  signed_download_url: z.string().optional(),
  signedDownloadUrl: z.string().optional(),
  matched_key: z.string().optional(),
  matchedKey: z.string().optional(),
});

async function findInV2({ url, token, key, packing, pause }: Look): Promise<FoundEntry | undefined> {
  const method = '/twirp/github.actions.results.api.v1.CacheService/GetCacheEntryDownloadURL';
  const answer = await ask(pause, new URL(method, url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ key, restore_keys: [key], version: versionOf(packing) }),
  });
  const data = parsed(DownloadUrl, answer.text);
  if (!data.ok) return undefined;
  return foundEntry(
    packing,
    data.matched_key ?? data.matchedKey,
    data.signed_download_url ?? data.signedDownloadUrl,
  );
}

const CacheOfV1 = z.object({
  cacheKey: z.string().optional(),
  archiveLocation: z.string().optional(),
  creationTime: z.coerce.date().optional(),
});

async function findInV1({ url, token, key, packing, pause }: Look): Promise<FoundEntry | undefined> {
  const query = new URLSearchParams({ keys: key, version: versionOf(packing) });
  const base = url.endsWith('/') ? url : `${url}/`;
  const answer = await ask(pause, new URL(`${base}_apis/artifactcache/cache?${query}`), {
    headers: { authorization: `Bearer ${token}`, accept: 'application/json;api-version=6.0-preview.1' },
  });
  if (answer.status === 204) return undefined;
  const { cacheKey, archiveLocation, creationTime } = parsed(CacheOfV1, answer.text);
  const found = foundEntry(packing, cacheKey, archiveLocation);
  return creationTime ? { ...found, createdAt: creationTime } : found;
}

function parsed<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new CacheProblem(
      'the cache service answered with something that cannot be understood',
      tryLater,
      error,
    );
  }
}

function foundEntry(packing: Packing, key: string | undefined, url: string | undefined): FoundEntry {
  if (key && url) return { key, packing, url };
  throw new CacheProblem('the cache service found an entry but did not say where it is', tryLater);
}

/** One request, tried again when the service has a bad moment. */
async function ask(
  pause: (ms: number) => Promise<void>,
  url: URL,
  request: RequestInit,
): Promise<{ status: number; text: string }> {
  for (let attempt = 1; ; attempt++) {
    const answer = await answerTo(url, request);
    if ('text' in answer && answer.status < 300) return answer;
    if (attempt < tries && (!('status' in answer) || answer.status >= 500)) {
      await pause(1000 * 2 ** attempt);
      continue;
    }
    throw problemOf(answer);
  }
}

type Answer = { status: number; text: string } | { error: unknown };

async function answerTo(url: URL, request: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(url, {
      ...request,
      redirect: 'error',
      signal: AbortSignal.timeout(requestMs),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    return { error };
  }
}

function problemOf(answer: Answer): CacheProblem {
  if ('error' in answer) {
    const { error } = answer;
    const reason = error instanceof Error && error.cause ? messageOf(error.cause) : messageOf(error);
    return new CacheProblem(`the cache service cannot be reached (${reason})`, tryLater, error);
  }
  if (answer.text.includes('cache read denied:')) {
    return new CacheProblem(
      'the job may not read the Actions cache',
      'Give the job `permissions: actions: write` and no `cache-mode` but `write`.',
    );
  }
  const hint =
    answer.status === 401 || answer.status === 403
      ? 'The token of the job may have expired: it is good while the job runs. Start again with `retry`.'
      : tryLater;
  return new CacheProblem(`the cache service answered with HTTP ${answer.status}`, hint);
}
