import { z } from 'zod';
import { RunBudget } from './budget.ts';
import { EngineName, jobKinds } from './engine.ts';
import { IssueKey } from './issue-key.ts';
import { TicketSeen } from './session.ts';

/**
 * GitHub refuses a dispatch whose inputs hold more than this many characters together.
 * https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event
 */
export const maxInputCharacters = 65_535;

/** What the app asks of the session: which generation it expects, and the caps of the run. */
export const SessionRequest = z.object({
  installationId: z.number().int().nonnegative(),
  repositoryId: z.number().int().positive(),
  /** `forget` removes the session instead of running the engine. */
  mode: z.enum(['resume', 'fresh', 'forget']),
  /** Newest generation in the ledger; 0 when there is none yet. */
  generation: z.number().int().nonnegative(),
  /** What the store called that generation, for stores that search by prefix. */
  entry: z.string().max(512).optional(),
  /** How much of the ticket the context shows, to be kept with the conversation. */
  ticket: TicketSeen.optional(),
  /** The same for a conversation that begins with it, where that is not the same. */
  ticketAlone: TicketSeen.optional(),
  model: z.string().optional(),
  maxBudgetUsd: z.number().positive().optional(),
  /** The budget that `maxBudgetUsd` is the rest of, for the words of an end that it brings about. */
  budgetOf: RunBudget.optional(),
  /** Absent where nobody named one: then the runner decides. */
  engine: EngineName.optional(),
  /**
   * A plan changes nothing. Absent for an instruction. An action that does not know it takes a plan for an instruction,
   * which says by itself that nothing is to be changed.
   */
  kind: z.enum(jobKinds).optional(),
});
export type SessionRequest = z.infer<typeof SessionRequest>;

/** Where the work goes: an existing branch of a pull request, or a new one that becomes one. */
export const Target = z.object({
  /** Branch that is worked on and pushed to. */
  branch: z.string().min(1),
  /** Branch that a new pull request is opened against; empty means the repository's default branch. */
  base: z.string(),
  /** Pull request that the branch belongs to; absent when the run is to open one. */
  pullRequest: z.number().int().positive().optional(),
  /** Title of the ticket, for the pull request and the commit message. */
  title: z.string(),
  /** Link to the ticket, for the pull request's body. */
  ticketUrl: z.string(),
  /** GitHub issue number that the pull request closes; absent for JIRA tickets. */
  closes: z.number().int().positive().optional(),
  /** Who asked, as shown in the commit message. */
  requestedBy: z.string(),
});
export type Target = z.infer<typeof Target>;

/** Everything that a run needs, ready to be run once: the app -> runner contract. */
export const Job = z.object({
  commandId: z.uuid(),
  issueKey: IssueKey,
  instruction: z.string().min(1),
  /** Markdown of the ticket and the pull request, as `packText` gives it: data, never instruction. */
  context: z.string(),
  /** The ContextDelta as JSON, packed as well; empty when there is none. */
  delta: z.string().optional(),
  session: SessionRequest,
  target: Target,
  appUrl: z.string(),
});
export type Job = z.infer<typeof Job>;

/** The workflow inputs that the app sends, by their names in the workflow file. */
export const jobInputNames = [
  'command-id',
  'issue-key',
  'instruction',
  'context',
  'delta',
  'session',
  'target',
  'app-url',
] as const;

/** The workflow inputs of a job, as strings. */
export type JobInputs = Record<(typeof jobInputNames)[number], string>;

export function encodeInputs(job: Job): JobInputs {
  return {
    'command-id': job.commandId,
    'issue-key': job.issueKey,
    instruction: job.instruction,
    context: job.context,
    delta: job.delta ?? '',
    session: JSON.stringify(job.session),
    target: JSON.stringify(job.target),
    'app-url': job.appUrl,
  };
}
