import { z } from 'zod';
import type { Environment } from '../config.ts';
import { type Flags, flagValues } from './flag-values.ts';
import { workspaceAt } from './open-store-of.ts';
import { storeSources } from './store-flags.ts';

/** The workspace that a command is about: from the flag, the variable, or where the local dispatcher has its own. */
export function workspaceOf(flags: Flags, env: Environment): string {
  const { workspace } = flagValues(
    z.object({ workspace: z.string().optional() }),
    { workspace: storeSources.workspace },
    flags,
    env,
  );
  return workspaceAt(workspace, env);
}
