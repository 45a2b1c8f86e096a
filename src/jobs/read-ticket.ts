import { contextKey } from '../caches/context-cache.ts';
import { AppError } from '../core/errors.ts';
import type { Jira } from '../jira/client.ts';
import { isJiraDown } from '../jira/is-jira-down.ts';
import type { NewestComments } from '../jira/read-ticket.ts';
import type { JiraTicket } from '../jira/ticket.ts';
import { mayBePutBack } from '../ledger/commands.ts';
import type { Services } from './services.ts';

/** With so many comments they still fit well into one answer; more are read page by page. */
const fewComments = 200;

export interface TicketRequest {
  commandId: string;
  issueKey: string;
  /** The comment that is the command, where it is one of this ticket. */
  asked?: { commentId: string; newest: NewestComments; readSince: number };
}

export interface TicketReading {
  /** Absent when JIRA could not be asked and nothing was cached. */
  ticket?: JiraTicket;
  /** Account of Dexter itself there; undefined when JIRA did not say it yet. */
  ownAccountId?: string | undefined;
  /** What whoever reads the context has to know about it. */
  notices: string[];
}

/**
 * The ticket as it is, read through the cache: one call to JIRA when it did not change. When JIRA does not answer, as it
 * was when it did.
 * @throws AppError `ticket-unreadable`; `jira-failed` when the command has to wait for JIRA or to fail.
 */
export async function readTicket(
  services: Pick<Services, 'tickets' | 'withoutJira' | 'db' | 'log'>,
  jira: Jira,
  { commandId, issueKey, asked }: TicketRequest,
): Promise<TicketReading> {
  try {
    const reading = await services.tickets.read(contextKey(jira.site.name, issueKey), {
      askUpdated: () => jira.readUpdated(issueKey),
      fetch: (known) =>
        jira.readTicket(issueKey, {
          newest: asked?.newest,
          hasFewComments: known !== undefined && known.comments.length + known.olderComments <= fewComments,
        }),
      ...(asked
        ? {
            readSince: asked.readSince,
            // To comment is to change the ticket.
            isOutdated: ({ comments }: JiraTicket) => !comments.some(({ id }) => id === asked.commentId),
          }
        : {}),
      judge,
    });
    const ownAccountId = await jira.ownAccountId().catch(() => undefined);
    if (reading.from !== 'outage') return { ticket: reading.value, ownAccountId, notices: [] };
    services.log.warn(
      { commandId, issueKey, err: reading.error, fetchedAt: reading.fetchedAt },
      'JIRA could not be asked; the cached context is used',
    );
    return {
      ticket: reading.value,
      ownAccountId,
      notices: [
        `JIRA could not be asked just now: what is said of ${issueKey} here is from ${reading.fetchedAt} and may have changed since.`,
      ],
    };
  } catch (error) {
    if (!isJiraDown(error) || !(await goesOnWithout(services, commandId))) throw error;
    services.log.warn(
      { commandId, issueKey, err: error },
      'JIRA could not be asked; going on without the ticket',
    );
    return { notices: [`JIRA could not be asked just now: nothing of ${issueKey} is said here.`] };
  }
}

async function goesOnWithout(
  { withoutJira, db }: Pick<Services, 'withoutJira' | 'db'>,
  commandId: string,
): Promise<boolean> {
  if (withoutJira.whenJiraFails !== 'go-on') return false;
  return withoutJira.waitMinutes === 0 || !(await mayBePutBack(db, commandId));
}

function judge(error: unknown): 'passing' | 'gone' | 'other' {
  if (isJiraDown(error)) return 'passing';
  return error instanceof AppError && error.code === 'ticket-unreadable' ? 'gone' : 'other';
}
