import type { Problem } from '../core/errors.ts';
import type { End } from './settle.ts';

/** How a run was lost. `ended` is GitHub's word on how it ended, or `deleted`. */
export type Loss =
  | { how: 'ended'; conclusion: string }
  /** No heartbeat came for as long as a lease. */
  | { how: 'silent' }
  /** No runner took it for as long as GitHub lets a job wait. */
  | { how: 'never-taken' };

/** `before`: no runner had claimed the command. `during`: one was at work. */
type When = 'before' | 'during';

const savedOnly = 'What it did since its last save is lost.';

/** The end of a command whose run is over and did not report: what happened, and how to mend it. */
export function endOfLostRun(loss: Loss, when: When, runUrl: string): End {
  const { status = 'failed', ...problem } = explain(loss, when);
  const message = [problem.message, when === 'during' ? savedOnly : '', runUrl].filter((part) => part !== '');
  return { status, problem: { ...problem, message: message.join(' ') } };
}

function explain(loss: Loss, when: When): Problem & Partial<Pick<End, 'status'>> {
  switch (loss.how) {
    case 'silent':
      return {
        code: 'runner-lost',
        message: 'The runner stopped answering.',
        hint: 'See whether its machine runs and reaches the app, and what the log of the run says, then `retry`.',
      };
    case 'never-taken':
      return {
        code: 'no-runner',
        message: 'No runner took the run for 24 hours.',
        hint: 'Start a runner with the labels that `runs-on` of the workflow names, then `retry`.',
      };
    case 'ended':
      return explainConclusion(loss.conclusion, when);
  }
}

/** https://docs.github.com/en/rest/checks/runs: the conclusions of a check run are those of a workflow run. */
function explainConclusion(conclusion: string, when: When): Problem & Partial<Pick<End, 'status'>> {
  const whenWords =
    when === 'before' ? 'before it took the command' : 'while it worked, and could not report';
  switch (conclusion) {
    case 'cancelled':
      return {
        status: 'cancelled',
        code: 'run-cancelled',
        message: `The run was cancelled on GitHub ${whenWords}.`,
        hint: '`retry` does it again. When nobody cancelled it, no runner took it for 24 hours, or another run of its `concurrency` group took its place.',
      };
    case 'deleted':
      return {
        code: 'runner-lost',
        message: `GitHub does not have the run any more: it was deleted ${whenWords}, or the app may not see the repository now.`,
        hint: 'See that the app is installed on the repository, then `retry`.',
      };
    case 'timed_out':
      return {
        code: 'runner-lost',
        message: `GitHub ended the run ${whenWords}: it reached the \`timeout-minutes\` of its job.`,
        hint: 'Set that some minutes higher than the input `timeout-minutes` of the action, which saves and reports in time. Then `retry`.',
      };
    case 'startup_failure':
      return {
        code: 'dispatch-failed',
        message:
          'GitHub could not begin the run: its workflow is not valid, or calls one that it may not call.',
        hint: 'The page of the run says what is wrong. Mend the workflow on the default branch, then `retry`.',
      };
    case 'failure':
      return {
        code: 'runner-lost',
        message: `The run failed ${whenWords}.`,
        hint:
          when === 'before'
            ? 'The log of the run says why: a step before that of Dexter, or the action could not be had. Then `retry`.'
            : 'The log of the run says why; most often its runner was shut down. Then `retry`.',
      };
    default:
      return {
        code: 'runner-lost',
        message: `The run ended ${when === 'before' ? 'without taking the command' : 'without a report'} (${conclusion.replaceAll('_', ' ')}).`,
        hint: 'See in the log of the run whether the step of Dexter ran, or an `if:` left it out. Then `retry`.',
      };
  }
}
