import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { buildApp } from 'fauxqs';
import { conditionalWrites } from './conditional-writes.ts';

const bucket = 'dexter-sessions';
const region = 'us-east-1';

/** A simulated S3 on loopback, with one empty bucket. */
export type S3Simulation = Awaited<ReturnType<typeof startS3>>;

/** Starts the simulated S3; everything in it is gone when it ends. Port 0, the default, takes a free one. */
export async function startS3({ port = 0 }: { port?: number } = {}) {
  // Its own way to start listens on all addresses of the machine.
  const emulator = buildApp({ logger: false, defaultRegion: region });
  const upstream = new URL(await emulator.listen({ host: '127.0.0.1', port: 0 }));
  try {
    const made = await emulator.inject({ method: 'PUT', url: `/${bucket}` });
    if (made.statusCode !== 200) throw new Error(`The simulated S3 made no bucket: ${made.body}`);
    const accessKeyId = `simulated${randomBytes(6).toString('hex')}`;
    const gate = conditionalWrites({ upstream, accessKeyId, region });
    gate.listen(port, '127.0.0.1');
    await once(gate, 'listening');
    const address = gate.address();
    if (address === null || typeof address === 'string') throw new Error('The simulated S3 has no port');
    return {
      url: `http://127.0.0.1:${address.port}`,
      bucket,
      region,
      accessKeyId,
      secretAccessKey: randomBytes(24).toString('base64url'),
      async close() {
        gate.closeAllConnections();
        await new Promise((resolve) => gate.close(resolve));
        await emulator.close();
      },
    };
  } catch (error) {
    await emulator.close();
    throw error;
  }
}
