import { html } from 'hono/html';
import { promptLayers } from '../../context/prompt-layers.ts';
import { askedText, type Origin, sourceOf } from '../../core/command.ts';
import { engineWords } from '../../core/engine.ts';
import type { Report } from '../../core/report.ts';
import { isEnd } from '../../core/status.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Services } from '../../jobs/services.ts';
import { type CommandDetail, commandDetail } from '../../ledger/command-detail.ts';
import { costFacts } from '../../report/cost-facts.ts';
import { formatCost, formatCount, formatDuration, plural } from '../../report/figures.ts';
import { nameOf } from '../../report/issue-cost.ts';
import type { ActionForms } from '../actions/forms.ts';
import { type Html, nothing, type Text } from '../html.ts';
import type { Page } from '../layout.ts';
import { statusBadge } from '../parts/badge.ts';
import { facts } from '../parts/facts.ts';
import { commandPath, issueLink, repositoryName, shortId } from '../parts/links.ts';
import { live } from '../parts/live.ts';
import { outsideLink } from '../parts/outside-link.ts';
import { section } from '../parts/section.ts';
import { table } from '../parts/table.ts';
import { block, folded, line, lineOf } from '../parts/untrusted.ts';
import { CommandId } from '../query.ts';
import { sourceWords } from './commands.ts';
import { notFoundPage } from './error.ts';
import { stepsOf, timeline } from './timeline.ts';

/** More of an instruction is folded. */
const mostUnfolded = 1_000;
/** What a run may name without limit is cut in a list. */
const mostListed = 50;

/** One command with all that is known of it. */
export async function commandPage(
  { db }: Services,
  viewer: Viewer,
  id: string,
  forms: ActionForms,
): Promise<Page> {
  if (!CommandId.safeParse(id).success) return notFoundPage;
  const detail = await commandDetail(db, viewer.scope, id);
  return detail ? viewOf(detail, viewer, forms) : notFoundPage;
}

function viewOf(detail: CommandDetail, viewer: Viewer, forms: ActionForms): Page {
  const { command, run } = detail;
  const { issue_key: issueKey, repository_id: repositoryId } = command;
  const isOpen = !isEnd(command.status);
  return {
    title: `Command ${shortId(command.id)}`,
    tab: `Command ${shortId(command.id)}: ${command.status}`,
    path: '/commands',
    trail: [{ href: '/commands', text: 'Commands' }],
    body: html`
      <section id="now" class="section" aria-label="Where it stands"${live(said(detail))}>
        <div class="fields">${statusBadge(command.status)} ${command.stop_requested && isOpen ? html`<span class="muted">is asked to stop</span>` : nothing}
          <div class="actions">${forms.retryForm(viewer, command)}${
            repositoryId === null ? nothing : forms.stopForm(viewer, { repositoryId, issueKey, isOpen })
          }</div></div>
        ${problem(detail)}${waiting(detail)}
      </section>
      ${section({ id: 'facts', title: 'What was asked', isLive: true, body: html`${asked(command)}${summary(detail)}` })}
      ${section({ id: 'timeline', title: 'From webhook to report', isLive: true, body: timeline(stepsOf(detail)) })}
      <div id="work" class="parts"${live()}>${isOpen || run?.progress ? log(detail) : nothing}</div>
      <div id="end" class="parts"${live()}>${command.answer === null ? nothing : section({ id: 'answer', title: 'What Dexter answered', body: block(command.answer) })}
      ${run?.report ? reported(run.report) : nothing}</div>
      <div id="told" class="parts"${live()}>${run ? layers(run) : nothing}</div>`,
  };
}

/** `Command 1a2b3c4d is now done. Dexter has answered.` */
function said({ command, run }: CommandDetail): string {
  const { id, status, stop_requested: isStopping, answer, problem: failed } = command;
  const isOpen = !isEnd(status);
  return [
    `Command ${shortId(id)} is now ${status}${isStopping && isOpen ? ', and is asked to stop' : ''}.`,
    ...(waitsForRunner({ run, command }) ? ['It has no runner yet.'] : []),
    ...(failed ? [lineOf(failed.message, 300)] : []),
    ...(answer === null ? [] : ['Dexter has answered.']),
  ].join(' ');
}

