import { anyVersion } from '../src/engines/claude-code/any-version.ts';
import { claudeCode } from '../src/engines/claude-code/claude-code.ts';
import type { Engine } from '../src/engines/engine.ts';
import { projectFolder } from '../src/sessions/session-files.ts';
import { isolation } from './isolate.ts';
import { startModelProxy } from './model-proxy.ts';
import type { SessionDirectory } from './session-directory.ts';
import type { Work } from './work.ts';

const defaultModelUrl = 'https://api.anthropic.com';

export interface StartedEngine {
  engine: Engine;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The engine of a run. With a key or a gateway in the inputs, the CLI talks to a proxy in this process and
 * never sees the key; with neither it has to be logged in by itself.
 */
export async function startEngine(work: Work, directory: SessionDirectory): Promise<StartedEngine> {
  const { inputs, env, keepSecret } = work;
  const options = {
    command: inputs.claudePath,
    env,
    homeDirectory: directory.home,
    temporaryDirectory: directory.temporary,
    projectFolder,
    isolate: await isolation(work, directory),
  };
  const { anthropicApiKey, anthropicBaseUrl } = inputs;
  if (anthropicApiKey === undefined && anthropicBaseUrl === undefined) {
    return { engine: anyVersion(claudeCode(options), options), [Symbol.asyncDispose]: async () => undefined };
  }
  const proxy = await startModelProxy({
    upstream: anthropicBaseUrl ?? defaultModelUrl,
    apiKey: anthropicApiKey,
    env,
  });
  keepSecret(proxy.key);
  return {
    engine: anyVersion(claudeCode({ ...options, baseUrl: proxy.url, apiKey: proxy.key }), options),
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}
