import type { SessionPins } from '../src/core/session.ts';
import { steadyArguments } from '../src/engines/claude-code/arguments.ts';
import type { EngineTask } from '../src/engines/engine.ts';
import { offeredTools } from '../src/engines/offered-tools.ts';
import { flagsPin } from '../src/sessions/pins.ts';
import type { ActionInputs } from './inputs.ts';
import { builtInServer } from './mcp-servers.ts';
import { readingRules } from './reading-rules.ts';
import type { ReadyEngine } from './ready-engine.ts';

/** From the rules of the workflow, without what is of this run alone: the same for each run of the session. */
export function toolsFor({
  allowedTools,
  tools,
}: Pick<ActionInputs, 'allowedTools' | 'tools'>): Pick<EngineTask, 'tools'> {
  if (tools === 'default') return {};
  return { tools: tools === 'auto' ? offeredTools(allowedTools) : tools };
}

/**
 * What the engine may do. A plan may read; the tools that are described to the model stay the same for it, so that its
 * requests begin as those of the session's other runs.
 */
export function rulesFor({ allowedTools, job }: Pick<ActionInputs, 'allowedTools' | 'job'>): string[] {
  return job.session.kind === 'plan' ? readingRules(allowedTools, [builtInServer]) : allowedTools;
}

/** What the requests of a run have in common, as far as it is known before the CLI has said which model it takes. */
export function pinsFor(
  {
    effort,
    model,
    tools,
    workingDirectory,
  }: Pick<EngineTask, 'effort' | 'model' | 'tools' | 'workingDirectory'>,
  { name, version }: Pick<ReadyEngine, 'name' | 'version'>,
  { allowedTools }: Pick<ActionInputs, 'allowedTools'>,
  servers: Readonly<Record<string, unknown>>,
): SessionPins {
  // By its own default, the CLI describes some tools only when a rule names them.
  const rules = tools === undefined ? offeredTools(allowedTools) : null;
  const described = describedServers(servers, name === 'claude-code' ? tools : []);
  return {
    engine: name,
    engineVersion: version ?? 'unknown',
    model: model ?? null,
    effort: effort ?? null,
    tools: tools === undefined ? null : [...tools],
    flags: flagsPin({
      ...(name === 'claude-code' ? { arguments: steadyArguments } : {}),
      rules,
      servers: described,
    }),
    workingDirectory,
  };
}

/**
 * What of the servers a request begins with. Where the CLI searches for their tools, only whether there are any
 * (measured: docs/prompt-cache.md); where it cannot, or chooses its tools itself, the tools of each, of which their
 * names tell most. How a server is started and what it is given is in no request.
 */
function describedServers(
  servers: Readonly<Record<string, unknown>>,
  tools: EngineTask['tools'],
): boolean | string[] {
  const names = Object.keys(servers).sort();
  return tools?.includes('ToolSearch') ? names.length > 0 : names;
}
