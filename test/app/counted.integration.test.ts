import { startPgliteServer } from '../ledger/pglite-server.ts';
import { counted } from './counted.ts';

counted("an embedded database behind Postgres's protocol", startPgliteServer);
