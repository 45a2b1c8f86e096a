import { secretValues } from '../src/core/secret-values.ts';
import type { SessionKeys } from '../src/core/session-key.ts';

export interface KnownSecretsOptions {
  /** Tokens and keys that the run was given; what is not set is left out. */
  given: readonly (string | undefined)[];
  sessionKeys: SessionKeys;
  env: Readonly<Record<string, string | undefined>>;
  workspace: string;
}

/** Values that must not appear in anything that leaves the runner. */
export function knownSecrets({ given, sessionKeys, env, workspace }: KnownSecretsOptions): string[] {
  const { current, previous } = sessionKeys;
  return [
    ...given.filter((value) => value !== undefined),
    ...[current, ...previous].map(({ key }) => key),
    // A password that is an ordinary word would be found in the paths that each line of a transcript names.
    ...secretValues(env).filter((value) => !workspace.includes(value)),
  ];
}
