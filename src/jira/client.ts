import { setTimeout } from 'node:timers/promises';
import {
  createCloudClient,
  isApiError,
  isAuthError,
  isForbiddenError,
  isNotFoundError,
  isRateLimitError,
} from 'jira.js';
import { z } from 'zod';
import { AppError, messageOf } from '../core/errors.ts';
import { AdfNode, adfToMarkdown } from './adf-to-markdown.ts';
import { commentMarkdown, commentText } from './comment-text.ts';
import type { AdfDocument } from './markdown-to-adf.ts';

export interface JiraSite {
  name: string;
  /** Address for people. */
  url: string;
  /** Address of the API when it is another one. */
  apiUrl?: string;
  email: string;
  token: string;
}

export interface JiraAccount {
  accountId: string;
  displayName: string;
}

export interface JiraComment {
  id: string;
  /** As typed when the comment was read alone, for its command; Markdown with the ticket. A mention of Dexter reads `@<name>`. */
  text: string;
  author: JiraAccount;
  createdAt: string;
  edited: boolean;
}

export interface JiraTicket {
  key: string;
  url: string;
  summary: string;
  description: string;
  status: string;
  type: string;
  priority: string;
  labels: string[];
  comments: JiraComment[];
  /** Comments that are older than the ones fetched. */
  olderComments: number;
}

/** Everything said to one JIRA site. Errors are AppErrors: `ticket-unreadable` or `jira-failed`. */
export interface Jira {
  site: JiraSite;
  /** Account id of the account that Dexter uses. */
  ownAccountId(): Promise<string>;
  /** The same without asking JIRA: undefined until it was asked for. */
  knownAccountId(): string | undefined;
  /** The comment as it is now; undefined when it is gone. */
  readComment(issueKey: string, commentId: string): Promise<JiraComment | undefined>;
  readTicket(issueKey: string): Promise<JiraTicket>;
  /** Since when the ticket is in a status of the category "done"; undefined while it is in another one. */
  readClosedSince(issueKey: string): Promise<Date | undefined>;
  /** Who added the label that the ticket has now; undefined when it does not have it or nobody added it. */
  readLabel(issueKey: string, label: string): Promise<JiraAccount | undefined>;
  /** Posts the comment, unless one with this marker is there, and answers its id. */
  postComment(issueKey: string, marker: string, body: AdfDocument): Promise<string>;
}

/** Newest comments that are fetched with a ticket. */
const commentPage = 100;

/** Name of the comment property by which Dexter finds its own comments again. */
const markerProperty = 'dexter';

const timeoutMs = 20_000;

const User = z.looseObject({ accountId: z.string().optional(), displayName: z.string().optional() });

const Comment = z.looseObject({
  id: z.string(),
  author: User.optional(),
  body: z.unknown().optional(),
  // Dates when the library recognised the answer, strings when it did not.
  created: z.coerce.date().optional(),
  updated: z.coerce.date().optional(),
  properties: z.array(z.looseObject({ key: z.string(), value: z.unknown().optional() })).optional(),
});

const CommentPage = z.looseObject({ comments: z.array(Comment).default([]), total: z.number().default(0) });

const Named = z.looseObject({ name: z.string().optional() }).nullish();

const Issue = z.looseObject({
  key: z.string(),
  fields: z.looseObject({
    summary: z.string().nullish(),
    description: z.unknown().optional(),
    status: Named,
    issuetype: Named,
    priority: Named,
    labels: z.array(z.string()).nullish(),
  }),
});

/** A date when the library recognised the answer, a string when it did not. */
const Moment = z
  .union([z.date(), z.string().pipe(z.coerce.date())])
  .nullish()
  .catch(undefined);

/** The keys of categories are the same in every language. */
const Closing = z.looseObject({
  fields: z.looseObject({
    status: z
      .looseObject({ statusCategory: z.looseObject({ key: z.string().optional() }).nullish() })
      .nullish(),
    statuscategorychangedate: Moment,
    resolutiondate: Moment,
  }),
});

const History = z.looseObject({
  author: User.optional(),
  // `toString` is looked up by hand: every object has one, and a schema would take that for the value.
  items: z
    .array(z.looseObject({ field: z.string().optional(), fromString: z.string().nullish() }))
    .default([]),
});

