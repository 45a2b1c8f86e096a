import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { Environment } from '../config.ts';
import { AppError } from '../core/errors.ts';
import { StoreName } from '../core/session.ts';
import { installationsIn, openStore, type StoreConfig } from '../stores/open-store.ts';
import { S3Options } from '../stores/s3/options.ts';
import { type Flags, flagValues } from './flag-values.ts';
import type { OpenedStore, Scope } from './opened-store.ts';
import { s3Sources, scopeSources, storeSources } from './store-flags.ts';

/**
 * Opens the store that flags and environment describe.
 * @throws AppError `input-invalid` that names everything that is missing or wrong.
 */
export async function openStoreOf(
  flags: Flags,
  env: Environment,
  warn: (message: string) => void,
): Promise<OpenedStore> {
  const { config, place } = await storeConfigOf(flags, env, warn);
  return {
    name: config.name,
    place,
    store: await openStore(config),
    installations: () => installationsIn(config),
  };
}

/** Absolute path of the directory in which the app keeps what is its own. */
export function dataDirectoryOf(env: Environment): string {
  return resolve(env.DEXTER_DATA || '.dexter');
}

/**
 * Absolute path of a workspace: the one that is named, or that of local runs, which need not be there yet.
 * @throws AppError `input-invalid` when the one that is named is not there: a wrong name is not an empty workspace.
 */
export function workspaceAt(named: string | undefined, env: Environment): string {
  if (named === undefined) return join(dataDirectoryOf(env), 'workspace');
  const root = resolve(named);
  if (existsSync(root)) return root;
  throw new AppError('input-invalid', {
    message: `There is no directory ${root}.`,
    hint: 'Correct --workspace or DEXTER_WORKSPACE: on a runner it is `_work/_dexter` in its folder, or the input `workspace` of the action.',
  });
}

const id = (least: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'a number')
    .transform(Number)
    .pipe(z.number().min(least, `a number from ${least} on`))
    .optional();

const ScopeValues = z.object({ installationId: id(0), repositoryId: id(1) });

/** Which sessions the flags narrow a command down to. */
export function scopeOf(flags: Flags): Scope {
  return flagValues(ScopeValues, scopeSources, flags, {});
}

const StoreValues = z.object({
  store: z.enum(StoreName.options, '`workspace`, `s3` or `actions-cache`').default('workspace'),
  workspace: z.string().optional(),
  repository: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,39}\/[A-Za-z0-9._-]{1,100}$/, 'a repository as `owner/name`')
    .optional(),
});
type StoreValues = z.infer<typeof StoreValues>;

interface Described {
  config: StoreConfig;
  place: string;
}

/**
 * Which store flags and environment describe, and where it is.
 * @throws AppError `input-invalid` that names everything that is missing or wrong.
 */
export async function storeConfigOf(
  flags: Flags,
  env: Environment,
  warn: (message: string) => void,
): Promise<Described> {
  const values = flagValues(StoreValues, storeSources, flags, env);
  switch (values.store) {
    case 'workspace': {
      const root = workspaceAt(values.workspace, env);
      return { config: { name: 'workspace', root }, place: `the directory ${root}` };
    }
    case 's3': {
      const options = s3OptionsOf(flags, env);
      const place = `the bucket ${options.bucket} below ${options.prefix}`;
      return { config: { name: 's3', ...options, warn }, place };
    }
    case 'actions-cache':
      return actionsCacheOf(values, env, warn);
  }
}

/** The driver's options as flags and variables spell them. */
const S3Values = z.preprocess((values) => {
  if (typeof values !== 'object' || values === null) return values;
  const { forcePathStyle, ...others } = Object.fromEntries(Object.entries(values));
  const isPathStyle = { true: true, false: false }[String(forcePathStyle)] ?? forcePathStyle;
  // A key of the service says which encryption is meant.
  const sse = others.sseKmsKeyId === undefined ? undefined : 'aws:kms';
  return { ...others, forcePathStyle: isPathStyle, sse };
}, S3Options);

function s3OptionsOf(flags: Flags, env: Environment): S3Options {
  return flagValues(S3Values, s3Sources, flags, env);
}

async function actionsCacheOf(
  { repository: fullName }: StoreValues,
  env: Environment,
  warn: (message: string) => void,
): Promise<Described> {
  const token = env.GITHUB_TOKEN || env.GH_TOKEN;
  const missing = [
    ...(fullName === undefined ? ['--repository (or GITHUB_REPOSITORY)'] : []),
    ...(token ? [] : ['GITHUB_TOKEN (or GH_TOKEN)']),
  ];
  if (fullName === undefined || !token) {
    throw new AppError('input-invalid', {
      message: `The store \`actions-cache\` cannot be reached without ${missing.join(' and ')}.`,
      hint: 'Name the repository whose cache is meant, and give a token that may read and write its Actions (`actions: write`), such as that of `gh auth token`.',
    });
  }
  const apiUrl = apiUrlOf(env);
  const { repositoryNamed, tokenClient } = await import('../github/token-client.ts');
  const { cacheEntries } = await import('../github/cache-entries.ts');
  const [owner = '', name = ''] = fullName.split('/');
  const octokit = tokenClient(token, apiUrl);
  const entries = cacheEntries(octokit, await repositoryNamed(octokit, owner, name));
  return {
    config: { name: 'actions-cache', env, temporaryDirectory: tmpdir(), attempt: 1, entries, warn },
    place: `the Actions cache of ${fullName}`,
  };
}

const ApiUrl = z.object({ apiUrl: z.url({ protocol: /^https?$/ }).default('https://api.github.com') });

function apiUrlOf(env: Environment): string {
  const sources = { apiUrl: { flag: '--api-url', variables: ['GITHUB_API_URL'] } };
  return flagValues(ApiUrl, sources, {}, env).apiUrl.replace(/\/+$/, '');
}
