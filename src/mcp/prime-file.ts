import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { canonicalJson } from '../core/canonical-json.ts';
import { whyUnreadable } from '../core/errors.ts';
import { mistakeText, readAs } from '../core/read-as.ts';
import { cacheKey } from './cache-key.ts';
import type { ResponseCache } from './response-cache.ts';

/** One answer that is known before it is asked for. */
const PrimeEntry = z.object({
  /** Name of the server in the MCP configuration: an answer is given for this one alone. */
  server: z.string().min(1),
  tool: z.string().min(1),
  /** As the model will write them; the order of keys does not matter. */
  arguments: z.record(z.string(), z.unknown()),
  /** Arguments that may be there as well, whatever they say: the answer is the same. */
  ignoring: z.array(z.string()).max(20).default([]),
  /** The whole result of the call, as the protocol has it. */
  result: z
    .looseObject({ content: z.array(z.looseObject({ type: z.string() })) })
    .refine(({ isError }) => isError === undefined || isError === false, 'is an error, which is never kept'),
  /** When it was so; its time to live counts from there. */
  storedAt: z.iso.datetime({ offset: true }),
});

/** What the action writes from the ticket that came with the job, for `dexter mcp-cache --prime`. */
export const PrimeFile = z.object({ version: z.literal(1), entries: z.array(PrimeEntry).max(10_000) });
export type PrimeFile = z.input<typeof PrimeFile>;

export type Primed =
  | { outcome: 'primed'; entries: number; keyOf: PrimedKey }
  | { outcome: 'unusable'; problem: string };

/** What the known answer to a call is kept under; undefined where none is known. */
export type PrimedKey = (tool: string, args: Record<string, unknown>) => string | undefined;

/** Puts what the file has for this server into the cache. A file that cannot be used leaves it as it is. */
export async function primeFrom(
  path: string,
  server: { name: string; identity: string },
  cache: ResponseCache,
): Promise<Primed> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    // What the parser says quotes the file.
    const why = error instanceof SyntaxError ? 'it is not JSON' : whyUnreadable(error);
    return { outcome: 'unusable', problem: why };
  }
  const file = readAs(PrimeFile, json);
  if (file.outcome === 'wrong') {
    const problems = file.mistakes.slice(0, 3).map((mistake) => mistakeText(mistake, 'it'));
    return { outcome: 'unusable', problem: problems.join('; ') };
  }
  let entries = 0;
  const ignored = new Map<string, Set<string>>();
  const keys = new Set<string>();
  for (const { server: name, tool, arguments: args, ignoring, result, storedAt } of file.value.entries) {
    if (name !== server.name) continue;
    const key = cacheKey({ server: server.identity, tool, arguments: args });
    const argumentsJson = canonicalJson(args);
    if (key === undefined || argumentsJson === undefined) continue;
    cache.set(key, {
      tool,
      argumentsJson,
      resultJson: JSON.stringify(result),
      storedAt: Date.parse(storedAt),
    });
    entries += 1;
    keys.add(key);
    ignored.set(tool, new Set([...(ignored.get(tool) ?? []), ...ignoring]));
  }
  return {
    outcome: 'primed',
    entries,
    keyOf(tool, args) {
      const names = ignored.get(tool);
      if (names === undefined) return undefined;
      const meant = Object.fromEntries(Object.entries(args).filter(([name]) => !names.has(name)));
      const key = cacheKey({ server: server.identity, tool, arguments: meant });
      return key !== undefined && keys.has(key) ? key : undefined;
    },
  };
}
