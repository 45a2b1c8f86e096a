import { ticketSection } from '../context/render-ticket.ts';
import { jiraClient } from '../jira/client.ts';
import type { JiraSite } from '../jira/site.ts';
import type { TicketSource } from '../mcp/ticket-source.ts';

/** JIRA itself, for tickets that the snapshot does not have. */
export function jiraTicketSource(site: JiraSite): TicketSource {
  const jira = jiraClient(site, 'dexter');
  return {
    readUpdated: (key) => jira.readUpdated(key),
    async readTicket(key) {
      const ticket = await jira.readTicket(key);
      const older = ticket.olderComments;
      const note =
        older === 0 ? '' : `\n\n(${older} older ${older === 1 ? 'comment is' : 'comments are'} left out)`;
      return {
        key: ticket.key,
        markdown: `${ticketSection(ticket)}${note}`,
        updated: ticket.updatedAt,
        comments: ticket.comments.map(({ id, author, createdAt, text }) => ({
          id,
          author: author.displayName,
          createdAt,
          markdown: text,
        })),
        attachments: ticket.attachments.map(({ id, name, mimeType, bytes }) => ({
          id,
          name,
          mimeType,
          bytes,
        })),
      };
    },
    search: (jql, limit) => jira.search(jql, limit),
    async readAttachment(id, maxBytes) {
      const content = await jira.readAttachment({ id, name: id }, maxBytes);
      return { name: id, mimeType: 'application/octet-stream', content };
    },
  };
}
