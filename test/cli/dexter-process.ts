import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

interface Ended {
  code: number | string | null;
  stdout: string;
  stderr: string;
}

/** Runs `dexter` in `directory` with `env` as its whole environment, besides where programs are. */
export function dexterIn(
  directory: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, ...args],
      { cwd: directory, env: { PATH: process.env.PATH, HOME: directory, ...env }, timeout: 50_000 },
      (error, stdout, stderr) => resolve({ code: error ? (error.code ?? null) : 0, stdout, stderr }),
    );
  });
}
