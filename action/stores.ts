import { AppError } from '../src/core/errors.ts';
import { readAs } from '../src/core/read-as.ts';
import type { StoreName } from '../src/core/session.ts';
import { cacheEntries } from '../src/github/cache-entries.ts';
import { openStore, type StoreConfig } from '../src/stores/open-store.ts';
import { S3Options } from '../src/stores/s3/options.ts';
import type { SessionStore } from '../src/stores/session-store.ts';
import type { ActionInputs, S3Input } from './inputs.ts';
import { proxyVariables } from './proxy.ts';
import type { Runner } from './runner.ts';

export interface Stores {
  /** The one that sessions are kept in. */
  store: SessionStore;
  /** Every one that the inputs describe: a session may still lie where an earlier workflow kept it. */
  stores: ReadonlyMap<StoreName, SessionStore>;
  /** Of these the ones that no input names: one that cannot be searched is no failure. */
  unnamed: ReadonlySet<StoreName>;
}

export interface StoresOptions {
  inputs: ActionInputs;
  runner: Runner;
  /** Absolute path of the directory that outlives the run. */
  workspace: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the program that talks to the Actions cache. */
  cacheProgram: string;
  warn: (message: string) => void;
}

/**
 * Opens the store that the inputs choose, and the others that they describe.
 * @throws AppError `input-invalid` when what the chosen store needs is missing or wrong.
 */
export async function openStores(options: StoresOptions): Promise<Stores> {
  const { env, inputs, workspace, warn } = options;
  const chosen = inputs.store;
  const configs: StoreConfig[] = [{ name: 'workspace', root: workspace }];
  if (chosen === 's3' || inputs.s3['s3-bucket'] !== undefined)
    configs.push({ name: 's3', ...s3Options(options), proxy: proxyVariables(env), warn });
  // Whoever has a token of the repository can look, which costs requests: done only where it matters.
  const mayForget = inputs.job.session.mode === 'forget' && inputs.githubToken !== undefined;
  if (chosen === 'actions-cache' || mayForget) configs.push(await actionsCache(options));
  const opened = await Promise.all(
    configs.map(async (config) => [config.name, await openStore(config)] as const),
  );
  const stores = new Map<StoreName, SessionStore>(opened);
  const store = stores.get(chosen);
  if (store === undefined) throw new Error(`no driver for the store ${chosen}`);
  const unnamed = new Set<StoreName>(mayForget && chosen !== 'actions-cache' ? ['actions-cache'] : []);
  return { store, stores, unnamed };
}

/** Each option of the driver with the input that fills it. */
const s3Names: Record<string, S3Input> = {
  bucket: 's3-bucket',
  region: 's3-region',
  endpoint: 's3-endpoint',
  prefix: 's3-prefix',
  forcePathStyle: 's3-path-style',
  sseKmsKeyId: 's3-kms-key-id',
};

function s3Options({ inputs: { s3 }, env }: StoresOptions): S3Options {
  const pathStyle = s3['s3-path-style'];
  const read = readAs(S3Options, {
    bucket: s3['s3-bucket'],
    // Where the job has credentials for AWS, it was told the region too.
    region: s3['s3-region'] ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION,
    endpoint: s3['s3-endpoint'],
    prefix: s3['s3-prefix'],
    forcePathStyle: pathStyle === undefined ? undefined : pathStyle === 'true',
    ...(s3['s3-kms-key-id'] === undefined ? {} : { sse: 'aws:kms', sseKmsKeyId: s3['s3-kms-key-id'] }),
  });
  if (read.outcome === 'read') return read.value;
  const problems = read.mistakes.map(
    ({ path: [option = ''], says }) => `\`${s3Names[option] ?? 's3'}\` ${says}`,
  );
  throw new AppError('input-invalid', {
    message: `The store \`s3\` cannot be used: ${problems.join('; ')}.`,
    hint: 'Correct the inputs where the workflow calls the action; action.yml describes each one.',
  });
}

async function actionsCache({
  inputs,
  runner,
  env,
  cacheProgram,
  warn,
}: StoresOptions): Promise<StoreConfig> {
  // Its SDK is a third of all that is loaded, and other stores do without.
  const { tokenClient } = await import('../src/github/token-client.ts');
  const { owner, repository: name } = runner;
  const { githubToken } = inputs;
  const repository = { id: inputs.job.session.repositoryId, owner, name };
  return {
    name: 'actions-cache',
    env,
    temporaryDirectory: runner.temporaryDirectory,
    attempt: runner.attempt,
    program: cacheProgram,
    warn,
    ...(githubToken === undefined
      ? {}
      : { entries: cacheEntries(tokenClient(githubToken, runner.apiUrl), repository) }),
  };
}
