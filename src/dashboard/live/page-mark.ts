import type { Scope } from '../../core/viewer.ts';
import type { Health } from '../../health/part-health.ts';

export interface PageMarkOptions {
  /** Changes with what the ledger holds of a scope. */
  ledgerMark: (scope: Scope) => Promise<string>;
  health: Health;
}

/**
 * A text that changes with everything that pages show of a scope: for administrators that is also how the parts are that
 * Dexter works with. To ask for them keeps them looked at while a page is open, as seldom as ever.
 */
export function pageMark({ ledgerMark, health }: PageMarkOptions): (scope: Scope) => Promise<string> {
  return async (scope) => {
    if (scope !== 'all') return ledgerMark(scope);
    // When they were seen last says nothing new.
    const parts = health.parts().map(({ seenAt: _, ...shown }) => shown);
    return `${await ledgerMark(scope)} ${JSON.stringify(parts)}`;
  };
}