function problem({ command }: CommandDetail): Html {
  if (!command.problem) return nothing;
  const { code, message, hint } = command.problem;
  return html`<div class="message bad"><p><strong>${line(message, 1_000)}</strong></p><p>${line(hint, 1_000)}</p><p class="muted"><code>${code}</code></p></div>`;
}

function waiting({ run, command }: CommandDetail): Html {
  const waitingFor = waitsForRunner({ run, command });
  if (!waitingFor) return nothing;
  const what =
    waitingFor.what === 'runner'
      ? html`No runner has taken it yet. It needs one with the labels ${waitingFor.labels.slice(0, 20).map((label) => html`<code>${line(label, 100)}</code> `)}`
      : waitingFor.what === 'approval'
        ? 'It waits until somebody approves it: the environment of its job asks for that.'
        : 'It waits for another run of its concurrency group.';
  return html`<div class="message warning"><p>${what}</p></div>`;
}

function waitsForRunner({ run, command }: Pick<CommandDetail, 'run' | 'command'>) {
  if (!run || run.claimed_at !== null || isEnd(command.status)) return null;
  return run.waiting_for;
}

function asked({ ask, claimed_text: claimed, status }: CommandDetail['command']): Html {
  const text = ask ? askedText(ask) : claimed;
  const isUnread = !ask && isEnd(status);
  const unread = isUnread
    ? html`<p class="muted">It ended before Dexter had read it, so that it cannot be done again from here: ask anew.</p>`
    : nothing;
  if (text === null || text === '')
    return isUnread ? unread : html`<p class="muted">It has not been read yet.</p>`;
  return text.length > mostUnfolded
    ? html`${block(`${text.slice(0, mostUnfolded).toWellFormed()}…`)}${folded(`All ${formatCount(text.length)} characters`, text)}${unread}`
    : html`${block(text)}${unread}`;
}

function summary({ command, run, pullRequests }: CommandDetail): Html {
  const { repository_id: id, repository_owner: owner, repository_name: name } = command;
  const repository = id !== null && owner !== null && name !== null ? { id, owner, name } : null;
  const report = run?.report ?? undefined;
  const reportedPull = report?.pullRequest ?? run?.progress?.pullRequest;
  const pulls = [
    ...(reportedPull ? [reportedPull] : []),
    ...pullRequests.filter(({ number }) => number !== reportedPull?.number),
  ];
  const ticketUrl = run?.job.target.ticketUrl ?? '';
  return facts([
    ['Who', html`${line(nameOf(command.actor), 100)}, ${sourceWords[sourceOf(command.origin)]}`],
    ['Where', where(command.origin)],
    ['Repository', repository ? repositoryName(repository) : 'not known yet'],
    ['Issue', issueLink(repository, command.issue_key)],
    ['Ticket', ticketUrl === '' ? undefined : outsideLink(ticketUrl, line(ticketUrl))],
    [
      'Branch',
      run && run.job.session.mode !== 'forget'
        ? html`<code>${line(run.job.target.branch)}</code>`
        : undefined,
    ],
    [
      'Pull requests',
      pulls.length === 0 ? undefined : joined(pulls.map(({ number, url }) => outsideLink(url, `#${number}`))),
    ],
    [
      'Run',
      run?.run_url
        ? outsideLink(run.run_url, line(run.run_id ? `Run ${run.run_id}` : run.run_url))
        : undefined,
    ],
    ['How the run ended', run?.conclusion ? line(run.conclusion, 100) : undefined],
    ['Engine', engine(run?.report ?? null, run?.job.session.engine)],
    [
      'Model',
      (report?.session?.model ?? run?.job.session.model)
        ? line(report?.session?.model ?? run?.job.session.model ?? '', 120)
        : undefined,
    ],
    ['Command', html`<code>${command.id}</code>`],
  ]);
}

