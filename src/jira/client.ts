import { isNotFoundError } from 'jira.js';
import { Closing, Comment, CommentPage, Found, Labelled, Touched } from './answers.ts';
import { jiraError, noSuchSite } from './jira-error.ts';
import type { AdfDocument } from './markdown-to-adf.ts';
import {
  accountOf,
  type NewestComments,
  readNewest,
  readTicket,
  type TicketReadOptions,
  typedComment,
} from './read-ticket.ts';
import type { JiraSite } from './site.ts';
import type { JiraAccount, JiraAttachment, JiraComment, JiraTicket } from './ticket.ts';
import { jiraTransport, type TransportOptions } from './transport.ts';

export interface CommentRead {
  comment: JiraComment;
  /** For `readTicket`, which then does not ask for them again. */
  newest: NewestComments;
}

export interface FoundTicket {
  key: string;
  summary: string;
  status: string;
}

/** Everything said to one JIRA site. Errors are AppErrors: `ticket-unreadable` or `jira-failed`. */
export interface Jira {
  site: JiraSite;
  /** Account id of the account that Dexter uses; asked for once. */
  ownAccountId(): Promise<string>;
  /** The same without asking JIRA: undefined until it was asked for. */
  knownAccountId(): string | undefined;
  /** The comment as it is now, as it was typed; undefined when it is gone. One call, or two for an old comment. */
  readComment(issueKey: string, commentId: string): Promise<CommentRead | undefined>;
  /** A snapshot of the ticket. Two calls, or one with the options; see `readTicket` in read-ticket.ts for more of them. */
  readTicket(issueKey: string, options?: TicketReadOptions): Promise<JiraTicket>;
  /** When anything of the ticket changed last, ISO 8601 in UTC; empty when JIRA does not say. One call. */
  readUpdated(issueKey: string): Promise<string>;
  /** At most `limit` tickets, in the order of the query. One call. */
  search(jql: string, limit: number): Promise<FoundTicket[]>;
  /** The bytes of an attachment, at most `maxBytes`; more, or a redirect to another address, is an error. */
  readAttachment(attachment: Pick<JiraAttachment, 'id' | 'name'>, maxBytes: number): Promise<Uint8Array>;
  /** Since when the ticket is in a status of the category "done"; undefined while it is in another one. */
  readClosedSince(issueKey: string): Promise<Date | undefined>;
  /** Who added the label that the ticket has now; undefined when it does not have it or nobody added it. */
  readLabel(issueKey: string, label: string): Promise<JiraAccount | undefined>;
  /**
   * Posts the comment and answers its id. With `again`, when it may have been posted before, it is looked for by its
   * marker first and not posted twice.
   */
  postComment(issueKey: string, marker: string, body: AdfDocument, again?: boolean): Promise<string>;
}

/** Newest comments that are searched for a marker. */
const commentPage = 100;

/** Name of the comment property by which Dexter finds its own comments again. */
const markerProperty = 'dexter';

/**
 * JIRA's REST API as the site's account; nothing is asked before the first call. `name` is what people call Dexter by,
 * without the `@`. Cloud is spoken to by version 3, Server and Data Center by version 2. Up to three tries, 20 s for
 * each call.
 * https://developer.atlassian.com/cloud/jira/platform/rest/v3/
 * https://docs.atlassian.com/software/jira/docs/api/REST/latest/
 */
export function jiraClient(site: JiraSite, name: string, options: TransportOptions = {}): Jira {
  const transport = jiraTransport(site, options);
  const { client } = transport;
  let own: string | undefined;

  async function ownAccountId(): Promise<string> {
    own ??= await say('reading its own account', async () => {
      try {
        return accountOf(await client.myself.getCurrentUser()).accountId;
      } catch (error) {
        throw isNotFoundError(error) ? noSuchSite(site, error) : error;
      }
    });
    return own;
  }

  const identity = () => ({ name, ...(own === undefined ? {} : { accountId: own }) });

  async function say<T>(what: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw jiraError(site, what, error);
    }
  }

  async function findPosted(issueKey: string, marker: string): Promise<string | undefined> {
    const page = CommentPage.parse(
      await client.issueComments.getComments({
        issueIdOrKey: issueKey,
        maxResults: commentPage,
        orderBy: '-created',
        expand: 'properties',
      }),
    );
    return page.comments.find((comment) =>
      comment.properties?.some((property) => property.key === markerProperty && property.value === marker),
    )?.id;
  }

  return {
    site,
    ownAccountId,
    knownAccountId: () => own,

    async readComment(issueKey, commentId) {
      await ownAccountId();
      const newest = await say(`reading the comments of ${issueKey}`, () => readNewest(transport, issueKey));
      const { comments, total } = newest.page;
      const found = comments.find(({ id }) => id === commentId);
      if (found) return { comment: typedComment(found, identity()), newest };
      if (comments.length >= total) return undefined;
      return say(`reading comment ${commentId} of ${issueKey}`, async () => {
        try {
          const older = await client.issueComments.getComment({ issueIdOrKey: issueKey, id: commentId });
          return { comment: typedComment(Comment.parse(older), identity()), newest };
        } catch (error) {
          // The ticket can be read: it is the comment that is gone.
          if (isNotFoundError(error)) return undefined;
          throw error;
        }
      });
    },

    async readTicket(issueKey, options) {
      await ownAccountId();
      return say(`reading ${issueKey}`, () => readTicket(transport, site, identity(), issueKey, options));
    },

    async readUpdated(issueKey) {
      return say(`reading ${issueKey}`, async () => {
        const { fields } = Touched.parse(
          await client.issues.getIssue({ issueIdOrKey: issueKey, fields: ['updated'] }),
        );
        return fields.updated?.toISOString() ?? '';
      });
    },

    async search(jql, limit) {
      return say('searching tickets', async () => {
        const { issues } = Found.parse(
          await client.issueSearch.searchAndReconsileIssuesUsingJqlPost({
            jql,
            maxResults: limit,
            fields: ['summary', 'status'],
          }),
        );
        return issues.map(({ key, fields }) => ({
          key,
          summary: fields.summary ?? '',
          status: fields.status?.name ?? '',
        }));
      });
    },

    async readAttachment(attachment, maxBytes) {
      // `redirect=false` makes Cloud serve the bytes itself instead of sending us to its media host.
      const path =
        site.type === 'server'
          ? `/secure/attachment/${encodeURIComponent(attachment.id)}/${encodeURIComponent(attachment.name)}`
          : `/rest/api/3/attachment/content/${encodeURIComponent(attachment.id)}?redirect=false`;
      return say(`fetching the attachment ${attachment.name}`, () => transport.download(path, maxBytes));
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
        const histories = ticket.changelog?.histories ?? [];
        // Cloud answers the newest first, Server the oldest.
        const newestFirst = site.type === 'server' ? histories.toReversed() : histories;
        const added = newestFirst.find(({ items }) => items.some((item) => addsLabel(item, label)));
        const { accountId, displayName } = accountOf(added?.author);
        return accountId === '' ? undefined : { accountId, displayName };
      });
    },

    async postComment(issueKey, marker, body, again = true) {
      return say(`commenting on ${issueKey}`, async () => {
        const posted = again ? await findPosted(issueKey, marker) : undefined;
        if (posted !== undefined) return posted;
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
