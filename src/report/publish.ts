import { contextKey } from '../caches/context-cache.ts';
import { type Ask, askedText, isFromDashboard } from '../core/command.ts';
import { isEnd } from '../core/status.ts';
import { answerAsked, editComment, findComment, postAnswer, postComment, react } from '../github/comments.ts';
import type { AskedComment } from '../github/conversation.ts';
import { answeredAt, type CommentPlace, type GitHubOrigin } from '../github/github.ts';
import type { Jira } from '../jira/client.ts';
import type { AdfDocument } from '../jira/markdown-to-adf.ts';
import { connectionOf, jiraOf } from '../jobs/connections.ts';
import type { Services } from '../jobs/services.ts';
import { getCommand, keepAcknowledgement, repositoryOf } from '../ledger/commands.ts';
import { getRun } from '../ledger/runs.ts';
import type { CommandRow, PostedComment, RunRow } from '../ledger/tables.ts';
import { nameOf } from './issue-cost.ts';
import type { NeutraliseOptions } from './neutralise.ts';
import { commentMarker, renderStatusComment, type StatusFacts } from './status-comment.ts';
import {
  renderTicketEnd,
  renderTicketStart,
  renderTicketWaiting,
  type TicketEndFacts,
} from './ticket-comment.ts';
import { waitingMarkdown } from './waiting.ts';

type Publisher = Pick<Services, 'github' | 'jira' | 'db' | 'log' | 'serverUrl' | 'tickets'>;

/** Shows that a command which has to wait for its turn was seen. */
export async function showSeen(services: Publisher, row: CommandRow): Promise<void> {
  const { origin } = row;
  if (!isOnGitHub(origin)) return;
  await bestEffort(services, row, 'reacting to the comment', () => react(services.github, origin));
}

/**
 * Shows that a command was seen: a reaction and the status comment, or a comment on the ticket. `asked` is the comment
 * that asked when it was read a moment ago: then both are one request.
 */
export async function acknowledge(services: Publisher, row: CommandRow, asked?: AskedComment): Promise<void> {
  if (row.acknowledgement || row.origin.kind === 'retention') return;
  if ('connection' in row.origin) {
    const { jira } = connectionOf(services, row.origin);
    const repository = repositoryOf(row);
    const body = renderTicketStart(
      `${repository?.owner}/${repository?.name}`,
      instructionOf(row.ask) ?? '',
      onDashboardBy(row),
    );
    // Only an attempt that died may have posted it already.
    const id = await postOnTicket(
      services,
      jira,
      row.origin.issueKey,
      `${row.id}:start`,
      body,
      row.attempts > 0,
    );
    await keepAcknowledgement(services.db, row.id, { kind: 'jira', id });
    return;
  }
  const { origin } = row;
  if (asked && row.attempts === 0) {
    const body = renderStatusComment(statusFacts(row, undefined), neutral(services));
    const { posted, problem } = await answerAsked(services.github, origin, asked, body, row.seen_at === null);
    if (problem) services.log.warn({ commandId: row.id, err: problem }, 'reacting to the comment failed');
    await keepPlace(services, row, posted);
    return;
  }
  await bestEffort(services, row, 'reacting to the comment', () => react(services.github, origin));
  await showStatus(services, row, origin, undefined);
}

/** Writes the progress of a run into the status comment; tickets are told only the start and the end. */
export async function publishProgress(services: Publisher, row: CommandRow): Promise<void> {
  const { origin } = row;
  if (!isOnGitHub(origin)) return;
  await showStatus(services, row, origin, await getRun(services.db, row.id));
  // The run may have ended while this was written, and another process may have shown that: the end stands.
  const now = await getCommand(services.db, row.id);
  if (now && isEnd(now.status)) await showStatus(services, now, origin, await getRun(services.db, row.id));
}

/** Says on the status comment what a run waits for; on a ticket, where nothing is edited, in a comment of its own. */
export async function publishWaiting(services: Publisher, row: CommandRow): Promise<void> {
  const run = await getRun(services.db, row.id);
  if (!run?.waiting_for || row.origin.kind === 'retention') return;
  const { origin, issue_key: issueKey } = row;
  await bestEffort(services, row, 'saying what the run waits for', async () => {
    if (isOnGitHub(origin)) return showStatus(services, row, origin, run);
    const { jira } = connectionOf(services, origin);
    const body = renderTicketWaiting(waitingMarkdown(run.waiting_for, run.run_url));
    await postOnTicket(services, jira, issueKey, `${row.id}:waiting`, body, false);
  });
}

/** Tells the end of a command everywhere it has to be told; calling it again posts nothing twice. */
export async function publishEnd(services: Publisher, row: CommandRow & { tried?: boolean }): Promise<void> {
  const { origin } = row;
  // Nobody asked for what Dexter forgets of its own accord: the log says what became of it.
  if (isSilent(row) || origin.kind === 'retention') return;
  const run = await getRun(services.db, row.id);
  if ('connection' in origin) {
    const { jira } = connectionOf(services, origin);
    await postOnTicket(
      services,
      jira,
      origin.issueKey,
      `${row.id}:end`,
      renderTicketEnd(ticketFacts(row, run), neutral(services)),
      row.tried ?? true,
    );
    await onPullRequest(services, row, run, row.tried ?? true);
    return;
  }
  await showStatus(services, row, origin, run);
  if (run?.report) await onTicket(services, row, run, row.tried ?? true);
}

