import { randomUUID } from 'node:crypto';
import { githubNumberOf } from '../core/issue-key.ts';
import { readClosedSince } from '../github/closed-since.ts';
import { repositoryOf } from '../ledger/commands.ts';
import { type KeptSession, keptSession, takeUnused } from '../ledger/sessions.ts';
import type { CommandRow } from '../ledger/tables.ts';
import { acceptCommand } from './accept.ts';
import { jiraOf } from './connections.ts';
import { earliestDays, reasonToForget } from './reason-to-forget.ts';
import type { Services } from './services.ts';

/** Sessions that one look goes through: each may be a request to GitHub or JIRA. */
const lookedAtOnce = 20;

const dayMs = 86_400_000;

/**
 * Looks at the next sessions that may be due to be forgotten, and has those forgotten that are. True when there may
 * be more. Any number of processes may do so on one database.
 */
export async function forgetDue(services: Services, signal?: AbortSignal): Promise<boolean> {
  const days = earliestDays(services.retention);
  if (days === undefined) return false;
  const sessions = await takeUnused(services.db, days, lookedAtOnce);
  for (const session of sessions) {
    if (signal?.aborted) return false;
    try {
      if (await reasonFor(services, session)) await askToForget(services, session);
    } catch (error) {
      // One session that cannot be looked at now must not keep the others: it is looked at again tomorrow.
      services.log.error({ err: error, issueKey: session.issueKey }, 'a session could not be looked at');
    }
  }
  return sessions.length === lookedAtOnce;
}

/** Whether the session of a command of retention is still due: it may have waited behind an instruction. */
export async function isDue(services: Services, row: CommandRow): Promise<boolean> {
  const repository = repositoryOf(row);
  if (!repository || row.installation_id === null) return false;
  const session = await keptSession(services.db, {
    installationId: row.installation_id,
    repositoryId: repository.id,
    issueKey: row.issue_key,
  });
  return session !== undefined && (await reasonFor(services, session)) !== undefined;
}

async function askToForget(services: Services, session: KeptSession): Promise<void> {
  const { installationId, repository, issueKey, now } = session;
  await acceptCommand(services, {
    id: randomUUID(),
    dedupeKey: `retention:${installationId}:${repository.id}:${issueKey}:${now.toISOString()}`,
    origin: { kind: 'retention' },
    actor: { from: 'dexter' },
    issueKey,
    queueKey: issueKey,
    installationId,
    repository,
    claimedText: null,
    ask: { kind: 'control', word: 'forget' },
  });
}

async function reasonFor(services: Services, session: KeptSession): Promise<'unused' | 'closed' | undefined> {
  const { unusedDays, now } = session;
  const unused = reasonToForget({ unusedDays }, services.retention);
  if (unused || services.retention.afterCloseDays === 'never') return unused;
  const closedSince = await closedSinceOf(services, session);
  if (!closedSince) return undefined;
  const closedDays = (now.getTime() - closedSince.getTime()) / dayMs;
  return reasonToForget({ unusedDays, closedDays }, services.retention);
}

/** Since when the ticket is closed; one that cannot be read counts as open. */
async function closedSinceOf(
  services: Services,
  { installationId, repository, issueKey }: KeptSession,
): Promise<Date | undefined> {
  try {
    const number = githubNumberOf(issueKey);
    if (number !== undefined)
      return await readClosedSince(services.github, { installationId, repository, number });
    return await (await jiraOf(services, issueKey))?.readClosedSince(issueKey);
  } catch (error) {
    services.log.warn({ err: error, issueKey }, 'a ticket could not be read and counts as open');
    return undefined;
  }
}
