import { openDatabase } from '../../src/ledger/database.ts';
import { onboardingContract } from '../contracts/onboardings.ts';

onboardingContract('PGlite', () => openDatabase({ directory: 'memory://' }));
