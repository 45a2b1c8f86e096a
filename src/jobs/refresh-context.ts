import { contextDelta, isEmpty } from '../context/delta.ts';
import { keptContext } from '../context/fit-context.ts';
import { itemsOf } from '../context/items.ts';
import type { KeptContext } from '../core/context.ts';
import { keepContext } from '../ledger/runs.ts';
import { newestGeneration } from '../ledger/sessions.ts';
import type { CommandRow, RunRow } from '../ledger/tables.ts';
import { askedIn, gather } from './gather.ts';
import { inTime } from './in-time.ts';
import { ticketsSeen } from './plan.ts';
import { readConversation } from './read-conversation.ts';
import type { Services } from './services.ts';

/** A runner that claims its job does not wait longer than this for what is new. */
const longestMs = 10_000;

/**
 * The context of a run for whoever has claimed it. When the job waited long for its runner and something changed
 * meanwhile, it is made anew and kept: one call to JIRA while the ticket did not change, and one to GitHub. What
 * cannot be asked now stays as it was planned.
 */
export async function contextAtClaim(
  services: Services,
  row: CommandRow,
  run: RunRow,
  fence: number,
): Promise<KeptContext | null> {
  const { context } = run;
  const isStale = Date.now() - run.created_at.getTime() >= services.refreshAfterMs;
  // The claim may be asked for once more, and answers the same.
  if (context === null || context.refreshed !== undefined || !isStale) return context;
  try {
    const newer = await inTime(longestMs, readAgain(services, row, run, context));
    if (newer === undefined) return context;
    services.log.info(
      { commandId: row.id, issueKey: row.issue_key },
      'the job waited; its context is made anew',
    );
    await keepContext(services.db, row.id, fence, newer);
    return newer;
  } catch (error) {
    services.log.warn({ commandId: row.id, err: error }, 'the context of a job that waited stays as it was');
    return context;
  }
}

/** Undefined when nothing is new, and when less can be read now than before. */
async function readAgain(
  services: Services,
  row: CommandRow,
  { job }: RunRow,
  before: KeptContext,
): Promise<KeptContext | undefined> {
  const { origin } = row;
  const conversation = 'number' in origin ? await readConversation(services, row, origin) : undefined;
  const facts = await gather(services, row, { conversation });
  const items = itemsOf(facts);
  const known = Object.keys((before.alone ?? before.seen).fields);
  if (!known.every((name) => items.fields.some((field) => field.name === name))) return undefined;
  const asked = askedIn(origin);
  if (isEmpty(contextDelta(before.seen, items, { asked }))) return undefined;
  const { installationId, repositoryId, mode } = job.session;
  const { seen } = await newestGeneration(services.db, {
    installationId,
    repositoryId,
    issueKey: row.issue_key,
  });
  const kept = keptContext(facts, mode === 'resume' ? { seen, asked } : {});
  return { ...kept, refreshed: ticketsSeen(kept) };
}
