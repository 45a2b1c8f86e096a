import { fromKysely, PgBoss } from 'pg-boss';
import type { Db } from '../ledger/commands.ts';
import type { Database } from '../ledger/database.ts';

const queueName = 'commands';

/** A job may stay active while a runner works: 24 h, the longest that pg-boss allows. */
const longestRunSeconds = 24 * 60 * 60 - 1;

/**
 * The durable queue: one command per key at a time, in the order of their arrival, across all processes on
 * the same database. A command stays in its place until it is released, which happens in the transaction
 * that ends it; so no failure of a process lets the next command of an issue start early.
 */
export interface Queue {
  /** Adds a command in the caller's transaction. */
  add(transaction: Db, commandId: string, key: string): Promise<void>;
  /** Takes the next command whose key is free, in the caller's transaction; undefined when there is none. */
  take(transaction: Db): Promise<string | undefined>;
  /** Gives the key free, in the caller's transaction. */
  release(transaction: Db, commandId: string): Promise<void>;
  /** Rejects when a command could neither be added nor taken. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Opens the queue in the schema `pgboss` of the database, and makes its tables where there are none. Rejects with
 * the database's error; `onError` gets those of pg-boss's own upkeep later on. Stop it before the database.
 * https://timgit.github.io/pg-boss/#/./api/queues
 */
export async function openQueue(
  database: Pick<Database, 'executeSql' | 'backend'>,
  onError: (error: Error) => void,
): Promise<Queue> {
  const boss = new PgBoss({
    db: { executeSql: async (text, values) => database.executeSql(text, values) },
    backend: database.backend,
    schedule: false,
  });
  boss.on('error', onError);
  await start(boss);
  await boss.createQueue(queueName, {
    policy: 'key_strict_fifo',
    expireInSeconds: longestRunSeconds,
    // A job that expires is taken again, and whoever takes it sees in the ledger how far it got.
    retryLimit: 1000,
  });
  // pg-boss looks the queue up once on its own connection. Inside a transaction of the embedded database,
  // which has one connection, that would wait for itself: so it is looked up here.
  await boss.getQueueStats(queueName);
  await boss.complete(queueName, '00000000-0000-0000-0000-000000000000');

  let isStopped = false;
  return {
    async add(transaction, commandId, key) {
      await boss.send(queueName, {}, { id: commandId, singletonKey: key, db: fromKysely(transaction) });
    },
    async take(transaction) {
      const [job] = await boss.fetch(queueName, { db: fromKysely(transaction) });
      return job?.id;
    },
    async release(transaction, commandId) {
      await boss.complete(queueName, commandId, undefined, {
        db: fromKysely(transaction),
        includeQueued: true,
      });
    },
    async check() {
      if (isStopped) throw new Error('the queue was stopped');
      if (!(await boss.getQueue(queueName))) throw new Error('the queue has gone from the database');
    },
    async stop() {
      isStopped = true;
      await boss.stop({ graceful: false });
    },
  };
}

/**
 * Processes that start at once on a fresh database all make the queue's tables: one succeeds, and the others
 * fail and find them made when they try again.
 */
async function start(boss: PgBoss): Promise<void> {
  try {
    await boss.start();
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    await boss.start();
  }
}

/** Postgres's codes for a row, a schema, a table, an object that is there already. */
function isDuplicate(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return ['23505', '42P06', '42P07', '42710'].includes(String(error.code));
}
