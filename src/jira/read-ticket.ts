import { isForbiddenError, isNotFoundError } from 'jira.js';
import type { z } from 'zod';
import { type Comment, CommentPage, Issue, type Other, RemoteLinks, type User } from './answers.ts';
import { commentText, type OwnIdentity, toMarkdownText } from './comment-text.ts';
import { askedFields, customField, numberOf, sprintName } from './custom-fields.ts';
import { developmentQueries, readDevelopment } from './development.ts';
import { removeInvisible } from './remove-invisible.ts';
import { safeFileName } from './safe-file-name.ts';
import type { JiraSite } from './site.ts';
import { type JiraAttachment, type JiraComment, JiraTicket } from './ticket.ts';
import type { JiraTransport } from './transport.ts';

/** The newest comments of a ticket as JIRA sent them, so that what reads one of them need not ask for the others again. */
export interface NewestComments {
  readonly issueKey: string;
  readonly page: CommentPage;
}

/** JIRA gives fewer where its own limit is lower. */
const pageSize = 100;

/** A ticket with more of them, or with more text in them, is told by its newest ones; the others are counted. */
const commentLimits = { comments: 10_000, characters: 16_000_000 };

export async function readNewest({ client }: JiraTransport, issueKey: string): Promise<NewestComments> {
  const page = CommentPage.parse(
    await client.issueComments.getComments({
      issueIdOrKey: issueKey,
      maxResults: pageSize,
      orderBy: '-created',
    }),
  );
  return { issueKey, page };
}

export interface TicketReadOptions {
  /** The newest comments, where they were read before: spares the first page. */
  newest?: NewestComments | undefined;
  /**
   * Whether the ticket is believed to have few comments: they are asked for with the fields, which spares the first
   * page as well. Of many they would all be in one answer.
   */
  hasFewComments?: boolean | undefined;
}

/**
 * The snapshot of a ticket in two calls, one more for each further page of comments, one more when its history says that
 * it may have remote links, and one more for each kind of thing in its development panel, where that is configured.
 */
export async function readTicket(
  transport: JiraTransport,
  site: JiraSite,
  own: OwnIdentity,
  issueKey: string,
  options: TicketReadOptions = {},
): Promise<JiraTicket> {
  const newest = options.newest?.issueKey === issueKey ? options.newest : undefined;
  const withComments = newest === undefined && (options.hasFewComments ?? false);
  const { fields, expand } = askedFields(site.fields ?? {}, withComments);
  const issue = Issue.parse(
    await transport.client.issues.getIssue({ issueIdOrKey: issueKey, fields, expand }),
  );
  const first = newest ?? commentsIn(issue, issueKey) ?? (await readNewest(transport, issueKey));
  const attachments = attachmentsOf(issue);
  const media = (name: string) =>
    attachments.find((one) => one.name === removeInvisible(name).text)?.fileName;
  const comments = await readComments(transport, own, first, media);
  const remoteLinks = [
    ...(mayHaveRemoteLinks(issue) ? await readRemoteLinks(transport, issueKey) : []),
    ...(await readDevelopment(
      transport,
      issue.id,
      developmentQueries(customField(issue, site.fields?.development)),
    )),
  ];
  let invisible = 0;
  const line = (text: string | null | undefined): string => {
    const cleaned = removeInvisible(text ?? '');
    invisible += cleaned.removed;
    return cleaned.text.replaceAll(/\s+/g, ' ').trim();
  };
  const markdown = (body: unknown): string => {
    const written = toMarkdownText(body, own, media);
    invisible += written.invisible;
    return written.text;
  };
  const other = (one: NonNullable<Other>) => ({
    key: one.key,
    summary: line(one.fields?.summary),
    status: line(one.fields?.status?.name),
  });
  const shown = issue.fields;
  const sprint = sprintName(customField(issue, site.fields?.sprint));
  const storyPoints = numberOf(customField(issue, site.fields?.storyPoints));
  const criteria = customField(issue, site.fields?.acceptanceCriteria);
  const snapshot = {
    key: issue.key,
    ...(issue.key.toUpperCase() === issueKey.toUpperCase() ? {} : { movedFrom: issueKey }),
    url: `${site.url}/browse/${issue.key}`,
    summary: line(shown.summary),
    description: markdown(shown.description),
    status: line(shown.status?.name),
    type: line(shown.issuetype?.name),
    priority: line(shown.priority?.name),
    labels: (shown.labels ?? []).map(line),
    components: (shown.components ?? []).map(({ name }) => line(name)),
    fixVersions: (shown.fixVersions ?? []).map(({ name }) => line(name)),
    ...(shown.parent
      ? { parent: { key: shown.parent.key, summary: line(shown.parent.fields?.summary) } }
      : {}),
    subtasks: (shown.subtasks ?? []).flatMap((one) => (one ? [other(one)] : [])),
    linkedIssues: (shown.issuelinks ?? []).flatMap(({ type, inwardIssue, outwardIssue }) => [
      ...(outwardIssue ? [{ relation: line(type?.outward ?? 'relates to'), ...other(outwardIssue) }] : []),
      ...(inwardIssue ? [{ relation: line(type?.inward ?? 'relates to'), ...other(inwardIssue) }] : []),
    ]),
    ...(sprint === undefined ? {} : { sprint: line(sprint) }),
    ...(storyPoints === undefined ? {} : { storyPoints }),
    ...(criteria === undefined ? {} : { acceptanceCriteria: markdown(criteria) }),
    ...comments,
    attachments,
    remoteLinks: remoteLinks.map((link) => ({
      title: line(link.title),
      url: line(link.url),
      relation: line(link.relation),
    })),
    updatedAt: knownUntil(shown.updated?.toISOString() ?? '', newest),
  };
  return JiraTicket.parse({ ...snapshot, invisible });
}

