import { type CacheUsage, contextPrefix } from './context-cache.ts';

/** Keys that a server looks at in one go, and how often it is asked to: a Redis may hold much more than contexts. */
const lookedAtOnce = 500;
const mostLooks = 200;

/** What of Redis's commands it takes. */
interface RedisClient {
  scan(
    cursor: string,
    options: { MATCH: string; COUNT: number },
  ): Promise<{ cursor: string; keys: string[] }>;
  strLen(key: string): Promise<number>;
  info(section: string): Promise<string>;
}

/** The contexts in a Redis, and what all of it takes. */
export async function redisUsage(client: RedisClient): Promise<CacheUsage> {
  // A key may be told twice.
  const keys = new Set<string>();
  let bytes = 0;
  let cursor = '0';
  for (let looks = 0; looks < mostLooks; looks += 1) {
    const found = await client.scan(cursor, { MATCH: `${contextPrefix}*`, COUNT: lookedAtOnce });
    const unseen = found.keys.filter((key) => !keys.has(key));
    for (const key of unseen) keys.add(key);
    const sizes = await Promise.all(unseen.map((key) => sizeOf(client, key)));
    bytes += sizes.reduce((sum, size) => sum + size, 0);
    cursor = found.cursor;
    if (cursor === '0') break;
  }
  const memoryBytes = await memoryOf(client);
  return { items: keys.size, bytes, ...(memoryBytes === undefined ? {} : { memoryBytes }) };
}

/** 0 for what is gone meanwhile, and for what is no text: somebody else's. */
async function sizeOf(client: RedisClient, key: string): Promise<number> {
  try {
    return await client.strLen(key);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return 0;
    throw error;
  }
}

/** Its user may not be allowed to ask. https://redis.io/docs/latest/commands/info/ */
async function memoryOf(client: RedisClient): Promise<number | undefined> {
  try {
    const [, bytes] = /^used_memory:(\d+)/m.exec(await client.info('memory')) ?? [];
    return bytes === undefined ? undefined : Number(bytes);
  } catch (error) {
    if (error instanceof Error && /^(?:NOPERM|ERR)\b/.test(error.message)) return undefined;
    throw error;
  }
}
