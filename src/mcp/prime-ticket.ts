import type { SnapshotTicket, TicketSnapshotFile } from '../core/ticket-snapshot.ts';
import type { PrimeFile } from './prime-file.ts';

/**
 * Tools of published JIRA servers that read one ticket, the argument that names it, and those that ask for nothing
 * which the snapshot has not got.
 */
const ticketTools = [
  // https://github.com/sooperset/mcp-atlassian
  { tool: 'jira_get_issue', argument: 'issue_key', ignoring: ['comment_limit', 'update_history'] },
  // https://support.atlassian.com/atlassian-rovo-mcp-server/docs/supported-tools/
  { tool: 'getJiraIssue', argument: 'issueIdOrKey', ignoring: ['cloudId'] },
];

/** For `ToolRules`: a call of these changes nothing. */
export const ticketToolNames: readonly string[] = ticketTools.map(({ tool }) => tool);

/** A longer answer would flood the conversation: of such a ticket the server is asked, which can say less. */
const longestAnswer = 40_000;

/**
 * The answers of these tools that are known from the snapshot: the whole ticket as Markdown. `checkedAt` is when it was
 * last known to hold.
 */
export function primeTicket(
  servers: readonly string[],
  { fetchedAt, tickets }: TicketSnapshotFile,
  checkedAt: string,
): PrimeFile {
  const known = tickets
    .map((ticket) => ({ key: ticket.key, text: textOf(ticket, fetchedAt) }))
    .filter(({ text }) => text.length <= longestAnswer);
  const entries = known.flatMap(({ key, text }) =>
    servers.flatMap((server) =>
      ticketTools.map(({ tool, argument, ignoring }) => ({
        server,
        tool,
        arguments: { [argument]: key },
        ignoring,
        // As a server that declares its answer to be one text wraps it, for clients that check that.
        result: { content: [{ type: 'text', text }], structuredContent: { result: text } },
        storedAt: checkedAt,
      })),
    ),
  );
  return { version: 1, entries };
}

function textOf(ticket: SnapshotTicket, fetchedAt: string): string {
  const comments = ticket.comments.map(
    ({ author, createdAt, markdown }) => `### ${author}, ${createdAt}\n\n${markdown}`,
  );
  return [
    `As it was read from JIRA at ${fetchedAt}.`,
    ticket.markdown,
    ...(comments.length === 0 ? [] : ['## Comments, oldest first', ...comments]),
  ].join('\n\n');
}
