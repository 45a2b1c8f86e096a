import { startPgliteServer } from '../ledger/pglite-server.ts';
import { twoProcesses } from './two-processes.ts';

twoProcesses("an embedded database behind Postgres's protocol", startPgliteServer);
