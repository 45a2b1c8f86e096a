import { openDatabase } from '../../src/ledger/database.ts';
import { openQueue } from '../../src/queue/queue.ts';
import { ledgerAndQueueContract } from '../contracts/ledger-and-queue.ts';

const unexpected = (error: Error) => {
  throw error;
};

// An embedded database belongs to one process: the second one is a second queue on the same connection.
ledgerAndQueueContract('PGlite', async () => {
  const database = await openDatabase({ directory: 'memory://' });
  const queues = [await openQueue(database, unexpected), await openQueue(database, unexpected)] as const;
  return {
    processes: [
      { database, queue: queues[0] },
      { database, queue: queues[1] },
    ],
    async cleanUp() {
      for (const queue of queues) await queue.stop();
      await database.close();
    },
  };
});
