import { openDatabase } from '../../src/ledger/database.ts';
import { openQueue } from '../../src/queue/queue.ts';
import { ledgerAndQueueContract } from '../contracts/ledger-and-queue.ts';
import { freshPostgres } from './fresh-postgres.ts';

ledgerAndQueueContract('Postgres', async () => {
  const { url, drop } = await freshPostgres();
  const open = async () => {
    const database = await openDatabase({ url, directory: '' });
    const queue = await openQueue(database, (error) => {
      throw error;
    });
    return { database, queue };
  };
  // At once, as two processes of a fresh deployment start.
  const [one, other] = await Promise.all([open(), open()]);
  return {
    processes: [one, other],
    async cleanUp() {
      for (const { database, queue } of [one, other]) {
        await queue.stop();
        await database.close();
      }
      await drop();
    },
  };
});
