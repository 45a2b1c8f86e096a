import { z } from 'zod';
import { RepositoryRef } from '../src/core/command.ts';
import type { Report } from '../src/core/report.ts';
import { editComment, postComment } from '../src/github/comments.ts';
import type { Authenticate } from '../src/github/github.ts';
import { renderStatusComment, type StatusFacts } from '../src/report/status-comment.ts';
import { type AlonePermissions, sayAlone } from './alone-permissions.ts';

/** Which comment is edited, kept for the post step. */
export const CommentState = z.object({
  commandId: z.string(),
  repository: RepositoryRef,
  /** Issue or pull request that it stands on; absent when nobody said one. */
  number: z.number().optional(),
  /** First line of the instruction. */
  instruction: z.string(),
  posted: z.number().optional(),
});
export type CommentState = z.infer<typeof CommentState>;

export interface StatusCommentOptions {
  github: Authenticate;
  state: CommentState;
  runUrl: string;
  serverUrl: string;
  /** Remembers the comment, should this process die. */
  keepState: (state: CommentState) => void;
}

type Facts = Omit<StatusFacts, 'commandId' | 'instruction' | 'runUrl'>;

/** The one comment that tells how a run goes: posted once, edited from then on. */
export interface StatusComment {
  show(facts: Facts): Promise<void>;
  /** The end of the run, on its pull request where nobody said another place. */
  end(report: Report): Promise<void>;
}

const needed: AlonePermissions = ['issues: write', 'pull-requests: write'];

export function statusComment({
  github,
  runUrl,
  serverUrl,
  keepState,
  ...options
}: StatusCommentOptions): StatusComment {
  let { state } = options;

  return {
    show,
    end: (report) =>
      show(
        { status: report.outcome, report, ...(report.problem ? { problem: report.problem } : {}) },
        report.pullRequest?.number,
      ),
  };

  async function show(facts: Facts, elsewhere?: number): Promise<void> {
    const { commandId, instruction, number = elsewhere, posted, repository } = state;
    if (number === undefined) return;
    const body = renderStatusComment({ ...facts, commandId, instruction, runUrl }, { sameHost: serverUrl });
    const where = { installationId: 0, repository, number };
    await sayAlone('writing the status comment', needed, async () => {
      const isThere =
        posted !== undefined && (await editComment(github, where, { kind: 'issue', id: posted }, body));
      // Somebody may have deleted it.
      if (isThere) return;
      const { id } = await postComment(github, where, body);
      state = { ...state, number, posted: id };
      keepState(state);
    });
  }
}
