import { ticketSection } from '../context/render.ts';
import { type JiraSite, jiraClient } from '../jira/client.ts';
import { ticketReader } from '../jira/ticket-reader.ts';
import type { TicketSource } from '../mcp/ticket-source.ts';

/** JIRA itself, for tickets that the snapshot does not have. */
export function jiraTicketSource(site: JiraSite): TicketSource {
  const jira = jiraClient(site, 'dexter');
  const reader = ticketReader(site);
  return {
    readUpdated: async (key) => (await reader.readState(key)).updated,
    async readTicket(key) {
      // The state first: what changes in between makes the ticket look older than it is, and is read again.
      const { updated, attachments } = await reader.readState(key);
      const ticket = await jira.readTicket(key);
      const older = ticket.olderComments;
      const note =
        older === 0 ? '' : `\n\n(${older} older ${older === 1 ? 'comment is' : 'comments are'} left out)`;
      return {
        key: ticket.key,
        markdown: `${ticketSection(ticket)}${note}`,
        updated,
        comments: ticket.comments.map(({ id, author, createdAt, text }) => ({
          id,
          author: author.displayName,
          createdAt,
          markdown: text,
        })),
        attachments,
      };
    },
    search: (jql, limit) => reader.search(jql, limit),
    async readAttachment(id, maxBytes) {
      const { mimeType, content } = await reader.readAttachment(id, maxBytes);
      return { name: id, mimeType, content };
    },
  };
}
