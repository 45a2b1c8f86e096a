import { openDatabase } from '../../src/ledger/database.ts';
import { alertFiguresContract } from '../contracts/alert-figures.ts';

alertFiguresContract('PGlite', () => openDatabase({ directory: 'memory://' }));
