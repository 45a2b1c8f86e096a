import { openDatabase } from '../../src/ledger/database.ts';
import { commandPagesContract } from '../contracts/command-pages.ts';

commandPagesContract('PGlite', () => openDatabase({ directory: 'memory://' }));
