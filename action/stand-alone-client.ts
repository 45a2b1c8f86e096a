import { messageOf } from '../src/core/errors.ts';
import type { Progress } from '../src/core/report.ts';
import type { ClaimResponse } from '../src/core/runner.ts';
import type { AppClient } from './app-client.ts';
import type { StatusComment } from './status-comment.ts';

export interface StandAloneOptions {
  comment: StatusComment;
  /** What the app would answer to the claim. */
  grant: ClaimResponse;
  warn: (message: string) => void;
  /** Milliseconds since any fixed time. */
  now: () => number;
}

/** GitHub wants no more edits of one comment, and gives the token of a job 1,000 requests an hour. */
const progressEveryMs = 30_000;

/** Takes the app's place for a run without it: what the app would know was decided before, its answer is a comment. */
export function standAloneClient({ comment, grant, warn, now }: StandAloneOptions): AppClient {
  let shownAt = Number.NEGATIVE_INFINITY;
  let showing: Promise<void> = Promise.resolve();

  return {
    async claim() {
      // Before anything costs money: a job that may not comment is told at once.
      await comment.show({ status: 'running' });
      shownAt = now();
      return { outcome: 'ok', value: grant };
    },
    async heartbeat(_, progress) {
      if (now() - shownAt >= progressEveryMs) {
        shownAt = now();
        showing = showing.then(() => showProgress(progress));
      }
      // Nobody else has the command, and it is stopped by cancelling the run.
      return { outcome: 'ok', value: { stop: false } };
    },
    async report(_, report) {
      await showing;
      await comment.end(report);
      return { outcome: 'ok', value: undefined };
    },
    attachment: async () => Promise.reject(new Error('there are none without the app')),
  };

  /** The run does not depend on it: the next one, or the end, makes up for it. */
  async function showProgress(progress: Progress): Promise<void> {
    try {
      await comment.show({ status: 'running', progress });
    } catch (error) {
      warn(messageOf(error));
    }
  }
}
