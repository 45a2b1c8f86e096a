import type { ProxyWorld } from '../mcp/run-proxy.ts';
import type { Terminal } from './terminal.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The streams and signals of this process, for a program that speaks MCP on its standard input and output. */
export function processWorld({ tell, env }: Terminal): ProxyWorld {
  return {
    input: process.stdin,
    output: process.stdout,
    tell,
    env,
    onSignal(handle) {
      for (const signal of signals) process.on(signal, handle);
      return () => {
        for (const signal of signals) process.off(signal, handle);
      };
    },
  };
}
