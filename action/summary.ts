import type { Job } from '../src/core/job.ts';
import type { Report } from '../src/core/report.ts';
import { formatCost, formatCount, formatDuration, formatSession } from '../src/report/figures.ts';
import { inlineCode, neutralise } from '../src/report/neutralise.ts';

const titles: Record<Report['outcome'], string> = {
  done: '✅ Done',
  failed: '❌ Failed',
  cancelled: '⏹️ Stopped',
};

/** The job summary as Markdown. What the model wrote in it is neutralised. */
export function renderSummary(job: Job, report: Report, serverUrl: string): string {
  const sameHost = { sameHost: serverUrl };
  const { problem, pullRequest, usage } = report;
  const rows: [string, string][] = [
    ['Session', formatSession(report.session)],
    ['Pull request', pullRequest ? `[#${pullRequest.number}](<${pullRequest.url}>)` : 'none'],
    [
      'Commits',
      report.commits.map(({ sha, title }) => `${sha.slice(0, 9)} ${inCell(title)}`).join('<br>') || 'none',
    ],
    ['Duration', formatDuration(report.durationMs)],
    ['Turns', formatCount(report.turns)],
    ['Input tokens', formatCount(usage.inputTokens)],
    ['Cache read tokens', formatCount(usage.cacheReadTokens)],
    ['Cache write tokens', formatCount(usage.cacheWriteTokens)],
    ['Output tokens', formatCount(usage.outputTokens)],
    ['Cost', formatCost(report.costUsd)],
  ];
  return [
    `## ${titles[report.outcome]}: ${job.issueKey}`,
    problem ? `**${neutralise(problem.message, sameHost)}**\n\n${neutralise(problem.hint, sameHost)}` : '',
    ...report.notices.map((notice) => `> ${neutralise(notice, sameHost).replaceAll('\n', ' ')}`),
    report.denials.length === 0
      ? ''
      : `Not allowed and so not done: ${[...new Set(report.denials)].map(inlineCode).join(', ')}.`,
    neutralise(report.summary, sameHost),
    ['| | |', '| - | - |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function inCell(text: string): string {
  return inlineCode(text).replaceAll('|', '\\|');
}