function where(origin: Origin): Text {
  switch (origin.kind) {
    case 'github-comment':
      return `a comment on #${origin.number}`;
    case 'github-review-comment':
      return `a comment on a line of #${origin.number}`;
    case 'github-review':
      return `a review of #${origin.number}`;
    case 'jira-comment':
      return html`a comment on ${line(origin.issueKey, 60)}`;
    case 'jira-label':
      return html`the label ${line(origin.label, 60)} on ${line(origin.issueKey, 60)}`;
    case 'dashboard-github':
    case 'dashboard-jira': {
      const about = origin.kind === 'dashboard-github' ? `#${origin.number}` : line(origin.issueKey, 60);
      return html`about ${about}${
        origin.repeats === undefined
          ? nothing
          : html`; repeats <a href="${commandPath(origin.repeats)}">command <code>${shortId(origin.repeats)}</code></a>`
      }`;
    }
    case 'retention':
      return 'nobody asked: its session was due to be forgotten';
  }
}

function engine(report: Report | null, asked: Report['engine']): Text | undefined {
  const name = report?.engine ?? asked;
  if (name === undefined) return undefined;
  const version = report?.session?.engineVersion ?? '';
  return version === '' || version === 'unknown'
    ? engineWords[name]
    : html`${engineWords[name]} ${line(version, 60)}`;
}

function joined(parts: readonly Html[]): Html {
  return html`${parts.map((part, index) => html`${index === 0 ? '' : ', '}${part}`)}`;
}

function log({ run, command }: CommandDetail): Html {
  const lines = run?.progress?.lines ?? [];
  const { progress } = run ?? {};
  const body =
    lines.length === 0
      ? html`<p class="muted">${command.status === 'running' ? 'The run has told nothing yet.' : 'No runner has it yet.'}</p>`
      : html`${block(lines.join('\n'))}${
          // Afterwards the report has the figures of the whole run.
          run?.report || !progress
            ? nothing
            : html`<p class="muted">${plural(progress.turns, 'turn')}${
                progress.costUsd === null ? nothing : html` · ${formatCost(progress.costUsd)}`
              } ${isEnd(command.status) ? 'when it was heard of last' : 'so far'}</p>`
        }`;
  return section({ id: 'log', title: 'Newest lines of the run', body });
}

function reported(report: Report): Html {
  return html`
    ${section({
      id: 'result',
      title: 'What the model said in the end',
      note: 'As it was written; nothing in it is followed.',
      body: report.summary.trim() === '' ? html`<p class="muted">Nothing.</p>` : block(report.summary),
    })}
    ${section({ id: 'outcome', title: 'What came of it', body: outcome(report) })}
    ${resumption(report)}
    ${section({ id: 'cost', title: 'Cost', body: html`${cost(report)}${usage(report)}` })}`;
}

function outcome({ commits, denials, notices, mcp = [], turns, durationMs, problem: failed }: Report): Html {
  return html`${facts([
    ['Turns', formatCount(turns)],
    ['Time', formatDuration(durationMs)],
    ['Problem', failed ? line(failed.message, 1_000) : undefined],
    [
      'Commits',
      commits.length === 0
        ? 'none'
        : list(commits, ({ sha, title }) => html`<code>${line(sha.slice(0, 12), 12)}</code> ${line(title)}`),
    ],
    [
      'Not allowed',
      denials.length === 0
        ? 'nothing was asked for'
        : list(denials, (name) => html`<code>${line(name, 100)}</code>`),
    ],
    ['Notices', notices.length === 0 ? undefined : list(notices, (notice) => line(notice, 1_000))],
  ])}${
    mcp.length === 0
      ? nothing
      : table({
          caption: 'MCP servers behind a cache',
          columns: [
            'Server',
            { label: 'Calls', isNumeric: true },
            { label: 'Answered from the cache', isNumeric: true },
          ],
          rows: mcp.map(({ server, calls, savedCalls }) => [
            line(server),
            formatCount(calls),
            formatCount(savedCalls),
          ]),
          empty: '',
        })
  }`;
}

function list<T>(items: readonly T[], shown: (item: T) => Html): Html {
  const more = items.length - mostListed;
  return html`<ul>${items.slice(0, mostListed).map((item) => html`<li>${shown(item)}</li>`)}${more > 0 ? html`<li>and ${formatCount(more)} more</li>` : nothing}</ul>`;
}

