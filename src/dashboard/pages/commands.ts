import { html } from 'hono/html';
import { sourceOf } from '../../core/command.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Services } from '../../jobs/services.ts';
import {
  type CommandFilter,
  type CommandInList,
  type CommandPage,
  commandPage,
  commandRepositories,
} from '../../ledger/command-pages.ts';
import { formatCost } from '../../report/figures.ts';
import { nameOf } from '../../report/issue-cost.ts';
import { type Html, nothing, type Text } from '../html.ts';
import type { Page } from '../layout.ts';
import { statusBadge } from '../parts/badge.ts';
import { commandPath, issueLink, repositoryName } from '../parts/links.ts';
import { moment } from '../parts/moment.ts';
import { pager } from '../parts/pager.ts';
import { section } from '../parts/section.ts';
import { table } from '../parts/table.ts';
import { line } from '../parts/untrusted.ts';
import { address, choices, cursorOf, parseCommandQuery, type Query } from '../query.ts';
import { refusedPage } from './refused.ts';

const commandsOnPage = 50;

/** All commands, newest first, to be filtered and searched. */
export async function commandsPage({ db }: Services, { scope }: Viewer, query: Query): Promise<Page> {
  const parsed = parseCommandQuery(query);
  if (!parsed.ok) return refusedPage('/commands', 'All commands', parsed.problems);
  const { filter, from } = parsed.value;
  const repositories = await commandRepositories(db, scope);
  const page = await commandPage(db, scope, filter, commandsOnPage, from);
  const isNarrowed = Object.values(filter).some((value) => value !== undefined);
  return {
    title: 'Commands',
    aside: html`<a class="button" href="/actions/ask">Ask by hand</a>`,
    path: '/commands',
    body: html`${filterForm(filter, repositories)}
      ${section({
        id: 'commands',
        title: from ? 'Earlier and later' : isNarrowed ? 'What was found' : 'Newest first',
        isLive: from === undefined,
        body: html`${commandTable(
          page.commands,
          isNarrowed ? 'No command is like that.' : 'Nobody has asked for anything yet.',
        )}${links(filter, page)}`,
      })}`,
  };
}

/** Commands as a list; `isOfIssue` leaves out issue and repository, which the page says by itself. */
export function commandTable(
  commands: readonly CommandInList[],
  empty: Text,
  { isOfIssue = false }: { isOfIssue?: boolean } = {},
): Html {
  return table({
    caption: 'Commands',
    isCaptionHidden: true,
    narrow: 'cards',
    rowHeader: 1,
    columns: [
      'Received',
      { label: 'Asked', isLong: true },
      'Status',
      ...(isOfIssue ? [] : ['Issue', 'Repository']),
      'Who',
      { label: 'Cost', isNumeric: true },
    ],
    rows: commands.map((command) => [
      moment(command.createdAt),
      html`<a href="${commandPath(command.id)}">${asked(command)}</a>`,
      html`${statusBadge(command.status)}${command.waitingFor ? html` <span class="muted">no runner yet</span>` : nothing}`,
      ...(isOfIssue
        ? []
        : [
            issueLink(command.repository, command.issueKey),
            command.repository
              ? repositoryName(command.repository)
              : html`<span class="muted">not known yet</span>`,
          ]),
      html`${line(nameOf(command.actor), 60)} <span class="muted">${sourceWords[sourceOf(command.origin)]}</span>`,
      command.costUsd === null ? html`<span class="muted">–</span>` : formatCost(command.costUsd),
    ]),
    empty,
  });
}

export const sourceWords = {
  github: 'on GitHub',
  jira: 'in JIRA',
  dashboard: 'on the dashboard',
  dexter: 'of its own accord',
} as const;

function asked({ asked: text, origin }: CommandInList): Html {
  if (text !== null && text.trim() !== '') return line(text, 120);
  return html`<span class="muted">${origin.kind === 'jira-label' ? `label ${origin.label}` : 'not read yet'}</span>`;
}

function filterForm(
  filter: CommandFilter,
  repositories: readonly { id: number; owner: string; name: string }[],
): Html {
  const { status, source, repositoryId, person, search } = filter;
  return html`<form method="get" action="/commands" class="card" role="search">
    <div class="fields">
      <div class="field grow"><label for="q">Issue key, pull request, command or words</label>
        <input type="search" id="q" name="q" value="${search ?? ''}" maxlength="200"></div>
      ${select(
        'status',
        'Status',
        'all',
        choices.statuses.map((value) => [value, value]),
        status,
      )}
      ${select(
        'source',
        'Asked',
        'anywhere',
        choices.sources.map((value) => [value, sourceWords[value]]),
        source,
      )}
      ${select(
        'repository',
        'Repository',
        'all',
        repositories.map(({ id, owner, name }) => [String(id), `${owner}/${name}`]),
        repositoryId === undefined ? undefined : String(repositoryId),
      )}
      <div class="field"><label for="person">Who</label>
        <input id="person" name="person" value="${person ?? ''}" maxlength="100" autocapitalize="none" spellcheck="false"></div>
      <div class="actions"><button class="primary">Show</button><a class="button" href="/commands">Reset</a></div>
    </div>
  </form>`;
}

function select(
  name: string,
  label: string,
  all: string,
  options: readonly (readonly [value: string, text: string])[],
  chosen: string | undefined,
): Html {
  return html`<div class="field"><label for="${name}">${label}</label>
    <select id="${name}" name="${name}"><option value="">${all}</option>${options.map(
      ([value, text]) =>
        html`<option value="${value}"${value === chosen ? html` selected` : nothing}>${text}</option>`,
    )}</select></div>`;
}

function links(filter: CommandFilter, { commands, hasNewer, hasOlder }: CommandPage): Html {
  const { status, source, repositoryId: repository, person, search: q } = filter;
  const to = (part: { after?: string; before?: string }) =>
    address('/commands', { status, source, repository, person, q, ...part });
  const cursor = (command: CommandInList | undefined) =>
    command && cursorOf([command.place.micros, command.place.id]);
  const [newest, oldest] = [cursor(commands[0]), cursor(commands.at(-1))];
  return pager({
    label: 'Pages of commands',
    newer: hasNewer && newest !== undefined ? to({ before: newest }) : hasNewer ? to({}) : undefined,
    older: hasOlder && oldest !== undefined ? to({ after: oldest }) : undefined,
  });
}
