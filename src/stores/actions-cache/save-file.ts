import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pickVariables, proxyVariables } from '../../core/variables.ts';
import { type JobEnvironment, sealedName } from './cache-service.ts';

/**
 * What the toolkit made of it, as far as its output tells.
 * - `sent`: it says that the entry is finished.
 * - `taken`: the key was reserved before, by a finished entry or by a writer that is at it or has died.
 * - `denied`: this job may not write to the cache.
 * - `failed`: anything else; `isReserved` when the key was ours by then.
 */
export type SaveOutcome =
  | { outcome: 'sent' }
  | { outcome: 'taken' | 'denied'; reason: string }
  | { outcome: 'failed'; reason: string; isReserved: boolean };

export interface SaveFileOptions {
  /** Absolute path of save-program.ts, or of what it was compiled to. */
  program: string;
  /** Absolute path, with no links in it, of a private directory that holds the file `session.dxs` alone. */
  directory: string;
  key: string;
  env: JobEnvironment;
}

/** The program beside this file; a bundle has it somewhere else. */
export const saveProgram = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './save-program.ts' : './save-program.js', import.meta.url),
);

const limitMs = 15 * 60 * 1000;
const longestOutput = 512 * 1024;
const longestReason = 300;

/** What the toolkit and the programs that it starts (tar, zstd) need. The secrets of the job stay out. */
const passedOn = [
  'PATH',
  'HOME',
  'LANG',
  'TZ',
  'SYSTEMROOT',
  'ACTIONS_CACHE_SERVICE_V2',
  'ACTIONS_CACHE_URL',
  'ACTIONS_CACHE_MODE',
  'ACTIONS_RESULTS_URL',
  'ACTIONS_RUNTIME_TOKEN',
  'GITHUB_SERVER_URL',
  'CACHE_UPLOAD_CONCURRENCY',
  'CACHE_UPLOAD_CHUNK_SIZE',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  ...proxyVariables,
];

/**
 * Starts the program that saves the file, before the file is ready: loading the toolkit takes as long as
 * packing a small session. `go` lets it save, once; `stop` ends it.
 */
export function startSaving({ program, directory, key, env }: SaveFileOptions) {
  const child = spawn(process.execPath, [program, sealedName, key], {
    cwd: directory,
    stdio: 'pipe',
    // The toolkit packs below RUNNER_TEMP and names files by their place below GITHUB_WORKSPACE.
    env: { ...pickVariables(env, passedOn), GITHUB_WORKSPACE: directory, RUNNER_TEMP: directory },
  });
  const ended = endOf(child);
  // A child that is gone takes no line any more; its end says why.
  child.stdin.on('error', () => undefined);

  return {
    async go(): Promise<SaveOutcome> {
      const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
      child.stdin.end('go\n');
      try {
        return await ended;
      } finally {
        clearTimeout(timer);
      }
    },
    async stop(): Promise<void> {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function endOf(child: ChildProcessWithoutNullStreams): Promise<SaveOutcome> {
  let output = '';
  const keep = (chunk: string) => {
    output = (output + chunk).slice(-longestOutput);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  try {
    const [code, signal] = await once(child, 'close');
    // By the first protocol an id is returned once the key is reserved, whatever came after that.
    if (code === 0 && !output.includes('Failed to save:')) return { outcome: 'sent' };
    return explain(
      output,
      signal ? `the upload was ended by ${signal}` : `the upload ended with code ${code}`,
    );
  } catch (error) {
    return {
      outcome: 'failed',
      reason: `the upload could not be started (${String(error)})`,
      isReserved: false,
    };
  }
}

/** Reads the reason from what the toolkit printed: it returns only -1. */
export function explain(output: string, otherwise: string): Exclude<SaveOutcome, { outcome: 'sent' }> {
  const lines = output.split(/\r?\n/);
  const isReserved = lines.some((line) =>
    /^::debug::(?:Attempting to upload cache|Saving Cache \(ID:)/.test(line),
  );
  const line =
    lines.findLast((text) => /^(?:::debug::)?Failed to reserve cache:/.test(text)) ??
    lines.findLast((text) => /Failed to save:|Cache save skipped:/.test(text)) ??
    lines.findLast((text) => /^::(?:warning|error)|^\s*\w*Error\b/.test(text));
  const reason = line === undefined ? otherwise : readable(line);
  if (/cache write denied:|no writable scopes|does not permit writes/.test(reason)) {
    return { outcome: 'denied', reason };
  }
  const isTaken = /already[ _]exists|\(409\)|conflict/i.test(output) || /Response was not ok/.test(reason);
  if (!isReserved && isTaken) return { outcome: 'taken', reason };
  return { outcome: 'failed', reason, isReserved };
}

/** One line for people. Links go: a signed one is a credential. */
function readable(line: string): string {
  return line
    .replace(/^::[a-z-]+(?: [^:]*)?::/, '')
    .replaceAll('%0D', ' ')
    .replaceAll('%0A', ' ')
    .replaceAll('%25', '%')
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, '<link>')
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, longestReason);
}
