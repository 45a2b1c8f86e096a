import { z } from 'zod';

/** What a dispatched run waits for while no runner has taken it. */
export const WaitingFor = z.discriminatedUnion('what', [
  /** A runner with all of these labels. */
  z.object({ what: z.literal('runner'), labels: z.array(z.string()) }),
  /** Somebody to approve the deployment to an environment. */
  z.object({ what: z.literal('approval') }),
  /** A run of the same concurrency group: GitHub has not made its job yet. */
  z.object({ what: z.literal('other-run') }),
]);
export type WaitingFor = z.infer<typeof WaitingFor>;
