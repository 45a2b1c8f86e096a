import { redact } from '../src/core/redact.ts';
import { noUsage, type Report } from '../src/core/report.ts';

const longestSummary = 200_000;

export function emptyReport(): Report {
  return {
    outcome: 'failed',
    summary: '',
    usage: noUsage,
    costUsd: null,
    turns: 0,
    durationMs: 0,
    commits: [],
    denials: [],
    notices: [],
  };
}

/** The report as it leaves the runner: no secret in any of its texts, and within the contract's sizes. */
export function finishedReport(report: Report, durationMs: number, secrets: readonly string[]): Report {
  const clean = (text: string) => redact(text, secrets);
  const { problem } = report;
  return {
    ...report,
    ...(problem
      ? { problem: { ...problem, message: clean(problem.message), hint: clean(problem.hint) } }
      : {}),
    summary: clean(report.summary).slice(0, longestSummary).toWellFormed(),
    commits: report.commits.map(({ sha, title }) => ({ sha, title: clean(title) })),
    denials: report.denials.map(clean),
    ...(report.mcp ? { mcp: report.mcp.map((use) => ({ ...use, server: clean(use.server) })) } : {}),
    notices: report.notices.map(clean),
    ...(report.forgotten === undefined
      ? {}
      : {
          forgotten: report.forgotten.map((each) => ({
            ...each,
            ...(each.problem === undefined ? {} : { problem: clean(each.problem) }),
          })),
        }),
    durationMs,
  };
}
