import { snapshotTicket } from '../context/snapshot-ticket.ts';
import { jiraClient } from '../jira/client.ts';
import type { JiraSite } from '../jira/site.ts';
import type { TicketSource } from '../mcp/ticket-source.ts';

/** JIRA itself, for tickets that the snapshot does not have. */
export function jiraTicketSource(site: JiraSite): TicketSource {
  const jira = jiraClient(site, 'dexter');
  return {
    readUpdated: (key) => jira.readUpdated(key),
    readTicket: async (key) => snapshotTicket(await jira.readTicket(key)),
    search: (jql, limit) => jira.search(jql, limit),
    readAttachment: (id, maxBytes) => jira.readAttachment({ id, name: id }, maxBytes),
  };
}
