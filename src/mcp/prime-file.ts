import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf } from '../core/errors.ts';
import { cacheKey } from './cache-key.ts';
import { canonicalJson } from './canonical-json.ts';
import type { ResponseCache } from './response-cache.ts';

/** One answer that is known before it is asked for. */
const PrimeEntry = z.object({
  /** Name of the server in the MCP configuration: an answer is given for this one alone. */
  server: z.string().min(1),
  tool: z.string().min(1),
  /** As the model will write them; the order of keys does not matter. */
  arguments: z.record(z.string(), z.unknown()),
  /** The whole result of the call, as the protocol has it. */
  result: z
    .looseObject({ content: z.array(z.looseObject({ type: z.string() })) })
    .refine(({ isError }) => isError === undefined || isError === false, 'an error is never kept'),
  /** When it was so; its time to live counts from there. */
  storedAt: z.iso.datetime({ offset: true }),
});

/** What the action writes from the ticket that came with the job, for `dexter mcp-cache --prime`. */
export const PrimeFile = z.object({ version: z.literal(1), entries: z.array(PrimeEntry).max(10_000) });
export type PrimeFile = z.infer<typeof PrimeFile>;

export type Primed = { outcome: 'primed'; entries: number } | { outcome: 'unusable'; problem: string };

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
    const why = error instanceof SyntaxError ? 'it is not JSON' : messageOf(error);
    return { outcome: 'unusable', problem: why };
  }
  const file = PrimeFile.safeParse(json);
  if (!file.success) {
    const problems = file.error.issues
      .slice(0, 3)
      .map(({ path: at, message }) => `${at.join('.')}: ${message}`);
    return { outcome: 'unusable', problem: problems.join('; ') };
  }
  let entries = 0;
  for (const { server: name, tool, arguments: args, result, storedAt } of file.data.entries) {
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
  }
  return { outcome: 'primed', entries };
}
