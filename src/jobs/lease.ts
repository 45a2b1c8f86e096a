import { withLogContext } from '../core/log-context.ts';
import { leaseCommand } from '../ledger/commands.ts';
import type { Services } from './services.ts';

/** How long a command that is being prepared is believed to be in good hands, and how often that is said again. */
export const preparingLeaseSeconds = 30;
const renewEveryMs = 10_000;

/** Says again and again that the command is in good hands while `work` goes on. */
export async function holdingLease(services: Services, id: string, work: () => Promise<void>): Promise<void> {
  services.holds.add(id);
  await withLogContext({ commandId: id }, async () => {
    const renewal = setInterval(() => {
      leaseCommand(services.db, id, preparingLeaseSeconds).catch((error: unknown) => {
        services.log.warn({ err: error }, 'lease not renewed');
      });
    }, renewEveryMs);
    try {
      await work();
    } finally {
      clearInterval(renewal);
      services.holds.delete(id);
    }
  });
}
