import type { AppConfig, Environment } from '../../config.ts';
import { storeConfigOf } from '../open-store-of.ts';

export type KnownStore =
  | {
      outcome: 'known';
      config: Exclude<Awaited<ReturnType<typeof storeConfigOf>>['config'], { name: 'actions-cache' }>;
    }
  /** Why it cannot be looked at from here, and where it can. */
  | { outcome: 'unknown'; message: string; fix?: string };

/**
 * Where sessions are kept, as far as the app's surroundings tell: on GitHub Actions the workflow says it, so that a
 * bucket is known only where the command line is told of it.
 * @throws AppError `input-invalid` when what they tell is incomplete or wrong.
 */
export async function storeOf({ dispatcher }: AppConfig, env: Environment): Promise<KnownStore> {
  const isLocal = dispatcher.kind === 'local';
  const name = isLocal
    ? dispatcher.local.store
    : env.DEXTER_STORE || (env.DEXTER_S3_BUCKET ? 's3' : undefined);
  if (name === 'actions-cache') {
    return { outcome: 'unknown', message: 'Only a job can write to the Actions cache.' };
  }
  if (isLocal && name === 'workspace') {
    return { outcome: 'known', config: { name, root: dispatcher.local.workspace } };
  }
  if (name === 's3') {
    const { config } = await storeConfigOf({ store: 's3' }, env, () => undefined);
    if (config.name === 's3') return { outcome: 'known', config };
  }
  return {
    outcome: 'unknown',
    message: 'Sessions are kept where the workflow says, on the runner unless it names another store.',
    fix: 'On the runner: `dexter workspace ls`. For a bucket, set DEXTER_STORE=s3 and the DEXTER_S3_… variables to the inputs of the workflow.',
  };
}
