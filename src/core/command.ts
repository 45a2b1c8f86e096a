import { z } from 'zod';
import { BudgetAmount } from './budget.ts';
import { EngineName, jobKinds } from './engine.ts';

/** What the flags of a command may say; the same names as on the CLI, without the dashes. */
export const CommandFlags = z.strictObject({
  model: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,119}$/, 'a model name such as `claude-sonnet-4-5`')
    .optional()
    .meta({
      description: 'Model for this run and the ones after it in the session',
      example: 'claude-sonnet-4-5',
    }),
  maxBudget: BudgetAmount.optional().meta({
    description: 'Most that this run may cost, in US dollars',
    example: '2.50',
  }),
  engine: EngineName.optional().meta({
    description: 'What talks to the model in this run: `claude-code` or `anthropic-api`',
    example: 'anthropic-api',
  }),
  fresh: z
    .boolean()
    .optional()
    .meta({ description: 'Start a new session instead of continuing the one of this issue' }),
});
export type CommandFlags = z.infer<typeof CommandFlags>;

/** The words that are no instruction for the engine; everything else is one. */
export const controlWords = ['help', 'status', 'cost', 'stop', 'retry', 'forget'] as const;
export type ControlWord = (typeof controlWords)[number];

/** What a person asked, once its text is understood. The instruction of a plan is what to plan; empty for what the ticket asks. */
export const Ask = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(jobKinds), instruction: z.string(), flags: CommandFlags }),
  z.object({ kind: z.literal('control'), word: z.enum(controlWords) }),
]);
export type Ask = z.infer<typeof Ask>;

/** What was asked as people wrote it, without the flags. */
export function askedText(ask: Ask): string {
  if (ask.kind === 'control') return ask.word;
  return ask.kind === 'plan' ? `plan ${ask.instruction}`.trim() : ask.instruction;
}

/** What a runner does is done one after another; what Dexter answers itself is answered at once. */
export function waitsForItsTurn(ask: Ask): boolean {
  return ask.kind !== 'control' || ask.word === 'retry' || ask.word === 'forget';
}

/**
 * Who asked. `login` is a GitHub login, `accountId` a JIRA one; `dexter` asks of its own accord, or with a `name` for
 * somebody at the dashboard of this machine, where nobody signs in.
 */
export const Actor = z.discriminatedUnion('from', [
  z.object({ from: z.literal('github'), id: z.number(), login: z.string(), type: z.string() }),
  z.object({ from: z.literal('jira'), accountId: z.string(), displayName: z.string() }),
  z.object({ from: z.literal('dexter'), name: z.string().optional() }),
]);
export type Actor = z.infer<typeof Actor>;

/** One text per person, for sums: `github:123`, `jira:<account id>`, or `dexter`. Names change, these do not. */
export function actorKey(actor: Actor): string {
  switch (actor.from) {
    case 'github':
      return `github:${actor.id}`;
    case 'jira':
      return `jira:${actor.accountId}`;
    case 'dexter':
      return 'dexter';
  }
}

const githubRepository = z.object({ id: z.number(), owner: z.string(), name: z.string() });
export const RepositoryRef = githubRepository;
export type RepositoryRef = z.infer<typeof RepositoryRef>;

/**
 * Where a command came from: enough to read the request again by its id and to answer in the place that
 * asked. Nothing of what the payload claims is trusted beyond these ids.
 */
export const Origin = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('github-comment'),
    installationId: z.number(),
    repository: githubRepository,
    number: z.number(),
    commentId: z.number(),
  }),
  z.object({
    kind: z.literal('github-review-comment'),
    installationId: z.number(),
    repository: githubRepository,
    number: z.number(),
    commentId: z.number(),
  }),
  z.object({
    kind: z.literal('github-review'),
    installationId: z.number(),
    repository: githubRepository,
    number: z.number(),
    reviewId: z.number(),
  }),
  z.object({
    kind: z.literal('jira-comment'),
    connection: z.string(),
    issueKey: z.string(),
    commentId: z.string(),
  }),
  z.object({
    kind: z.literal('jira-label'),
    connection: z.string(),
    issueKey: z.string(),
    label: z.string(),
  }),
  /** Asked on the dashboard, about an issue or a pull request. The text is `claimed_text` of the command's row. */
  z.object({
    kind: z.literal('dashboard-github'),
    installationId: z.number(),
    repository: githubRepository,
    number: z.number(),
    /** The command that is done again, instead of what a text says. */
    repeats: z.string().optional(),
    /** The comment on a line, or the review, that asked for what is done again. */
    at: z.object({ kind: z.enum(['github-review-comment', 'github-review']), id: z.number() }).optional(),
  }),
  /** The same about a ticket; the row says which repository. */
  z.object({
    kind: z.literal('dashboard-jira'),
    connection: z.string(),
    issueKey: z.string(),
    repeats: z.string().optional(),
  }),
  /** Nobody asked: the session is due to be forgotten. The command's row says which one. */
  z.object({ kind: z.literal('retention') }),
]);
export type Origin = z.infer<typeof Origin>;

/** What was asked on the dashboard, about whatever place. */
export type DashboardOrigin = Extract<Origin, { kind: `dashboard-${string}` }>;

export function isFromDashboard(origin: Origin): origin is DashboardOrigin {
  return origin.kind.startsWith('dashboard-');
}

/** Where commands are asked for. */
export const commandSources = ['github', 'jira', 'dashboard', 'dexter'] as const;
export type CommandSource = (typeof commandSources)[number];

export function sourceOf(origin: Origin): CommandSource {
  if (origin.kind === 'retention') return 'dexter';
  if (isFromDashboard(origin)) return 'dashboard';
  return origin.kind.startsWith('jira') ? 'jira' : 'github';
}
