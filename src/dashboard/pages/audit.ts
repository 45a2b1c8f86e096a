import { html } from 'hono/html';
import { z } from 'zod';
import type { Services } from '../../jobs/services.ts';
import { type AuditRow, auditPage as readPage } from '../../ledger/audit.ts';
import { nothing, type Text } from '../html.ts';
import type { Page } from '../layout.ts';
import { badge } from '../parts/badge.ts';
import { commandPath, issueLink, shortId } from '../parts/links.ts';
import { moment } from '../parts/moment.ts';
import { pager } from '../parts/pager.ts';
import { table } from '../parts/table.ts';
import { line } from '../parts/untrusted.ts';
import { parseQuery, type Query } from '../query.ts';
import { refusedPage } from './refused.ts';

const rowsOfPage = 50;
const longestDetail = 300;

const AuditQuery = z.strictObject({
  before: z.guid('what a link of this list says: open the list anew').optional(),
});

/** What people did here, newest first: for administrators. */
export async function auditPage({ db }: Pick<Services, 'db'>, query: Query): Promise<Page> {
  const parsed = parseQuery(AuditQuery, query);
  if (!parsed.ok) return refusedPage('/settings', 'Audit', parsed.problems);
  const { before } = parsed.value;
  const found = await readPage(db, { ...(before === undefined ? {} : { before }), limit: rowsOfPage + 1 });
  const rows = found.slice(0, rowsOfPage);
  const last = found.length > rowsOfPage ? rows.at(-1) : undefined;
  const body = html`<p class="muted">What people did on the dashboard, and what was refused before it became a command.</p>
    ${table({
      caption: 'What was done, newest first',
      isCaptionHidden: true,
      columns: ['When', 'Who', 'What', 'Where', 'Outcome', { label: 'Said', isLong: true }],
      rows: rows.map(cells),
      empty: 'Nothing was done here yet.',
      narrow: 'cards',
    })}
    ${pager({
      label: 'Pages of the audit',
      newer: before === undefined ? undefined : '/audit',
      older: last && `/audit?before=${last.id}`,
    })}`;
  return { title: 'Audit', path: '/settings', body };
}

function cells(row: AuditRow): Text[] {
  const { repository_id: repositoryId, issue_key: issueKey, command_id: commandId } = row;
  const issue =
    issueKey === null ? nothing : issueLink(repositoryId === null ? null : { id: repositoryId }, issueKey);
  const command =
    commandId === null
      ? nothing
      : html` <a href="${commandPath(commandId)}">command <code>${shortId(commandId)}</code></a>`;
  return [
    moment(row.at),
    line(row.viewer, 100),
    row.action,
    html`${issue}${command}`,
    badge(row.outcome, row.outcome === 'accepted' ? 'good' : 'warning'),
    line(row.detail ?? '', longestDetail),
  ];
}
