import type { Problem } from '../src/core/errors.ts';
import type { Report } from '../src/core/report.ts';
import type { EngineResult } from '../src/engines/engine.ts';
import { budgetReached } from '../src/report/budget.ts';
import type { ActionInputs } from './inputs.ts';
import type { StopCause } from './stop-switch.ts';

export interface Ending {
  /** What the engine's end puts into the report. */
  report: Pick<Report, 'outcome' | 'summary' | 'usage' | 'costUsd' | 'turns' | 'denials'> & {
    problem?: Problem;
  };
  /** Whether what was done so far goes to the branch; otherwise it is kept on the runner. */
  publish: boolean;
}

export type Limits = Pick<ActionInputs, 'job' | 'maxTurns' | 'timeoutMinutes'>;

type Verdict = Pick<Report, 'outcome'> & { problem?: Problem; publish: boolean };

/**
 * What the end of the engine means for the command. A run that reached one of its limits was at work until
 * then: what it did is published, and the next command goes on from there. A run that was stopped or broke off
 * publishes nothing.
 */
export function endingOf(
  result: EngineResult,
  cause: StopCause | undefined,
  limits: Limits,
  who = 'Claude Code',
): Ending {
  const { publish, ...verdict } = verdictOn(result, cause, limits, who);
  const { summary, usage, costUsd, turns, denials } = result;
  return { publish, report: { ...verdict, summary, usage, costUsd, turns, denials } };
}

function verdictOn(result: EngineResult, cause: StopCause | undefined, limits: Limits, who: string): Verdict {
  const goOn = `${doneSoFar(limits).slice(0, -1)}; ask Dexter to go on`;
  switch (result.stopReason) {
    case 'completed':
      return { outcome: 'done', publish: true };
    case 'budget':
      return budget(limits);
    case 'turns':
      return failed(
        'engine-failed',
        `${who} reached the limit of ${limits.maxTurns ?? '?'} turns before it was done.`,
        `${goOn}, or raise the input \`max-turns\`.`,
        true,
      );
    case 'cancelled':
      return cancelled(cause, limits, goOn, who);
    case 'logged-out':
      return failed(
        'engine-logged-out',
        `${who} on the runner is not logged in, or its key was refused.`,
        'Set the input `anthropic-api-key` from a secret of the repository or the organisation, then use `retry`.',
        false,
      );
    case 'session-lost':
    case 'failed':
      return failed(
        'engine-failed',
        result.detail || `${who} failed.`,
        "Use `retry`; when it fails again, the run's log has more.",
        false,
      );
  }
}

function budget(limits: Limits): Verdict {
  const { job } = limits;
  const { maxBudgetUsd, budgetOf } = job.session;
  const { message, raise } = budgetReached(maxBudgetUsd ?? 0, budgetOf);
  // An app that gave no reason for the cap is an older one, which would refuse a report with the newer word.
  const code = budgetOf === undefined ? 'engine-failed' : 'budget-spent';
  return failed(code, message, `${doneSoFar(limits)} ${raise} Then ask Dexter to go on.`, true);
}

/** What is reported of a run that was stopped before the engine began. */
export function stoppedBeforeStart(
  cause: StopCause | undefined,
  { timeoutMinutes }: Pick<Limits, 'timeoutMinutes'>,
): Pick<Report, 'outcome' | 'problem'> {
  if (cause !== 'timeout') return { outcome: 'cancelled' };
  return {
    outcome: 'failed',
    problem: {
      code: 'engine-timeout',
      message: `The ${timeoutMinutes} minutes of the run were over before Claude Code could begin.`,
      hint: 'Look at how long the checkout takes, or raise the input `timeout-minutes`.',
    },
  };
}

/** What is reported of a run that may not change anything any more. An end that says more than `done` stays. */
export function lostRun(
  { outcome, notices }: Pick<Report, 'outcome' | 'notices'>,
  reason: string,
): Pick<Report, 'notices'> & Partial<Pick<Report, 'outcome' | 'problem'>> {
  const message = `Nothing was saved or pushed, because the run lost its command: ${reason}`;
  if (outcome !== 'done') return { notices: [...notices, message] };
  return {
    notices,
    outcome: 'failed',
    problem: { code: 'runner-lost', message, hint: 'Use `retry` unless another run has the command.' },
  };
}

/** A plan has no branch: what was read and thought until then is in the conversation. */
function doneSoFar({ job }: Limits): string {
  return job.session.kind === 'plan'
    ? 'What was found out so far is in the session.'
    : 'What was done so far is on the branch.';
}

function cancelled(
  cause: StopCause | undefined,
  { timeoutMinutes }: Limits,
  goOn: string,
  who: string,
): Verdict {
  if (cause !== 'timeout') return { outcome: 'cancelled', publish: false };
  return failed(
    'engine-timeout',
    `${who} was stopped, because the run may take ${timeoutMinutes} minutes.`,
    `${goOn}, or raise the input \`timeout-minutes\`.`,
    true,
  );
}

function failed(code: Problem['code'], message: string, hint: string, publish: boolean): Verdict {
  return { outcome: 'failed', problem: { code, message, hint }, publish };
}
