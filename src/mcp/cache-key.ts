import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/canonical-json.ts';

/** What an answer is kept under: of which server, by which tool, to which arguments. */
export interface Question {
  /** What tells the server from every other one. */
  server: string;
  tool: string;
  arguments: unknown;
}

/**
 * SHA-256 of the question, 64 hexadecimal digits; undefined when its arguments cannot be told apart exactly, so
 * that no answer may be kept. The three parts are one JSON array: no name can run into its neighbour.
 */
export function cacheKey({ server, tool, arguments: args }: Question): string | undefined {
  const text = canonicalJson([server, tool, args]);
  return text === undefined ? undefined : createHash('sha256').update(text).digest('hex');
}

/** What identifies a server: its name in the configuration, and how it is reached. */
export function serverIdentity(name: string, target: readonly string[]): string {
  return JSON.stringify([name, ...target]);
}
