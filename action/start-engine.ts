import { AppError, messageOf } from '../src/core/errors.ts';
import { anyVersion } from '../src/engines/claude-code/any-version.ts';
import { claudeCode } from '../src/engines/claude-code/claude-code.ts';
import { agentEnvironment } from '../src/engines/claude-code/environment.ts';
import type { Engine } from '../src/engines/engine.ts';
import { overridePrices } from '../src/pricing/price-overrides.ts';
import { projectFolder } from '../src/sessions/session-files.ts';
import { hiddenFromTools, isolation } from './isolate.ts';
import { startModelProxy } from './model-proxy.ts';
import { type ModelUpstream, modelUpstream, proxyVariables } from './model-upstream.ts';
import type { ReadyEngine } from './ready-engine.ts';
import type { SessionDirectory } from './session-directory.ts';
import type { Work } from './work.ts';

export interface StartedEngine {
  engine: Engine;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The engine of a run. */
export function startEngine(
  work: Work,
  directory: SessionDirectory,
  engine: ReadyEngine,
): Promise<StartedEngine> {
  return engine.name === 'claude-code' ? startCli(work, directory, engine) : startDirect(work, directory);
}

/**
 * In this process, with the proxy between it and the model all the same: keys, tokens of gateways and the way out of
 * the network are known in one place, and no secret is where the agent's tools are.
 */
async function startDirect(work: Work, directory: SessionDirectory): Promise<StartedEngine> {
  const { inputs, env, keepSecret } = work;
  const proxy = await startModelProxy({
    upstream: modelUpstream(inputs.access, env),
    env,
    // It places its own.
    addsMarkers: false,
  });
  keepSecret(proxy.key);
  try {
    // Loaded only here: a run of the CLI starts without it.
    const { anthropicApi } = await import('../src/engines/anthropic-api/anthropic-api.ts');
    const engine = anthropicApi({
      baseUrl: proxy.url,
      apiKey: proxy.key,
      cacheLife: inputs.cacheLife,
      markers: inputs.cacheMarkers,
      env: agentEnvironment({
        env,
        homeDirectory: directory.home,
        temporaryDirectory: directory.temporary,
      }),
      isolate: await isolation(work, directory, 'bash', "The agent's commands"),
      hidden: hiddenFromTools(work, directory),
      temporaryDirectory: directory.temporary,
      projectFolder,
      prices: overridePrices(inputs.prices),
    });
    return { engine, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
  } catch (error) {
    await proxy[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * With a key or a gateway in the inputs, the CLI talks to a proxy in this process and never sees the key; with neither
 * it has to be logged in by itself.
 */
async function startCli(
  work: Work,
  directory: SessionDirectory,
  cli: ReadyEngine & { name: 'claude-code' },
): Promise<StartedEngine> {
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
