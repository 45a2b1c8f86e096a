import { html } from 'hono/html';
import { engineWords } from '../../core/engine.ts';
import { formatSize } from '../../core/size.ts';
import { isEnd } from '../../core/status.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Services } from '../../jobs/services.ts';
import { pullRequestsOfIssue } from '../../ledger/command-detail.ts';
import { commandPage } from '../../ledger/command-pages.ts';
import { costOfIssue } from '../../ledger/costs.ts';
import { type GenerationOfIssue, issueDetail } from '../../ledger/session-pages.ts';
import { formatCount, formatUsage } from '../../report/figures.ts';
import { totalLine, unknownLine } from '../../report/issue-cost.ts';
import type { ActionForms } from '../actions/forms.ts';
import { nothing } from '../html.ts';
import type { Page } from '../layout.ts';
import { facts } from '../parts/facts.ts';
import { commandPath, issueName, repositoryName, shortId } from '../parts/links.ts';
import { live } from '../parts/live.ts';
import { moment } from '../parts/moment.ts';
import { outsideLink } from '../parts/outside-link.ts';
import { section } from '../parts/section.ts';
import { table } from '../parts/table.ts';
import { line } from '../parts/untrusted.ts';
import { address, IssueAddress } from '../query.ts';
import { commandTable } from './commands.ts';
import { notFoundPage } from './error.ts';

const commandsOfIssue = 50;

/** One piece of work in one repository: its conversation, what it has cost, and what was asked of it. */
export async function issuePage(
  { db }: Services,
  viewer: Viewer,
  parts: { repositoryId: string; issueKey: string },
  forms: ActionForms,
): Promise<Page> {
  const named = IssueAddress.safeParse(parts);
  if (!named.success) return notFoundPage;
  const { repositoryId, issueKey } = named.data;
  const { scope } = viewer;
  const issue = await issueDetail(db, scope, repositoryId, issueKey);
  if (!issue) return notFoundPage;
  const { commands, hasOlder } = await commandPage(db, scope, { repositoryId, issueKey }, commandsOfIssue);
  const { total } = await costOfIssue(db, { issueKey, repositoryId }, 1);
  const pullRequests = await pullRequestsOfIssue(db, repositoryId, issueKey);
  const { repository, session, generations } = issue;
  const isOpen = commands.some(({ status }) => !isEnd(status));
  const name = `${repository.owner}/${repository.name}`;
  return {
    title: issueName(issueKey),
    path: '/commands',
    trail: [
      { href: '/commands', text: 'Commands' },
      { href: address('/commands', { repository: repositoryId }), text: name },
    ],
    body: html`
      <section id="now" class="section" aria-label="What can be done"${live(
        isOpen
          ? `Something of ${name} ${issueName(issueKey)} waits or runs.`
          : `Nothing of ${name} ${issueName(issueKey)} waits or runs.`,
      )}>
        <div class="actions">${forms.stopForm(viewer, { repositoryId, issueKey, isOpen })}${forms.forgetForm(
          viewer,
          {
            repositoryId,
            issueKey,
            isKept: session !== null,
          },
        )}</div>
      </section>
      ${section({
        id: 'facts',
        title: 'The work',
        isLive: true,
        body: facts([
          ['Repository', repositoryName(repository)],
          ['Cost to date', total.runs === 0 ? 'nothing: no run has ended' : line(totalLine(total), 500)],
          ['Without a known cost', unknownLine(total) === '' ? undefined : line(unknownLine(total), 300)],
          ['Tokens', total.runs === 0 ? undefined : formatUsage(total.usage)],
          [
            'Pull requests',
            pullRequests.length === 0
              ? 'none yet'
              : html`<ul>${pullRequests.map(({ number, url, branch }) => html`<li>${outsideLink(url, `#${number}`)} <code>${line(branch)}</code></li>`)}</ul>`,
          ],
          ['Session', session ? html`last used ${moment(session.usedAt)}` : 'none is kept'],
        ]),
      })}
      ${section({
        id: 'commands',
        title: 'Commands',
        isLive: true,
        body: html`${commandTable(commands, 'None.', { isOfIssue: true })}${
          hasOlder
            ? html`<p><a href="${address('/commands', { q: issueKey, repository: repositoryId })}">All commands of this issue</a></p>`
            : nothing
        }`,
      })}
      ${section({
        id: 'generations',
        title: 'Generations of its session',
        note: 'Each run that ends well saves one. The newest by time is what the next run goes on with, whatever its number: a store that was emptied numbers anew. Stores keep the last few.',
        isLive: true,
        body: generationTable(generations),
      })}
      ${section({
        id: 'ask',
        title: 'Ask by hand',
        body: forms.askForm(viewer, { about: { repository: name, issue: issueKey } }),
      })}`,
  };
}

function generationTable(generations: readonly GenerationOfIssue[]) {
  return table({
    caption: 'Generations, newest first',
    isCaptionHidden: true,
    narrow: 'cards',
    columns: [
      'Generation',
      'Saved',
      'Store',
      { label: 'Size', isNumeric: true },
      { label: 'Context, tokens', isNumeric: true },
      'Went on',
      'Saved by',
    ],
    rows: generations.map((one) => [
      `${one.generation}`,
      moment(one.savedAt),
      html`${one.store ?? html`<span class="muted">not told</span>`}${one.isKept ? nothing : html` <span class="muted">removed since</span>`}`,
      formatSize(one.bytes),
      formatCount(one.contextTokens),
      wentOn(one),
      html`<a href="${commandPath(one.commandId)}"><code>${shortId(one.commandId)}</code></a>${one.engine === 'anthropic-api' ? html` <span class="muted">${engineWords[one.engine]}</span>` : nothing}`,
    ]),
    empty: 'No run has saved its session yet, or it was forgotten.',
  });
}

function wentOn({ mode, choice }: GenerationOfIssue): string {
  if (mode === null) return '–';
  if (mode === 'fresh') return 'began it';
  return choice === null ? 'resumed' : `resumed, ${choice}`;
}
