import { z } from 'zod';
import { BudgetAmount } from './budget.ts';
import { EngineName, type JobKind } from './engine.ts';

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

/** What a person asked, once its text is understood. */
export type Ask =
  /** The instruction of a plan is what to plan; empty for what the ticket asks. */
  { kind: JobKind; instruction: string; flags: CommandFlags } | { kind: 'control'; word: ControlWord };

/** What was asked as people wrote it, without the flags. */
export function askedText(ask: Ask): string {
  if (ask.kind === 'control') return ask.word;
  return ask.kind === 'plan' ? `plan ${ask.instruction}`.trim() : ask.instruction;
}

/** What a runner does is done one after another; what Dexter answers itself is answered at once. */
export function waitsForItsTurn(ask: Ask): boolean {
  return ask.kind !== 'control' || ask.word === 'retry' || ask.word === 'forget';
}

/** Who asked. `login` is a GitHub login, `accountId` a JIRA one; `dexter` asks of its own accord. */
export const Actor = z.discriminatedUnion('from', [
  z.object({ from: z.literal('github'), id: z.number(), login: z.string(), type: z.string() }),
  z.object({ from: z.literal('jira'), accountId: z.string(), displayName: z.string() }),
  z.object({ from: z.literal('dexter') }),
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
  /** Nobody asked: the session is due to be forgotten. The command's row says which one. */
  z.object({ kind: z.literal('retention') }),
]);
export type Origin = z.infer<typeof Origin>;

export function sourceOf(origin: Origin): 'github' | 'jira' | 'dexter' {
  if (origin.kind === 'retention') return 'dexter';
  return origin.kind.startsWith('jira') ? 'jira' : 'github';
}
