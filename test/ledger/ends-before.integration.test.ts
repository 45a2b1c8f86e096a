import { PGlite } from '@electric-sql/pglite';
import { embeddedPool } from '../../src/ledger/embedded-pool.ts';
import { endsBefore } from '../contracts/ends-before.ts';

endsBefore('PGlite', async () => embeddedPool(await PGlite.create('memory://')).pool);
