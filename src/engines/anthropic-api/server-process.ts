import { setTimeout as sleep } from 'node:timers/promises';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { Program } from '../claude-code/isolation.ts';
import type { StdioServer } from './mcp-config.ts';

export interface ServerProcess {
  transport: StdioClientTransport;
  /** Asks it to end at once. */
  terminate(): void;
  /** Waits until it has ended, after its transport was closed. */
  ended(): Promise<void>;
}

interface ServerProcessOptions {
  workingDirectory: string;
  /** Environment of the server, beside what it is given by itself. */
  env: Readonly<Record<string, string>>;
  isolate?: ((program: Program) => Program) | undefined;
}

/** The SDK kills a server four seconds after it was asked to end; one whose children hold its output looks alive. */
const endMs = 5_000;

/**
 * The process of an MCP server. The SDK closes a transport by itself when the server does not answer, and forgets the
 * process then: here it is known until it has ended.
 */
export function serverProcess(
  { command, args, env }: StdioServer,
  { isolate = (program) => program, workingDirectory, env: common }: ServerProcessOptions,
): ServerProcess {
  const transport = new StdioClientTransport({
    ...isolate({ command, args }),
    env: { ...common, ...env },
    cwd: workingDirectory,
    stderr: 'ignore',
  });
  const end = Promise.withResolvers<void>();
  let pid: number | null = null;
  const start = transport.start.bind(transport);
  transport.start = async () => {
    await start();
    pid = transport.pid;
  };
  transport.onclose = () => {
    // Its number may soon be another's.
    pid = null;
    end.resolve();
  };

  return {
    transport,
    terminate() {
      if (pid === null) return;
      try {
        process.kill(pid, 'SIGTERM');
      } catch {
        // It is gone.
      }
    },
    async ended() {
      if (pid === null) return;
      const waiting = new AbortController();
      const late = sleep(endMs, undefined, { signal: waiting.signal, ref: false }).catch(() => undefined);
      await Promise.race([end.promise, late]);
      waiting.abort();
    },
  };
}