/** How the run went on, against what was expected of each way. */
function resumption({ session, costUsd, saving }: Report): Html {
  const chosen = session?.resumption;
  if (!session || !chosen) return nothing;
  const ways = [
    ['warm', 'The whole conversation'],
    ['compacted', 'Its compacted copy'],
    ['fresh', 'A new conversation'],
  ] as const;
  const { canary } = session;
  return section({
    id: 'resumption',
    title: 'How it went on',
    body: html`${facts([
      ['Chosen', ways.find(([way]) => way === chosen.choice)?.[1]],
      ['Because', line(chosen.reason, 500)],
      ['Tokens expected from the prompt cache', formatCount(chosen.expectedCacheRead)],
      [
        'Canary',
        canary
          ? html`Only ${formatCount(canary.cacheRead)} of ${formatCount(canary.expectedCacheRead)} tokens were read from the prompt cache; the likely cause: ${canary.cause}`
          : undefined,
      ],
    ])}${table({
      caption: 'Expected before the run, and what it came to',
      columns: [
        'Way',
        { label: 'Expected for going on', isNumeric: true },
        { label: 'In fact', isNumeric: true },
      ],
      rows: ways.map(([way, name]) => [
        way === chosen.choice ? html`${name} <strong>(chosen)</strong>` : name,
        formatCost(chosen.expectedUsd[way]),
        way === chosen.choice && saving ? formatCost(saving.goingOnCostUsd) : '–',
      ]),
      empty: '',
    })}<p class="muted">Going on is only a part of what a run costs: the work itself is the same either way. All of it cost ${formatCost(costUsd)}.</p>`,
  });
}

function cost(report: Report): Html {
  const { rows, method } = costFacts(report);
  return facts([
    ...rows.map(([name, value]): [string, Text] => [name, line(value, 1_000)]),
    ['Reckoned', method === '' ? undefined : line(method, 500)],
  ]);
}

function usage({ usage: counted }: Report): Html {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, cacheWriteHourTokens = 0, outputTokens } = counted;
  const rows: [string, number][] = [
    ['Read from the prompt cache', cacheReadTokens],
    ['Written to it for 5 minutes', Math.max(0, cacheWriteTokens - cacheWriteHourTokens)],
    ['Written to it for 1 hour', cacheWriteHourTokens],
    ['Input beside the cache', inputTokens],
    ['Output', outputTokens],
  ];
  return table({
    caption: 'Tokens by kind',
    columns: ['Kind', { label: 'Tokens', isNumeric: true }],
    rows: rows.map(([kind, tokens]) => [kind, formatCount(tokens)]),
    empty: '',
  });
}

const layerWords = {
  role: 'Rules for the work',
  conversation: 'The conversation so far',
  context: 'Ticket and pull request',
  news: 'News since the last run',
  instruction: 'Instruction',
} as const;

/** What the model was told, part by part. */
function layers(run: NonNullable<CommandDetail['run']>): Html {
  const told = promptLayers(run);
  if (told.length === 0) return nothing;
  const full = run.full_characters;
  return section({
    id: 'prompt',
    title: 'What the model was told',
    note: 'In its order. Before it stand the tools and the system prompt of the engine; the runner adds its notes and the news of the branch.',
    body: html`${table({
      caption: 'Layers of the prompt',
      isCaptionHidden: true,
      columns: [
        'Layer',
        { label: 'Characters', isNumeric: true },
        { label: 'Tokens, estimated', isNumeric: true },
      ],
      rows: told.map(({ name, text, tokens }) => [
        layerWords[name],
        text === null ? html`<span class="muted">on the runner</span>` : formatCount(text.length),
        tokens === null ? 'unknown' : formatCount(tokens),
      ]),
      empty: '',
    })}
    ${told.map(({ name, text }) => (text === null ? nothing : folded(layerWords[name], text)))}
    ${full === null ? nothing : html`<p class="muted">The ticket is longer than that: the runner has all ${formatCount(full)} characters of it in a file.</p>`}`,
  });
}