const Labelled = z.looseObject({
  fields: z.looseObject({ labels: z.array(z.string()).nullish() }),
  changelog: z.looseObject({ histories: z.array(History).default([]) }).optional(),
});

/**
 * JIRA Cloud's REST API, version 3, as the site's account; nothing is asked before the first call. `name` is what
 * people call Dexter by, without the `@`. Up to three tries, 20 s for each call.
 * https://developer.atlassian.com/cloud/jira/platform/rest/v3/
 */
export function jiraClient(site: JiraSite, name: string): Jira {
  const client = createCloudClient({
    host: site.apiUrl ?? site.url,
    auth: { type: 'basic', email: site.email, apiToken: site.token },
    // The shapes that count are checked here; the library would print the rest on standard error.
    onSchemaMismatch: 'silent',
    retry: { maxAttempts: 3, initialDelayMs: 500, backoffFactor: 2 },
  });
  let own: string | undefined;

  async function ownAccountId(): Promise<string> {
    own ??= await say('reading its own account', async () => {
      try {
        return (await client.myself.getCurrentUser()).accountId ?? '';
      } catch (error) {
        throw isNotFoundError(error) ? noSuchSite(site, error) : error;
      }
    });
    return own;
  }

  async function say<T>(what: string, request: () => Promise<T>): Promise<T> {
    try {
      return await withinTime(request());
    } catch (error) {
      throw jiraError(site, what, error);
    }
  }

  function toComment(comment: z.infer<typeof Comment>, write: typeof commentText): JiraComment {
    return {
      id: comment.id,
      text: write(comment.body, { name, accountId: own }),
      author: {
        accountId: comment.author?.accountId ?? '',
        displayName: comment.author?.displayName ?? 'somebody',
      },
      createdAt: comment.created?.toISOString() ?? '',
      edited: comment.updated !== undefined && comment.updated.getTime() !== comment.created?.getTime(),
    };
  }

  return {
    site,
    ownAccountId,
    knownAccountId: () => own,

    async readComment(issueKey, commentId) {
      await ownAccountId();
      try {
        const comment = await withinTime(
          client.issueComments.getComment({ issueIdOrKey: issueKey, id: commentId }),
        );
        return toComment(Comment.parse(comment), commentText);
      } catch (error) {
        if (!isNotFoundError(error))
          throw jiraError(site, `reading comment ${commentId} of ${issueKey}`, error);
        // JIRA says the same of a comment that is gone and of a ticket that may not be seen.
        await say(`reading ${issueKey}`, () =>
          client.issues.getIssue({ issueIdOrKey: issueKey, fields: ['summary'] }),
        );
        return undefined;
      }
    },

    async readTicket(issueKey) {
      await ownAccountId();
      return say(`reading ${issueKey}`, async () => {
        const issue = Issue.parse(
          await client.issues.getIssue({
            issueIdOrKey: issueKey,
            fields: ['summary', 'description', 'status', 'issuetype', 'priority', 'labels'],
          }),
        );
        const page = CommentPage.parse(
          await client.issueComments.getComments({
            issueIdOrKey: issueKey,
            maxResults: commentPage,
            orderBy: '-created',
          }),
        );
        const comments = page.comments.map((comment) => toComment(comment, commentMarkdown)).reverse();
        const description = AdfNode.safeParse(issue.fields.description);
        return {
          key: issue.key,
          url: `${site.url}/browse/${issue.key}`,
          summary: issue.fields.summary ?? '',
          description: description.success ? adfToMarkdown(description.data) : '',
          status: issue.fields.status?.name ?? '',
          type: issue.fields.issuetype?.name ?? '',
          priority: issue.fields.priority?.name ?? '',
          labels: issue.fields.labels ?? [],
          comments,
          olderComments: Math.max(0, page.total - comments.length),
        };
      });
    },

    async readClosedSince(issueKey) {
      return say(`reading the status of ${issueKey}`, async () => {
        const { fields } = Closing.parse(
          await client.issues.getIssue({
            issueIdOrKey: issueKey,
            fields: ['status', 'statuscategorychangedate', 'resolutiondate'],
          }),
        );
        if (fields.status?.statusCategory?.key !== 'done') return undefined;
        return fields.statuscategorychangedate ?? fields.resolutiondate ?? undefined;
      });
    },

    async readLabel(issueKey, label) {
      return say(`reading the labels of ${issueKey}`, async () => {
        const ticket = Labelled.parse(
          await client.issues.getIssue({ issueIdOrKey: issueKey, fields: ['labels'], expand: 'changelog' }),
        );
        if (!ticket.fields.labels?.includes(label)) return undefined;
        // Newest first.
        const added = ticket.changelog?.histories.find(({ items }) =>
          items.some((item) => addsLabel(item, label)),
        );
        const { accountId, displayName = 'somebody' } = added?.author ?? {};
        return accountId === undefined ? undefined : { accountId, displayName };
      });
    },

    async postComment(issueKey, marker, body) {
      return say(`commenting on ${issueKey}`, async () => {
        const page = CommentPage.parse(
          await client.issueComments.getComments({
            issueIdOrKey: issueKey,
            maxResults: commentPage,
            orderBy: '-created',
            expand: 'properties',
          }),
        );
        const posted = page.comments.find((comment) =>
          comment.properties?.some(
            (property) => property.key === markerProperty && property.value === marker,
          ),
        );
        if (posted) return posted.id;
        const created = await client.issueComments.addComment({
          issueIdOrKey: issueKey,
          body: { ...body },
          properties: [{ key: markerProperty, value: marker }],
        });
        return Comment.parse(created).id;
      });
    },
  };
}

