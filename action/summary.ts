import type { Job } from '../src/core/job.ts';
import type { Report } from '../src/core/report.ts';
import { codeInCell, figuresTable, textInCell } from '../src/report/cells.ts';
import { costFacts } from '../src/report/cost-facts.ts';
import { formatCount, formatDuration } from '../src/report/figures.ts';
import { inlineCode, neutralise } from '../src/report/neutralise.ts';
import { isPlanned, planned } from '../src/report/planned.ts';

const titles: Record<Report['outcome'], string> = {
  done: '✅ Done',
  failed: '❌ Failed',
  cancelled: '⏹️ Stopped',
};

/** The job summary as Markdown. What the model wrote in it is neutralised. */
export function renderSummary(job: Job, report: Report, serverUrl: string): string {
  const sameHost = { sameHost: serverUrl };
  const { problem, pullRequest } = report;
  const cost = costFacts(report);
  const rows: [string, string][] = [
    ['Pull request', pullRequest ? `[#${pullRequest.number}](<${pullRequest.url}>)` : 'none'],
    [
      'Commits',
      report.commits.map(({ sha, title }) => `${sha.slice(0, 9)} ${codeInCell(title)}`).join('<br>') ||
        'none',
    ],
    ['Duration', formatDuration(report.durationMs)],
    ['Turns', formatCount(report.turns)],
    ['Command', codeInCell(job.commandId)],
    ...cost.rows.map(([name, value]): [string, string] => [name, textInCell(value, sameHost)]),
  ];
  return [
    `## ${isPlanned(report) ? `📋 ${planned}` : titles[report.outcome]}: ${job.issueKey}`,
    cost.headline === '' ? '' : `**${cost.headline}**`,
    problem ? `**${neutralise(problem.message, sameHost)}**\n\n${neutralise(problem.hint, sameHost)}` : '',
    ...report.notices.map((notice) => `> ${neutralise(notice, sameHost).replaceAll('\n', ' ')}`),
    report.denials.length === 0
      ? ''
      : `Not allowed and so not done: ${[...new Set(report.denials)].map(inlineCode).join(', ')}.`,
    neutralise(report.summary, sameHost),
    figuresTable(rows),
    cost.method === '' ? '' : `<sub>${textInCell(cost.method, sameHost)}</sub>`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}
