import type { Problem } from '../core/errors.ts';
import type { Progress, Report } from '../core/report.ts';
import type { CommandStatus } from '../core/status.ts';
import { formatCost, formatDuration, formatSession, formatUsage } from './figures.ts';
import { inlineCode, type NeutraliseOptions, neutralise } from './neutralise.ts';

/** What the status comment of a command is made of. */
export interface StatusFacts {
  commandId: string;
  status: CommandStatus;
  /** First line of the instruction, untrusted. */
  instruction?: string;
  runUrl?: string;
  progress?: Progress;
  problem?: Problem;
  report?: Report;
  /** What Dexter itself answers. */
  answer?: string;
}

/** The hidden mark by which a command's comment is found again. */
export function commentMarker(commandId: string): string {
  return `<!-- dexter:${commandId} -->`;
}

/** The status comment as GitHub Markdown. Whatever the model wrote in it is neutralised. */
export function renderStatusComment(facts: StatusFacts, options: NeutraliseOptions): string {
  return [...sections(facts, options), commentMarker(facts.commandId)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function sections(facts: StatusFacts, options: NeutraliseOptions): string[] {
  switch (facts.status) {
    case 'received':
    case 'queued':
    case 'preparing':
    case 'dispatched':
      return ['👀 **On it.** Waiting for a runner.', asked(facts.instruction)];
    case 'running':
      return [working(facts), asked(facts.instruction), checklist(facts.progress)];
    case 'done':
      if (facts.answer !== undefined) return [facts.answer];
      return facts.report ? finished('✅ **Done**', facts.report, facts, options) : ['✅ **Done**'];
    case 'failed':
      return ended('❌ **Failed**', facts, options);
    case 'cancelled':
      return ended('⏹️ **Stopped**', facts, options);
    case 'refused':
      return ['🚫 **Not started**', explain(facts.problem)];
    case 'expired':
      return ['⌛ **Expired**', explain(facts.problem)];
  }
}

function asked(instruction: string | undefined): string {
  return instruction ? `> ${inlineCode(instruction.slice(0, 200))}` : '';
}

function working(facts: StatusFacts): string {
  const link = facts.runUrl ? ` · [run](${facts.runUrl})` : '';
  const { progress } = facts;
  const cost = progress?.costUsd ? ` · ${formatCost(progress.costUsd)} so far` : '';
  const turns = progress && progress.turns > 0 ? ` · ${plural(progress.turns, 'turn')}` : '';
  return `⏳ **Working**${link}${turns}${cost}`;
}

/** The steps that were done, newest last, and the one that is being done. */
function checklist(progress: Progress | undefined): string {
  if (!progress) return '- [ ] Starting';
  const done = progress.lines.map((line) => `- [x] ${inlineCode(line)}`);
  return [...done, `- [ ] ${inlineCode(progress.step)}`].join('\n');
}

function ended(title: string, facts: StatusFacts, options: NeutraliseOptions): string[] {
  if (!facts.report) return [title, explain(facts.problem)];
  return finished(title, facts.report, facts, options);
}

function finished(title: string, report: Report, facts: StatusFacts, options: NeutraliseOptions): string[] {
  const { pullRequest } = report;
  const link = pullRequest ? ` · #${pullRequest.number}` : '';
  const run = facts.runUrl ? ` · [run](${facts.runUrl})` : '';
  return [
    `${title} in ${formatDuration(report.durationMs)}${link}${run}`,
    explain(facts.problem),
    notices(report, options),
    neutralise(report.summary, options),
    figures(report),
  ];
}

function explain(problem: Problem | undefined): string {
  return problem ? [problem.message, problem.hint].filter((part) => part !== '').join('\n\n') : '';
}

function notices(report: Report, options: NeutraliseOptions): string {
  const denied = [...new Set(report.denials)];
  return [
    ...report.notices.map((notice) => `> ℹ️ ${neutralise(notice, options).replaceAll('\n', ' ')}`),
    ...(denied.length > 0
      ? [
          `> ⚠️ Not allowed and so not done: ${denied.map(inlineCode).join(', ')}. \`allowed-tools\` of the workflow allows more.`,
        ]
      : []),
  ].join('\n>\n');
}

function figures(report: Report): string {
  const rows: [string, string][] = [
    ['Session', formatSession(report.session)],
    ['Commits', report.commits.length === 0 ? 'none' : report.commits.map(commit).join('<br>')],
    ['Turns', String(report.turns)],
    ['Tokens', formatUsage(report.usage)],
    ['Cost', formatCost(report.costUsd)],
  ];
  return ['| | |', '| --- | --- |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}

function commit({ sha, title }: Report['commits'][number]): string {
  return `${sha.slice(0, 9)} ${inlineCode(title).replaceAll('|', '\\|')}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
