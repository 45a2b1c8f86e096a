import type { EngineName } from '../src/core/engine.ts';
import { AppError } from '../src/core/errors.ts';
import type { SessionRequest } from '../src/core/job.ts';
import type { ActionInputs } from './inputs.ts';
import type { IsolationMode } from './isolate.ts';
import type { ModelAccess } from './model-access.ts';

/**
 * The engine of a run. `as-before`: nobody named one, and both could make the plan, so that it is the engine of the
 * conversation that is continued, as its prompt cache is of no use to the other one; the CLI for a new one, because what
 * mostly follows a plan is the work itself.
 */
export type EngineChoice = EngineName | 'as-before';

/**
 * Decides which engine is used, from what was asked and how the model is reached.
 * @throws AppError `engine-missing` for one that was named and cannot be used here.
 */
export function chooseEngine({
  access,
  isolation,
  job,
}: Pick<ActionInputs, 'access' | 'isolation'> & {
  job: { session: Pick<SessionRequest, 'engine' | 'kind'> };
}): EngineChoice {
  const { engine, kind } = job.session;
  const against = whyNotDirect(access, isolation);
  if (engine === 'anthropic-api' && against !== undefined) throw notHere(against);
  if (engine !== undefined) return engine;
  return kind === 'plan' && against === undefined ? 'as-before' : 'claude-code';
}

/** Why the direct engine cannot be used, as a clause; undefined when it can. */
function whyNotDirect(access: ModelAccess, isolation: IsolationMode): string | undefined {
  if (isolation === 'required')
    return "its tools for files work in the action's own process, and the workflow says `isolation: required`";
  const unreachable = whyUnreachable(access);
  return unreachable && `it needs an API key or a gateway, and ${unreachable}`;
}

/** Why the direct engine cannot reach the model; undefined when it can. */
function whyUnreachable(access: ModelAccess): string | undefined {
  switch (access.provider) {
    case 'bedrock':
      return 'here the model is reached through Amazon Bedrock';
    case 'vertex':
      return 'here the model is reached through Google Vertex AI';
    case 'anthropic': {
      const { baseUrl, credential } = access;
      if (credential?.kind === 'oauth-token') return 'here there is the token of a subscription';
      if (credential === undefined && baseUrl === undefined)
        return 'here there is neither, as Claude Code is logged in by itself';
      return undefined;
    }
  }
}

function notHere(reason: string): AppError {
  return new AppError('engine-missing', {
    message: `The engine \`anthropic-api\` cannot be used on this runner: ${reason}. Nothing was started.`,
    hint: 'Ask again with `--engine claude-code`, or take `anthropic-api` out of the `engine` of `.github/dexter.yml` or of the app. docs/engines.md says what it needs.',
  });
}
