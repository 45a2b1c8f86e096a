import { openDatabase } from '../../src/ledger/database.ts';
import { openQueue } from '../../src/queue/queue.ts';
import { ledgerAndQueueContract } from '../contracts/ledger-and-queue.ts';
import { startPgliteServer } from './pglite-server.ts';

// The driver for Postgres, without a Postgres: two pools on one embedded database behind its protocol.
ledgerAndQueueContract("Postgres's protocol", async () => {
  const server = await startPgliteServer();
  const open = async () => {
    const database = await openDatabase({ url: server.url, directory: '' });
    const queue = await openQueue(database, (error) => {
      throw error;
    });
    return { database, queue };
  };
  const [one, other] = await Promise.all([open(), open()]);
  return {
    processes: [one, other],
    async cleanUp() {
      for (const { database, queue } of [one, other]) {
        await queue.stop();
        await database.close();
      }
      await server.close();
    },
  };
});
