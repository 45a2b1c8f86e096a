import { createClient } from '@keyv/redis';
import { type Answer, unreachable } from '../core/answer.ts';

const connectTimeoutMs = 5_000;

/** One that takes the connection and says nothing. */
const silentMs = 5_000;

/** Connects to a Redis, signs in and asks for a sign of life. It reads and writes nothing. */
export async function pingRedis(url: string, limitMs = silentMs): Promise<Answer<'PONG'>> {
  const client = createClient({
    url,
    socket: { connectTimeout: connectTimeoutMs, socketTimeout: limitMs, reconnectStrategy: false },
  });
  // What fails is thrown by the call as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === 'PONG' ? { outcome: 'answered', value: 'PONG' } : { outcome: 'strange' };
  } catch (error) {
    // Redis says what it refuses in a word in capitals: `NOAUTH Authentication required`, `WRONGPASS …`.
    const [, refusal] = /^([A-Z]{3,})\b/.exec(error instanceof Error ? error.message : '') ?? [];
    return refusal === undefined ? unreachable(error) : { outcome: 'refused', status: 0, said: refusal };
  } finally {
    if (client.isOpen) client.destroy();
  }
}
