import { AppError, messageOf } from '../src/core/errors.ts';
import { anyVersion } from '../src/engines/claude-code/any-version.ts';
import { claudeCode } from '../src/engines/claude-code/claude-code.ts';
import type { Engine } from '../src/engines/engine.ts';
import { overridePrices } from '../src/pricing/price-overrides.ts';
import { projectFolder } from '../src/sessions/session-files.ts';
import type { Cli } from './find-cli.ts';
import { isolation } from './isolate.ts';
import { startModelProxy } from './model-proxy.ts';
import { type ModelUpstream, modelUpstream, proxyVariables } from './model-upstream.ts';
import type { SessionDirectory } from './session-directory.ts';
import type { Work } from './work.ts';

export interface StartedEngine {
  engine: Engine;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The engine of a run. With a key or a gateway in the inputs, the CLI talks to a proxy in this process and
 * never sees the key; with neither it has to be logged in by itself.
 */
export async function startEngine(work: Work, directory: SessionDirectory, cli: Cli): Promise<StartedEngine> {
  const { inputs, env, keepSecret } = work;
  const options = {
    command: cli.command,
    known: cli,
    env,
    homeDirectory: directory.home,
    temporaryDirectory: directory.temporary,
    projectFolder,
    cacheLife: inputs.cacheLife,
    isolate: await isolation(work, directory, cli.command),
    prices: overridePrices(inputs.prices),
  };
  const { access } = inputs;
  if (access.provider === 'anthropic' && access.credential === undefined && access.baseUrl === undefined) {
    return { engine: anyVersion(claudeCode(options), options), [Symbol.asyncDispose]: async () => undefined };
  }
  const upstream = modelUpstream(access, env);
  await tryCredentials(upstream, access.provider);
  const proxy = await startModelProxy({ upstream, env });
  keepSecret(proxy.key);
  const modelVariables = proxyVariables(access, proxy);
  return {
    engine: anyVersion(claudeCode({ ...options, modelVariables }), options),
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

/** Without credentials the run need not begin; the CLI would only say that a key was refused. */
async function tryCredentials({ address, sign }: ModelUpstream, provider: string): Promise<void> {
  try {
    await sign({ method: 'GET', url: new URL(address), headers: {}, body: Buffer.alloc(0) });
  } catch (cause) {
    throw new AppError('engine-logged-out', {
      message: `There are no credentials for the provider \`${provider}\` on the runner: ${messageOf(cause).slice(0, 300)}`,
      hint: 'Let an earlier step of the job log in, by an OIDC role for example (`aws-actions/configure-aws-credentials`, `google-github-actions/auth`), then use `retry`.',
      cause,
    });
  }
}
