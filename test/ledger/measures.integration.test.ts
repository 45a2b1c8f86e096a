import { openDatabase } from '../../src/ledger/database.ts';
import { measuresContract } from '../contracts/measures.ts';

measuresContract('PGlite', () => openDatabase({ directory: 'memory://' }));