/** The comments of an answer that holds them all, newest first as everywhere here. */
function commentsIn({ fields }: Issue, issueKey: string): NewestComments | undefined {
  const page = fields.comment;
  if (!page || page.comments.length < page.total) return undefined;
  const time = ({ created }: Comment) => created?.getTime() ?? 0;
  const comments = page.comments.toReversed().sort((one, other) => time(other) - time(one));
  return { issueKey, page: { ...page, comments } };
}

/**
 * Of comments that were read before the fields, the snapshot is only as new as the newest of them: what was posted in
 * between must not be taken for seen.
 */
function knownUntil(updatedAt: string, newest: NewestComments | undefined): string {
  if (newest === undefined) return updatedAt;
  const times = newest.page.comments.map((comment) => commentFacts(comment).updatedAt);
  const last = times.reduce((latest, one) => (one > latest ? one : latest), '');
  return last < updatedAt ? last : updatedAt;
}

/** A comment as it was typed, for the command in it. */
export function typedComment(comment: Comment, own: OwnIdentity): JiraComment {
  return { ...commentFacts(comment), text: commentText(comment.body, own), invisible: 0 };
}

function commentFacts({ id, author, created, updated }: Comment) {
  return {
    id,
    author: accountOf(author),
    createdAt: created?.toISOString() ?? '',
    updatedAt: (updated ?? created)?.toISOString() ?? '',
    edited: Boolean(updated) && updated?.getTime() !== created?.getTime(),
  };
}

export function accountOf(user: User | null | undefined): JiraComment['author'] {
  return {
    accountId: user?.accountId ?? user?.name ?? '',
    displayName: removeInvisible(user?.displayName ?? 'somebody').text.replaceAll(/\s+/g, ' '),
  };
}

/**
 * Newest first, so that the limits leave out the oldest, and a page is written and dropped before the next is asked for.
 * A comment that is posted meanwhile moves the pages by one: what comes twice is taken once. One that is deleted meanwhile
 * may hide another one from this snapshot; the next one has it.
 */
async function readComments(
  transport: JiraTransport,
  own: OwnIdentity,
  { issueKey, page }: NewestComments,
  media: (name: string) => string | undefined,
): Promise<Pick<JiraTicket, 'comments' | 'olderComments'>> {
  const newestFirst: JiraComment[] = [];
  const seen = new Set<string>();
  let characters = 0;
  let asked = 0;
  for (let next = page; ; ) {
    for (const comment of next.comments) {
      if (seen.has(comment.id)) continue;
      const { text, invisible } = toMarkdownText(comment.body, own, media);
      characters += text.length;
      const isFull = newestFirst.length >= commentLimits.comments || characters > commentLimits.characters;
      if (isFull) return { comments: newestFirst.reverse(), olderComments: next.total - newestFirst.length };
      seen.add(comment.id);
      newestFirst.push({ ...commentFacts(comment), text, invisible });
    }
    asked += next.comments.length;
    if (next.comments.length === 0 || asked >= next.total) break;
    next = CommentPage.parse(
      await transport.client.issueComments.getComments({
        issueIdOrKey: issueKey,
        startAt: asked,
        maxResults: pageSize,
        orderBy: '-created',
      }),
    );
  }
  return { comments: newestFirst.reverse(), olderComments: 0 };
}

function attachmentsOf({ fields }: Issue): JiraAttachment[] {
  const taken: string[] = [];
  return (fields.attachment ?? []).map(({ id, filename, mimeType, size, created, author }) => {
    const fileName = safeFileName(filename, taken);
    taken.push(fileName);
    return {
      id,
      name: removeInvisible(filename).text.replaceAll(/\s+/g, ' ').trim() || fileName,
      fileName,
      mimeType: /^[\w.+-]+\/[\w.+-]+/.exec(mimeType ?? '')?.[0] ?? 'application/octet-stream',
      bytes: Math.max(0, Math.floor(size ?? 0)),
      createdAt: created?.toISOString() ?? '',
      author: accountOf(author).displayName,
    };
  });
}

/** The item that a remote link leaves in the history; Cloud is about to call issues "work items". */
const remoteLinkItem = /^Remote(?:Issue|WorkItem)Link/i;

/** Most tickets have none, and asking costs a call: only a history that is whole and tells of none spares it. */
function mayHaveRemoteLinks({ changelog }: Issue): boolean {
  if (!changelog || (changelog.total ?? Number.POSITIVE_INFINITY) > changelog.histories.length) return true;
  return changelog.histories.some(({ items }) => items.some(({ field }) => remoteLinkItem.test(field ?? '')));
}

async function readRemoteLinks(
  { client }: JiraTransport,
  issueKey: string,
): Promise<JiraTicket['remoteLinks']> {
  let links: z.infer<typeof RemoteLinks>;
  try {
    links = RemoteLinks.parse(await client.issueRemoteLinks.getRemoteIssueLinks({ issueIdOrKey: issueKey }));
  } catch (error) {
    // Where linking is switched off the ticket can be read all the same.
    if (isForbiddenError(error) || isNotFoundError(error)) return [];
    throw error;
  }
  return links.flatMap(({ object, relationship }) =>
    object === undefined || object.url === ''
      ? []
      : [{ title: object.title ?? object.url, url: object.url, relation: relationship ?? '' }],
  );
}
