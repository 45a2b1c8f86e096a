import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { parseCommand } from '../commands/parse.ts';
import { jiraKeyPattern } from '../core/issue-key.ts';
import { addsLabel } from '../jira/client.ts';
import { commentText, mentionsUnknownAccount, type OwnIdentity } from '../jira/comment-text.ts';
import { queueKeyFor } from '../jobs/accept.ts';
import type { NewCommand } from '../ledger/commands.ts';

export type JiraReading =
  | { outcome: 'invalid'; reason: string }
  | { outcome: 'ignored'; reason: string }
  | { outcome: 'command'; command: NewCommand };

const IssueKeyField = z.string().regex(jiraKeyPattern, 'a JIRA issue key');
const CommentId = z
  .union([z.string().regex(/^\d{1,20}$/, 'a comment id'), z.number().int().positive()])
  .transform(String);
const Account = z.looseObject({
  accountId: z.string().nullish(),
  /** Server and Data Center have no account ids. */
  name: z.string().nullish(),
  displayName: z.string().nullish(),
});

/** Words that are answered before the turn of their ticket has come. */
const EarlyWord = z.enum(['stop', 'status', 'help']);

/**
 * What the automation rules of docs/jira-automation.md send. `comment` may be left out: it is read again anyway.
 * `word` is what of it cannot wait for that; whatever else a rule makes of it says nothing.
 */
const RuleEvent = z.discriminatedUnion('event', [
  z.looseObject({ event: z.literal('ticket_changed'), issueKey: IssueKeyField }),
  z.looseObject({
    event: z.literal('comment_created'),
    issueKey: IssueKeyField,
    commentId: CommentId,
    comment: z.unknown().optional(),
    word: EarlyWord.optional().catch(undefined),
  }),
  z.looseObject({
    event: z.literal('label_added'),
    issueKey: IssueKeyField,
    label: z.string(),
    accountId: z.string().min(1),
    displayName: z.string().default('somebody'),
    /** Tells two additions of the label apart. */
    at: z.union([z.string(), z.number()]).transform(String),
  }),
]);

/** What JIRA's admin webhook sends. https://developer.atlassian.com/cloud/jira/platform/webhooks/ */
const AdminEvent = z.looseObject({
  webhookEvent: z.string(),
  issue: z.looseObject({ key: z.string() }).optional(),
  comment: z
    .looseObject({ id: CommentId, body: z.unknown().optional(), author: Account.nullish() })
    .optional(),
  user: Account.nullish(),
  changelog: z
    .looseObject({
      id: z.union([z.string(), z.number()]).transform(String).optional(),
      // `toString` is looked up by hand: every object has one, and a schema would take that for the value.
      items: z.array(z.looseObject({ field: z.string(), fromString: z.unknown().optional() })),
    })
    .optional(),
});

export interface JiraEventOptions {
  connection: string;
  label: string;
  own: OwnIdentity;
}

/** An event of JIRA as a command. What it says of the comment is a hint: the comment is read again by its id. */
export function readJiraEvent(body: string, options: JiraEventOptions): JiraReading {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { outcome: 'invalid', reason: 'The body is not JSON.' };
  }
  const isAdmin = typeof json === 'object' && json !== null && 'webhookEvent' in json;
  return isAdmin ? readAdminEvent(json, body, options) : readRuleEvent(json, options);
}

function readRuleEvent(json: unknown, options: JiraEventOptions): JiraReading {
  const parsed = RuleEvent.safeParse(json);
  if (!parsed.success) return { outcome: 'invalid', reason: z.prettifyError(parsed.error) };
  const event = parsed.data;
  // What that means for the cache is in jira-changes.ts.
  if (event.event === 'ticket_changed') return { outcome: 'ignored', reason: 'only a change' };
  if (event.event === 'comment_created') {
    return fromComment(event.issueKey, event.commentId, event.comment, undefined, options, event.word);
  }
  if (event.label !== options.label) return { outcome: 'ignored', reason: 'another label' };
  return fromLabel(event.issueKey, event.accountId, event.displayName, event.at, options);
}

function readAdminEvent(json: unknown, body: string, options: JiraEventOptions): JiraReading {
  const parsed = AdminEvent.safeParse(json);
  if (!parsed.success) return { outcome: 'invalid', reason: z.prettifyError(parsed.error) };
  const { webhookEvent, issue, comment, user, changelog } = parsed.data;
  if (webhookEvent === 'comment_created') {
    if (!comment || !issue || !jiraKeyPattern.test(issue.key)) {
      return { outcome: 'invalid', reason: 'The event holds no comment or no issue key.' };
    }
    return fromComment(issue.key, comment.id, comment.body, comment.author, options);
  }
  if (webhookEvent === 'jira:issue_updated' && changelog) {
    const added = changelog.items.some((item) => addsLabel(item, options.label));
    if (!added) return { outcome: 'ignored', reason: 'the label was not added' };
    const account = user?.accountId || user?.name;
    if (!issue || !jiraKeyPattern.test(issue.key) || !account) {
      return { outcome: 'invalid', reason: 'The event holds no issue key or no user.' };
    }
    const at = changelog.id ?? createHash('sha256').update(body).digest('hex');
    return fromLabel(issue.key, account, user?.displayName ?? 'somebody', at, options);
  }
  return { outcome: 'ignored', reason: `event ${webhookEvent.slice(0, 60)}` };
}

function fromComment(
  issueKey: string,
  commentId: string,
  body: unknown,
  author: z.infer<typeof Account> | null | undefined,
  options: JiraEventOptions,
  word?: z.infer<typeof EarlyWord>,
): JiraReading {
  const { own, connection } = options;
  if (own.accountId !== undefined && author?.accountId === own.accountId) {
    return { outcome: 'ignored', reason: 'written by Dexter' };
  }
  const told = body !== undefined && body !== null && body !== '';
  const parsed = parseCommand(told ? commentText(body, own) : '', own.name);
  if (told && parsed.outcome === 'none' && !mentionsUnknownAccount(body, own)) {
    return { outcome: 'ignored', reason: 'does not address Dexter' };
  }
  const id = randomUUID();
  const ask = parsed.outcome === 'command' ? parsed.ask : undefined;
  const hinted = told || word === undefined ? undefined : { kind: 'control' as const, word };
  // Without a text or a word to judge by, it waits like an instruction: its order on the ticket must be kept.
  const queueKey = parsed.outcome === 'none' && !hinted ? issueKey : queueKeyFor(ask ?? hinted, issueKey, id);
  return {
    outcome: 'command',
    command: {
      id,
      dedupeKey: `jira:${connection}:comment:${commentId}`,
      origin: { kind: 'jira-comment', connection, issueKey, commentId },
      actor: {
        from: 'jira',
        accountId: author?.accountId ?? '',
        displayName: author?.displayName ?? 'somebody',
      },
      issueKey,
      queueKey,
      claimedText: null,
    },
  };
}

function fromLabel(
  issueKey: string,
  accountId: string,
  displayName: string,
  at: string,
  { connection, label }: JiraEventOptions,
): JiraReading {
  return {
    outcome: 'command',
    command: {
      id: randomUUID(),
      dedupeKey: `jira:${connection}:label:${issueKey}:${at}`,
      origin: { kind: 'jira-label', connection, issueKey, label },
      actor: { from: 'jira', accountId, displayName },
      issueKey,
      queueKey: issueKey,
      claimedText: null,
    },
  };
}
