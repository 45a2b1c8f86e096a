import type { Problem } from '../src/core/errors.ts';
import { redact } from '../src/core/redact.ts';
import { noUsage, type Report } from '../src/core/report.ts';

const longestSummary = 200_000;
const longestReason = 500;
const longestRunner = 200;

export function emptyReport(): Report {
  return {
    outcome: 'failed',
    summary: '',
    usage: noUsage,
    // Until the engine begins: from then on nobody knows before it ends.
    costUsd: 0,
    turns: 0,
    durationMs: 0,
    commits: [],
    denials: [],
    notices: [],
  };
}

/** What a run that was ended from outside reports, unless it has come to another end before. */
export const endedProblem: Problem = {
  code: 'runner-lost',
  message: 'The run was ended on the runner before it could finish.',
  hint: 'Use `retry`; look at the log of the run when it happens again.',
};

/** What there is to report of a run that ends here and now: what it has done stands, the rest is lost. */
export function reportSoFar(report: Report, isPushed: boolean): Report {
  const notPushed =
    report.commits.length > 0 && !isPushed
      ? ['The changes of the run were not pushed; they are kept on the runner.']
      : [];
  return {
    ...report,
    outcome: 'failed',
    problem: report.problem ?? endedProblem,
    notices: [...report.notices, ...notPushed],
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
    ...(report.session === undefined ? {} : { session: cleanSession(report.session, clean) }),
    summary: clean(report.summary).slice(0, longestSummary).toWellFormed(),
    commits: report.commits.map(({ sha, title }) => ({ sha, title: clean(title) })),
    denials: report.denials.map(clean),
    ...(report.mcp ? { mcp: report.mcp.map((use) => ({ ...use, server: clean(use.server) })) } : {}),
    ...(report.workspace
      ? { workspace: { ...report.workspace, runner: clean(report.workspace.runner).slice(0, longestRunner) } }
      : {}),
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

function cleanSession(
  session: NonNullable<Report['session']>,
  clean: (text: string) => string,
): NonNullable<Report['session']> {
  const { resumption } = session;
  if (resumption === undefined) return session;
  const reason = clean(resumption.reason).slice(0, longestReason).toWellFormed();
  return { ...session, resumption: { ...resumption, reason } };
}
