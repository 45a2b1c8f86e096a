import { html } from 'hono/html';
import { z } from 'zod';
import { formatSize } from '../../core/size.ts';
import type { Viewer } from '../../core/viewer.ts';
import { earliestDays } from '../../jobs/reason-to-forget.ts';
import type { Services } from '../../jobs/services.ts';
import {
  type SessionInList,
  type SessionPlace,
  sessionPage,
  sessionSums,
} from '../../ledger/session-pages.ts';
import { formatCount, plural } from '../../report/figures.ts';
import type { ActionForms } from '../actions/forms.ts';
import type { Html } from '../html.ts';
import type { Page } from '../layout.ts';
import { issueLink, repositoryName } from '../parts/links.ts';
import { live } from '../parts/live.ts';
import { day, moment } from '../parts/moment.ts';
import { pager } from '../parts/pager.ts';
import { section } from '../parts/section.ts';
import { table } from '../parts/table.ts';
import { type Tile, tiles } from '../parts/tiles.ts';
import { address, CursorText, cursorOf, Micros, parseQuery, placed, type Query } from '../query.ts';
import { refusedPage } from './refused.ts';

const sessionsOnPage = 50;
const msOfDay = 86_400_000;

const Cursor = CursorText.pipe(
  z
    .tuple(
      [Micros, z.string().regex(/^[0-9]{1,15}$/), z.string().regex(/^[1-9][0-9]{0,14}$/), z.string().min(1)],
      'what a link of this list says: open the list anew',
    )
    .transform(
      ([micros, installation, repository, issueKey]): SessionPlace => ({
        micros,
        installationId: Number(installation),
        repositoryId: Number(repository),
        issueKey,
      }),
    ),
);

const SessionQuery = z.strictObject({ after: Cursor.optional(), before: Cursor.optional() });

/** The conversations that are kept, last used first. */
export async function sessionsPage(
  { db, retention }: Services,
  viewer: Viewer,
  query: Query,
  forms: ActionForms,
): Promise<Page> {
  const parsed = parseQuery(SessionQuery, query);
  if (!parsed.ok) return refusedPage('/sessions', 'All sessions', parsed.problems);
  const { after, before } = parsed.value;
  if (after && before)
    return refusedPage('/sessions', 'All sessions', ['`after` and `before` exclude each other.']);
  const from = placed(after, before);
  const { sessions, hasNewer, hasOlder } = await sessionPage(db, viewer.scope, sessionsOnPage, from);
  const sums = await sessionSums(db, viewer.scope);
  const [newest, oldest] = [sessions[0], sessions.at(-1)];
  return {
    title: 'Sessions',
    path: '/sessions',
    body: html`
      <div id="sums"${live()}>${tiles([
        { label: 'Sessions', value: formatCount(sums.sessions) },
        { label: 'Size together', value: formatSize(sums.bytes), note: 'of all generations that are kept' },
        forgottenAfter(retention),
      ])}</div>
      ${section({
        id: 'sessions',
        title: from ? 'Earlier and later' : 'Last used first',
        isLive: from === undefined,
        body: html`${table({
          caption: 'Sessions',
          isCaptionHidden: true,
          narrow: 'cards',
          columns: [
            'Issue',
            'Repository',
            'Last used',
            'Begun',
            { label: 'Generations kept', isNumeric: true },
            { label: 'Size of the newest', isNumeric: true },
            { label: 'Its context, tokens', isNumeric: true },
            'Store',
            'To be forgotten',
            'Forget',
          ],
          rows: sessions.map((session) => [
            issueLink(session.repository, session.issueKey),
            repositoryName(session.repository),
            moment(session.usedAt),
            session.firstSavedAt ? day(session.firstSavedAt) : '–',
            formatCount(session.generations),
            session.bytes === null ? '–' : formatSize(session.bytes),
            session.contextTokens === null ? '–' : formatCount(session.contextTokens),
            session.store ?? '–',
            due(session, retention),
            forms.forgetForm(viewer, {
              repositoryId: session.repository.id,
              issueKey: session.issueKey,
              isKept: true,
            }),
          ]),
          empty: 'No conversation is kept yet: the first run that ends well saves one.',
        })}${pager({
          label: 'Pages of sessions',
          newer: hasNewer ? to(newest && { before: cursor(newest.place) }) : undefined,
          older: hasOlder && oldest ? to({ after: cursor(oldest.place) }) : undefined,
        })}`,
      })}`,
  };
}

function cursor({ micros, installationId, repositoryId, issueKey }: SessionPlace): string {
  return cursorOf([micros, String(installationId), String(repositoryId), issueKey]);
}

function to(part: { after?: string; before?: string } | undefined): string {
  return address('/sessions', part ?? {});
}

function forgottenAfter({ afterCloseDays, maxAgeDays }: Services['retention']): Tile {
  const label = 'Forgotten by itself';
  const closed = afterCloseDays === 'never' ? undefined : plural(afterCloseDays, 'day');
  if (maxAgeDays === 'never')
    return closed === undefined
      ? { label, value: 'never' }
      : { label, value: closed, note: 'after its issue was closed' };
  return {
    label,
    value: plural(maxAgeDays, 'day'),
    note: `after it was used last${closed === undefined ? '' : `; ${closed} after its issue was closed`}`,
  };
}

/** When it goes if nobody uses it, and from when on it may where its ticket is closed. */
function due({ usedAt }: SessionInList, retention: Services['retention']): Html {
  const { maxAgeDays } = retention;
  const earliest = earliestDays(retention);
  if (earliest === undefined) return html`never`;
  const at = (days: number) => day(new Date(usedAt.getTime() + days * msOfDay));
  if (maxAgeDays === 'never')
    return html`${at(earliest)} <span class="muted">at the earliest, once closed</span>`;
  return earliest < maxAgeDays
    ? html`${at(maxAgeDays)} <span class="muted">or from ${at(earliest)} once closed</span>`
    : html`${at(maxAgeDays)}`;
}
