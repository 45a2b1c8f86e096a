import type { Problem } from '../core/errors.ts';
import type { Report } from '../core/report.ts';
import type { EndStatus } from '../core/status.ts';
import type { AdfNode } from '../jira/adf.ts';
import {
  type AdfDocument,
  adfDocument,
  adfLink,
  adfParagraph,
  adfText,
  markdownToAdf,
} from '../jira/markdown-to-adf.ts';
import { costFacts } from './cost-facts.ts';
import { formatCount, formatDuration } from './figures.ts';
import { forgottenMarkdown } from './forgotten.ts';
import { type NeutraliseOptions, neutralise } from './neutralise.ts';
import { isPlanned, planned } from './planned.ts';

/** The comment on the ticket when a command begins. */
export function renderTicketStart(
  repository: string,
  instruction: string,
  onDashboardBy?: string,
): AdfDocument {
  const line = (instruction.split('\n')[0] ?? '').slice(0, 200).trim();
  return adfDocument([
    adfParagraph(
      adfText('👀 '),
      adfText('On it', { type: 'strong' }),
      adfText(` in ${repository}: `),
      adfText(line || '(no instruction)', { type: 'code' }),
      ...(onDashboardBy === undefined
        ? []
        : [adfText(` · asked on the dashboard by ${nameOf(onDashboardBy)}`)]),
    ),
  ]);
}

/** The comment on the ticket when no runner takes a run. */
export function renderTicketWaiting(markdown: string): AdfDocument {
  return adfDocument(markdownToAdf(markdown));
}

export interface TicketEndFacts {
  status: EndStatus;
  /** What was asked, untrusted. */
  instruction?: string;
  /** Who asked on the dashboard, untrusted; absent for what was asked in a comment. */
  onDashboardBy?: string;
  problem?: Problem;
  report?: Report;
  answer?: string;
  /** Where the pull request is, for commands on its own page. */
  pullRequest?: { number: number; url: string };
}

/** JIRA takes 32,767 characters: what a run may name without limit is cut. */
const mostNotices = 10;
const longestNotice = 500;

const titles: Record<EndStatus, string> = {
  done: '✅ Done',
  failed: '❌ Failed',
  cancelled: '⏹️ Stopped',
  refused: '🚫 Not started',
  expired: '⌛ Expired',
};

/** The comment on the ticket when a command ended, as an ADF tree; model text is neutralised first. */
export function renderTicketEnd(facts: TicketEndFacts, options: NeutraliseOptions): AdfDocument {
  if (facts.answer !== undefined) return adfDocument([...asked(facts), ...markdownToAdf(facts.answer)]);
  const { report } = facts;
  return adfDocument([
    headline(facts),
    ...asked(facts),
    ...explain(facts.problem, options),
    ...(report ? notices(report, options) : []),
    ...(report ? outcome(report, options) : []),
  ]);
}

/** Nothing else on the ticket says what was asked on the dashboard. */
function asked({ instruction, onDashboardBy }: TicketEndFacts): AdfNode[] {
  if (onDashboardBy === undefined) return [];
  const line = (instruction ?? '').slice(0, 200).trim();
  return [
    adfParagraph(
      adfText(`Asked on the dashboard by ${nameOf(onDashboardBy)}${line === '' ? '.' : ': '}`),
      ...(line === '' ? [] : [adfText(line, { type: 'code' })]),
    ),
  ];
}

function nameOf(name: string): string {
  return plainLine(name).slice(0, 100).toWellFormed() || 'somebody';
}

function outcome(report: Report, options: NeutraliseOptions): AdfNode[] {
  if (report.forgotten) return markdownToAdf(neutralise(forgottenMarkdown(report), options));
  return [...markdownToAdf(neutralise(report.summary, options)), figures(report)];
}

function headline({ status, report, pullRequest }: TicketEndFacts): AdfNode {
  const duration = report ? ` in ${formatDuration(report.durationMs)}` : '';
  const link = pullRequest
    ? [adfText(' · '), adfLink(`pull request #${pullRequest.number}`, pullRequest.url)]
    : [];
  const cost = report && !report.forgotten ? costFacts(report).headline : '';
  return adfParagraph(
    adfText(status === 'done' && isPlanned(report) ? `📋 ${planned}` : titles[status], { type: 'strong' }),
    adfText(duration || ' '),
    ...link,
    ...(cost === '' ? [] : [{ type: 'hardBreak' }, adfText(cost)]),
  );
}

/** A problem may quote what git, a server or the engine said. */
function explain(problem: Problem | undefined, options: NeutraliseOptions): AdfNode[] {
  if (!problem) return [];
  return [problem.message, problem.hint].flatMap((part) => markdownToAdf(neutralise(part, options)));
}

function notices(report: Report, options: NeutraliseOptions): AdfNode[] {
  return report.notices
    .slice(0, mostNotices)
    .flatMap((notice) => markdownToAdf(neutralise(notice.slice(0, longestNotice), options)));
}

function commitsRow({ commits, kind }: Report): [string, string][] {
  if (kind === 'plan') return [];
  return [['Commits', commits.length === 0 ? 'none' : formatCount(commits.length)]];
}

/** Folded up where JIRA can: what everybody wants to know stands above. */
function figures(report: Report): AdfNode {
  const { rows, method } = costFacts(report);
  const facts: [string, string][] = [...commitsRow(report), ['Turns', formatCount(report.turns)], ...rows];
  const table = {
    type: 'table',
    content: facts.map(([name, value]) => ({
      type: 'tableRow',
      content: [
        { type: 'tableHeader', content: [adfParagraph(adfText(name))] },
        { type: 'tableCell', content: [adfParagraph(adfText(plainLine(value)))] },
      ],
    })),
  };
  const note = plainLine(method);
  return {
    type: 'expand',
    attrs: { title: 'Session, tokens and cost' },
    content: [table, ...(note === '' ? [] : [adfParagraph(adfText(note, { type: 'em' }))])],
  };
}

function plainLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().toWellFormed();
}
