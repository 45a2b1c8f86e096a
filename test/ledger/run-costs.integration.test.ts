import { openDatabase } from '../../src/ledger/database.ts';
import { runCostsContract } from '../contracts/run-costs.ts';

runCostsContract('PGlite', () => openDatabase({ directory: 'memory://' }));