/** A comment that turned out not to address Dexter gets no answer. */
function isSilent(row: CommandRow): boolean {
  return row.status === 'refused' && row.problem?.code === 'nothing-to-do' && row.problem.hint === '';
}

function isOnGitHub(origin: CommandRow['origin']): origin is GitHubOrigin {
  return 'installationId' in origin;
}

/** Edits the command's comment, or posts it when there is none (any more). */
async function showStatus(
  services: Publisher,
  row: CommandRow,
  origin: GitHubOrigin,
  run: RunRow | undefined,
): Promise<void> {
  const body = renderStatusComment(statusFacts(row, run), neutral(services));
  const posted = placeOf(row.acknowledgement) ?? (await lostComment(services, row, origin));
  if (posted && (await editComment(services.github, origin, posted, body))) {
    if (!row.acknowledgement) await keepPlace(services, row, posted);
    return;
  }
  await keepPlace(services, row, await postAnswer(services.github, origin, body));
}

/** A comment that was posted before a crash could remember it; nothing is looked for on a first attempt. */
async function lostComment(
  services: Publisher,
  row: CommandRow,
  origin: GitHubOrigin,
): Promise<CommentPlace | undefined> {
  if (row.attempts === 0) return undefined;
  const where = { ...origin, inThread: answeredAt(origin).kind === 'github-review-comment' };
  return findComment(services.github, where, commentMarker(row.id), row.created_at);
}

/** The result of a command from JIRA, on the pull request where reviewers see it. Nothing is there before a first try. */
async function onPullRequest(
  services: Publisher,
  row: CommandRow,
  run: RunRow | undefined,
  mayBeThere: boolean,
): Promise<void> {
  const number = run?.report?.pullRequest?.number;
  const repository = repositoryOf(row);
  if (number === undefined || !repository || row.installation_id === null) return;
  const where = { installationId: row.installation_id, repository, number };
  await bestEffort(services, row, 'commenting on the pull request', async () => {
    const marker = commentMarker(row.id);
    const posted =
      mayBeThere &&
      (await findComment(services.github, { ...where, inThread: false }, marker, row.created_at));
    const body = renderStatusComment(statusFacts(row, run), neutral(services));
    if (!posted) await postComment(services.github, where, body);
  });
}

/** The result of a command from a pull request, on the ticket that the pull request is for. */
async function onTicket(services: Publisher, row: CommandRow, run: RunRow, again: boolean): Promise<void> {
  await bestEffort(services, row, 'commenting on the ticket', async () => {
    const jira = await jiraOf(services, row.issue_key);
    if (!jira) return;
    const body = renderTicketEnd(ticketFacts(row, run), neutral(services));
    await postOnTicket(services, jira, row.issue_key, `${row.id}:end`, body, again);
  });
}

/** To comment is to change the ticket: nobody has to ask JIRA whether what is cached of it still holds. */
async function postOnTicket(
  { tickets }: Publisher,
  jira: Jira,
  issueKey: string,
  ...comment: [marker: string, body: AdfDocument, again: boolean]
): Promise<string> {
  const id = await jira.postComment(issueKey, ...comment);
  await tickets.outdate(contextKey(jira.site.name, issueKey));
  return id;
}

function statusFacts(row: CommandRow, run: RunRow | undefined): StatusFacts {
  return {
    commandId: row.id,
    status: row.status,
    instruction: instructionOf(row.ask),
    onDashboardBy: onDashboardBy(row),
    runUrl: run?.run_url ?? undefined,
    waitingFor: run?.waiting_for ?? undefined,
    progress: run?.progress ?? undefined,
    problem: row.problem ?? undefined,
    report: run?.report ?? undefined,
    answer: row.answer ?? undefined,
  };
}

function ticketFacts(row: CommandRow, run: RunRow | undefined): TicketEndFacts {
  const { status } = row;
  if (!isEnd(status)) throw new Error(`command ${row.id} has not ended`);
  return {
    status,
    instruction: instructionOf(row.ask),
    onDashboardBy: onDashboardBy(row),
    problem: row.problem ?? undefined,
    report: run?.report ?? undefined,
    answer: row.answer ?? undefined,
    pullRequest: run?.report?.pullRequest,
  };
}

function instructionOf(ask: Ask | null): string | undefined {
  return ask === null ? undefined : askedText(ask).split('\n')[0];
}

/** Who asked on the dashboard: no comment stands there that says it. */
function onDashboardBy({ origin, actor }: CommandRow): string | undefined {
  return isFromDashboard(origin) ? nameOf(actor) : undefined;
}

function neutral(services: Publisher): NeutraliseOptions {
  return { sameHost: services.serverUrl };
}

function placeOf(posted: PostedComment | null): CommentPlace | undefined {
  return posted && posted.kind !== 'jira' ? { kind: posted.kind, id: Number(posted.id) } : undefined;
}

async function keepPlace(services: Publisher, row: CommandRow, posted: CommentPlace): Promise<void> {
  await keepAcknowledgement(services.db, row.id, { kind: posted.kind, id: String(posted.id) });
}

/** Something nice to have that must not keep a command from its end: it warns and goes on. */
async function bestEffort(
  services: Publisher,
  row: CommandRow,
  what: string,
  effort: () => Promise<void>,
): Promise<void> {
  try {
    await effort();
  } catch (error) {
    services.log.warn({ commandId: row.id, err: error }, `${what} failed`);
  }
}
