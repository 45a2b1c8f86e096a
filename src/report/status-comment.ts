import type { Problem } from '../core/errors.ts';
import type { McpUse, Progress, Report } from '../core/report.ts';
import type { CommandStatus } from '../core/status.ts';
import type { WaitingFor } from '../core/waiting-for.ts';
import { codeInCell, figuresTable, oneLine, textInCell } from './cells.ts';
import { costFacts } from './cost-facts.ts';
import { formatCost, formatCount, formatDuration, plural } from './figures.ts';
import { forgottenMarkdown } from './forgotten.ts';
import { inlineCode, type NeutraliseOptions, neutralise } from './neutralise.ts';
import { isPlanned, planned } from './planned.ts';
import { isPlainUrl, waitingMarkdown } from './waiting.ts';

/** What the status comment of a command is made of. */
export interface StatusFacts {
  commandId: string;
  status: CommandStatus;
  /** First line of the instruction, untrusted. */
  instruction?: string;
  /** Who asked on the dashboard, untrusted; absent for what a comment asked, under which this stands. */
  onDashboardBy?: string;
  runUrl?: string;
  /** What people were told that the run waits for. */
  waitingFor?: WaitingFor;
  progress?: Progress;
  problem?: Problem;
  report?: Report;
  /** What Dexter itself answers. */
  answer?: string;
}

/** GitHub takes 65,536 characters: what a run may name without limit is cut, so that an end is always told. */
const listed = 20;
const longestTitle = 100;
const longestNotice = 500;
const longestName = 100;

/** The hidden mark by which a command's comment is found again. */
export function commentMarker(commandId: string): string {
  return `<!-- dexter:${commandId} -->`;
}

