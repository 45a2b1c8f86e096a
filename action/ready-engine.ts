import type { EngineName } from '../src/core/engine.ts';
import type { EngineChoice } from './choose-engine.ts';
import { type FindOptions, findCli } from './find-cli.ts';
import type { Opened } from './open-conversation.ts';

/** The engine that a run works with. */
export type ReadyEngine =
  | {
      name: 'claude-code';
      /** Name on the PATH or absolute path of the CLI. */
      command: string;
      /** Undefined for one that does not say; it is taken for the latest. */
      version: string | undefined;
    }
  | { name: 'anthropic-api'; version: string };

/** Makes the chosen engine ready. The direct one is part of the action: no CLI is looked for or installed for it. */
export async function readyEngine(
  choice: EngineChoice,
  opening: Promise<Pick<Opened, 'restored'>>,
  options: FindOptions,
): Promise<ReadyEngine> {
  const name = choice === 'as-before' ? before((await opening).restored?.engine) : choice;
  if (name === 'anthropic-api') {
    const { engineVersion } = await import('../src/engines/anthropic-api/version.ts');
    return { name, version: engineVersion };
  }
  return { name, ...(await findCli(options)) };
}

function before(engine: string | undefined): EngineName {
  return engine === 'anthropic-api' ? engine : 'claude-code';
}
