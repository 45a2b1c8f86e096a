import type { PGlite } from '@electric-sql/pglite';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import type { ExecuteSql } from './database.ts';

/**
 * PGlite has one connection. This hands it to one user at a time, the way a pool of size one would, so
 * that a transaction of one caller never takes in the statements of another.
 */
export function embeddedPool(pglite: PGlite): { pool: PostgresPool; executeSql: ExecuteSql } {
  let last: Promise<void> = Promise.resolve();

  async function acquire(): Promise<() => void> {
    const turn = Promise.withResolvers<void>();
    const before = last;
    last = turn.promise;
    await before;
    return turn.resolve;
  }

  const pool: PostgresPool = {
    async connect() {
      const release = await acquire();
      const client = {
        async query(sql: string, parameters: readonly unknown[]) {
          const result = await pglite.query(sql, [...parameters]);
          return {
            command: commandOf(sql),
            rowCount: result.affectedRows ?? result.rows.length,
            rows: result.rows,
          };
        },
        release,
      };
      // Kysely also offers cursors through its client; nothing here streams rows.
      return client as unknown as PostgresPoolClient;
    },
    async end() {
      const release = await acquire();
      await pglite.close();
      release();
    },
  };

  const executeSql: ExecuteSql = async (text, values) => {
    const release = await acquire();
    try {
      if (values?.length) return await pglite.query(text, values);
      const results = await pglite.exec(text);
      return { rows: results.flatMap((result) => result.rows) };
    } catch (error) {
      // A block that failed between BEGIN and COMMIT would leave the only connection in an aborted transaction.
      await pglite.exec('ROLLBACK');
      throw error;
    } finally {
      release();
    }
  };

  return { pool, executeSql };
}

function commandOf(sql: string): 'UPDATE' | 'DELETE' | 'INSERT' | 'SELECT' | 'MERGE' {
  const word = /^\s*(\w+)/.exec(sql)?.[1]?.toUpperCase();
  return word === 'UPDATE' || word === 'DELETE' || word === 'INSERT' || word === 'MERGE' ? word : 'SELECT';
}