/** The status comment as GitHub Markdown. Whatever the model wrote in it is neutralised. */
export function renderStatusComment(facts: StatusFacts, options: NeutraliseOptions): string {
  return [...withAsked(facts, sections(facts, options)), commentMarker(facts.commandId)]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** What was asked on the dashboard is said at every time: nothing else here says it. */
function withAsked(facts: StatusFacts, [headline = '', ...rest]: string[]): string[] {
  if (facts.onDashboardBy === undefined) return [headline, ...rest];
  const who = inlineCode(facts.onDashboardBy.slice(0, longestName));
  const line = [asked(facts.instruction), `> Asked on the dashboard by ${who}.`].filter(
    (part) => part !== '',
  );
  const said = line.join('\\\n');
  if (facts.answer !== undefined) return [said, headline, ...rest];
  return [headline, said, ...rest.filter((part) => part !== asked(facts.instruction))];
}

function sections(facts: StatusFacts, options: NeutraliseOptions): string[] {
  switch (facts.status) {
    case 'received':
    case 'queued':
    case 'preparing':
    case 'dispatched':
      return [
        '👀 **On it.** Waiting for a runner.',
        asked(facts.instruction),
        waitingMarkdown(facts.waitingFor, facts.runUrl),
      ];
    case 'running':
      return [working(facts), asked(facts.instruction), checklist(facts.progress)];
    case 'done':
      if (facts.answer !== undefined) return [facts.answer];
      return facts.report ? finished(doneTitle(facts.report), facts.report, facts, options) : ['✅ **Done**'];
    case 'failed':
      return ended('❌ **Failed**', facts, options);
    case 'cancelled':
      return ended('⏹️ **Stopped**', facts, options);
    case 'refused':
      return ['🚫 **Not started**', explain(facts.problem, options)];
    case 'expired':
      return ['⌛ **Expired**', explain(facts.problem, options)];
  }
}

function doneTitle(report: Report): string {
  return isPlanned(report) ? `📋 **${planned}**` : '✅ **Done**';
}

function asked(instruction: string | undefined): string {
  const shown = inlineCode((instruction ?? '').slice(0, 200));
  return shown === '' ? '' : `> ${shown}`;
}

function runLink(url: string | undefined): string {
  return isPlainUrl(url) ? ` · [run](${url})` : '';
}

function working(facts: StatusFacts): string {
  const { progress } = facts;
  const cost = progress?.costUsd ? ` · ${formatCost(progress.costUsd)} so far` : '';
  const turns = progress && progress.turns > 0 ? ` · ${plural(progress.turns, 'turn')}` : '';
  return `⏳ **Working**${runLink(facts.runUrl)}${turns}${cost}`;
}

/** The steps that were done, newest last, and the one that is being done. */
function checklist(progress: Progress | undefined): string {
  if (!progress) return '- [ ] Starting';
  const done = progress.lines.map((line) => `- [x] ${inlineCode(line)}`);
  return [...done, `- [ ] ${inlineCode(progress.step)}`].join('\n');
}

function ended(title: string, facts: StatusFacts, options: NeutraliseOptions): string[] {
  if (!facts.report) return [title, explain(facts.problem, options)];
  return finished(title, facts.report, facts, options);
}

function finished(title: string, report: Report, facts: StatusFacts, options: NeutraliseOptions): string[] {
  const { pullRequest } = report;
  const link = pullRequest ? ` · #${pullRequest.number}` : '';
  const headline = `${title} in ${formatDuration(report.durationMs)}${link}${runLink(facts.runUrl)}`;
  if (report.forgotten) {
    return [
      headline,
      explain(facts.problem, options),
      notices(report, options),
      neutralise(forgottenMarkdown(report), options),
    ];
  }
  return [
    [headline, costFacts(report).headline].filter((line) => line !== '').join('\\\n'),
    explain(facts.problem, options),
    notices(report, options),
    neutralise(report.summary, options),
    figures(report, options),
  ];
}

/** A problem may quote what git, a server or the engine said. */
function explain(problem: Problem | undefined, options: NeutraliseOptions): string {
  if (!problem) return '';
  return [problem.message, problem.hint]
    .map((part) => neutralise(part, options))
    .filter((part) => part !== '')
    .join('\n\n');
}

function notices(report: Report, options: NeutraliseOptions): string {
  const denied = [...new Set(report.denials)];
  return [
    ...report.notices.slice(0, listed).map((notice) => `> ℹ️ ${oneLine(notice, longestNotice, options)}`),
    ...(denied.length > 0
      ? [
          `> ⚠️ Not allowed and so not done: ${firstOf(denied, (name) => inlineCode(name.slice(0, longestTitle)), ', ')}. \`allowed-tools\` of the workflow allows more.`,
        ]
      : []),
  ].join('\n>\n');
}

function firstOf<T>(all: T[], show: (one: T) => string, separator: string): string {
  const more = all.length > listed ? [`and ${formatCount(all.length - listed)} more`] : [];
  return [...all.slice(0, listed).map(show), ...more].join(separator);
}

function commitsRow({ commits, kind }: Report): [string, string][] {
  if (kind === 'plan') return [];
  return [['Commits', commits.length === 0 ? 'none' : firstOf(commits, commit, '<br>')]];
}

/** Folded up: what everybody wants to know stands above. */
function figures(report: Report, options: NeutraliseOptions): string {
  const { rows, method } = costFacts(report);
  const table = figuresTable([
    ...commitsRow(report),
    ['Turns', formatCount(report.turns)],
    ...mcpRow(report),
    ...rows.map(([name, value]): [string, string] => [name, textInCell(value, options)]),
  ]);
  return [
    '<details><summary>Session, tokens and cost</summary>',
    table,
    method === '' ? '' : `<sub>${oneLine(method, longestNotice, options)}</sub>`,
    '</details>',
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function mcpRow({ mcp = [] }: Report): [string, string][] {
  const asked = mcp.filter(({ calls }) => calls > 0);
  if (asked.length === 0) return [];
  const saved = ({ server, calls, savedCalls }: McpUse) =>
    `${codeInCell(server)} ${formatCount(savedCalls)} of ${plural(calls, 'call')}`;
  return [['MCP answers from the cache', firstOf(asked, saved, ', ')]];
}

function commit({ sha, title }: Report['commits'][number]): string {
  const id = /^[0-9a-f]{7,64}$/.test(sha) ? `${sha.slice(0, 9)} ` : '';
  return `${id}${codeInCell(title.slice(0, longestTitle))}`;
}
