import { execFile } from 'node:child_process';

/** A healthy CLI answers within a second; one that waits for something must not hold the run up for ever. */
const mostMs = 60_000;

/** The version that `<command> --version` tells (`2.1.330 (Claude Code)`), or undefined when it tells none. */
export async function readCliVersion(
  command: string,
  env: Readonly<Record<string, string>>,
  /** Absolute path of a private directory: a wrapper around the CLI may do anything where it is started. */
  cwd: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const options = {
    cwd,
    env,
    timeout: mostMs,
    killSignal: 'SIGKILL' as const,
    ...(signal ? { signal } : {}),
  };
  return new Promise((resolve) => {
    const child = execFile(command, ['--version'], options, (error, stdout) => {
      // A CLI that cannot be asked is not known; whether it can be run at all shows when it is.
      resolve(error ? undefined : /^v?(\d+\.\d+\.\d+)\b/m.exec(stdout)?.[1]);
    });
    // Whoever reads the prompt from there sees its end at once; a CLI that does not read closes the pipe.
    child.stdin?.on('error', () => undefined).end();
  });
}

/** Whether `version` has what came with `first`. One that is not known is taken for the latest. */
export function isSince(version: string | undefined, first: string): boolean {
  if (version === undefined) return true;
  const [have, need] = [numbers(version), numbers(first)];
  const place = need.findIndex((number, index) => have[index] !== number);
  return place === -1 || (have[place] ?? 0) > (need[place] ?? 0);
}

function numbers(version: string): number[] {
  return version.split('.').map(Number);
}
