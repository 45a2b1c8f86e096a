import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `use` with a new directory that only this user can read. It goes away at the end, and also when the
 * process is told to end meanwhile: what is in it is the text of somebody's conversation.
 */
export async function withPrivateDirectory<T>(use: (path: string) => Promise<T>): Promise<T> {
  // `mkdtemp` makes it with mode 0700.
  const path = await mkdtemp(join(tmpdir(), 'dexter-session-'));
  const end = (signal: NodeJS.Signals) => {
    // More than once: a file may just be made in it.
    rmSync(path, { recursive: true, force: true, maxRetries: 5 });
    stopListening();
    // With nobody listening any more it does what it would have done.
    process.kill(process.pid, signal);
  };
  const stopListening = () => {
    for (const signal of signals) process.off(signal, end);
  };
  for (const signal of signals) process.on(signal, end);
  try {
    return await use(path);
  } finally {
    await rm(path, { recursive: true, force: true });
    stopListening();
  }
}
