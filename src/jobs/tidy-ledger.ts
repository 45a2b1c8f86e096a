import { forgetOldAudit } from '../ledger/audit.ts';
import type { Db } from '../ledger/commands.ts';
import { foldMeasures } from '../ledger/measures.ts';

/** Rows of one statement, which whoever counts at the same moment waits for. */
const rowsAtOnce = 2_000;

/** Keeps the ledger from growing for ever by what only looking back needs. True when there may be more to do. */
export async function tidyLedger(db: Db): Promise<boolean> {
  const moreMeasures = await foldMeasures(db, rowsAtOnce);
  const moreAudit = await forgetOldAudit(db, rowsAtOnce);
  return moreMeasures || moreAudit;
}
