import { z } from 'zod';
import { jiraKeyPattern } from '../core/issue-key.ts';

const Key = z.string().regex(jiraKeyPattern);

/** Events of the admin webhook that say that what a snapshot holds of the ticket may have changed. */
const AdminChange = z.looseObject({
  webhookEvent: z.enum([
    'jira:issue_updated',
    'jira:issue_deleted',
    'comment_created',
    'comment_updated',
    'comment_deleted',
  ]),
  issue: z.looseObject({ key: Key }),
  changelog: z
    .looseObject({
      items: z.array(
        z.looseObject({ field: z.string().optional(), fromString: Key.optional().catch(undefined) }),
      ),
    })
    .optional()
    .catch(undefined),
});

/** Whatever the automation rule says of a ticket is a change of it. */
const RuleChange = z.looseObject({ event: z.string(), issueKey: Key });

/** The event of a new comment, in both kinds of webhooks. */
const addition = 'comment_created';

/** A ticket that is not as it was. */
export interface TicketChange {
  issueKey: string;
  /** A comment was added: what is known of the ticket is not all of it, but nothing of it was taken back. */
  isAddition: boolean;
}

/**
 * The tickets that an event of JIRA says have changed; none for one that says no such thing. A ticket that was moved has
 * two keys. The event is taken at its word: at worst a ticket is read again.
 * https://developer.atlassian.com/cloud/jira/platform/webhooks/
 */
export function changedTickets(body: string): TicketChange[] {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return [];
  }
  const admin = AdminChange.safeParse(json);
  if (!admin.success) {
    const rule = RuleChange.safeParse(json);
    if (!rule.success) return [];
    const { issueKey, event } = rule.data;
    return [{ issueKey, isAddition: event === addition }];
  }
  const { issue, changelog, webhookEvent } = admin.data;
  const isAddition = webhookEvent === addition;
  const before = (changelog?.items ?? []).flatMap(({ field, fromString }) =>
    field === 'Key' && fromString !== undefined ? [fromString] : [],
  );
  return [issue.key, ...before].map((issueKey) => ({ issueKey, isAddition }));
}
