import type { SnapshotTicket } from '../core/ticket-snapshot.ts';
import type { JiraTicket } from '../jira/ticket.ts';
import { counted } from './cut.ts';
import { ticketSection } from './render-ticket.ts';

/** A ticket as the built-in MCP server has it: the ticket itself as Markdown, comments one by one. */
export function snapshotTicket(ticket: JiraTicket): SnapshotTicket {
  const { key, updatedAt, comments, attachments, olderComments } = ticket;
  const note =
    olderComments === 0
      ? ''
      : `\n\n(${counted(olderComments, 'older comment is', 'older comments are')} left out)`;
  return {
    key,
    // Attachments are listed with what their reader needs, beside it.
    markdown: `${ticketSection({ ...ticket, attachments: [] })}${note}`,
    updated: updatedAt,
    comments: comments.map(({ id, author, createdAt, text }) => ({
      id,
      author: author.displayName,
      createdAt,
      markdown: text,
    })),
    attachments: attachments.map(({ id, name, mimeType, bytes }) => ({ id, name, mimeType, bytes })),
  };
}