/** Whether a change of a ticket added the label; JIRA writes labels separated by spaces. */
export function addsLabel(item: { field?: unknown; fromString?: unknown }, label: string): boolean {
  const labels = (text: unknown) => (typeof text === 'string' ? text.split(' ') : []);
  const after = Object.hasOwn(item, 'toString') ? item.toString : undefined;
  return item.field === 'labels' && labels(after).includes(label) && !labels(item.fromString).includes(label);
}

/** The library has no time limit of its own. */
export async function withinTime<T>(request: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = setTimeout(timeoutMs, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new Error(`no answer within ${timeoutMs / 1000} s`);
  });
  try {
    return await Promise.race([request, late]);
  } finally {
    timer.abort();
    late.catch(() => undefined);
  }
}

/** Every account may read itself: where that is not found, there is no JIRA. */
function noSuchSite(site: JiraSite, cause: unknown): AppError {
  const address = site.apiUrl ?? site.url;
  return new AppError('jira-failed', {
    message: `There is no JIRA at ${address}, the address of the connection "${site.name}": it answered 404 to Dexter reading its own account.`,
    hint: `An administrator corrects \`${site.apiUrl ? 'apiUrl' : 'url'}\` of \`jira.${site.name}\` in dexter.yml (\`url\` is the site's address; \`apiUrl\`, if given, the API's) and restarts Dexter.`,
    cause,
  });
}

export function jiraError(site: JiraSite, what: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const at = `JIRA (${site.url})`;
  if (isAuthError(error)) {
    return new AppError('jira-failed', {
      message: `${at} did not accept Dexter's credentials while ${what}.`,
      hint: `An administrator renews the API token of ${site.email} and restarts Dexter.`,
      cause: error,
    });
  }
  if (isNotFoundError(error) || isForbiddenError(error)) {
    return new AppError('ticket-unreadable', {
      message: `${at} did not let Dexter finish ${what}: the ticket does not exist or ${site.email} may not see it.`,
      hint: 'Check that the ticket exists, and give that account the "Browse projects" and "Add comments" permissions.',
      cause: error,
    });
  }
  if (isRateLimitError(error)) {
    return new AppError('jira-failed', {
      message: `${at} asked Dexter to slow down while ${what}.`,
      hint: 'Try again in some minutes with `retry`.',
      cause: error,
    });
  }
  const status = isApiError(error) ? ` (HTTP ${error.status})` : '';
  return new AppError('jira-failed', {
    message: `${at} failed while ${what}${status}.`,
    hint: 'Check that JIRA can be reached from the app, then try again with `retry`.',
    cause: error instanceof Error ? error : new Error(messageOf(error)),
  });
}
