import { openDatabase } from '../../src/ledger/database.ts';
import { spendingContract } from '../contracts/spending.ts';

spendingContract('PGlite', () => openDatabase({ directory: 'memory://' }));
