import { randomUUID } from 'node:crypto';
import type { Octokit } from 'octokit';
import { z } from 'zod';
import { authorize } from '../src/commands/authorize.ts';
import { branchName, chooseTarget, issueKeyInBranch, shortName } from '../src/commands/choose-target.ts';
import { parseCommand } from '../src/commands/parse.ts';
import { planInstruction } from '../src/commands/plan-instruction.ts';
import { shorten } from '../src/context/cut.ts';
import { keptContext, mostShown } from '../src/context/fit-context.ts';
import { leastRunUsd } from '../src/core/budget.ts';
import { type Ask, askedText, type CommandFlags, type RepositoryRef } from '../src/core/command.ts';
import { AppError, type Problem, toProblem } from '../src/core/errors.ts';
import { githubIssueKey, IssueKey, isJiraKey } from '../src/core/issue-key.ts';
import type { Job, SessionRequest, Target } from '../src/core/job.ts';
import type { PullRequestRef } from '../src/core/report.ts';
import type { ClaimResponse } from '../src/core/runner.ts';
import { type Conversation, readConversation } from '../src/github/conversation.ts';
import { permissionOf } from '../src/github/repositories.ts';
import { budgetSpent } from '../src/report/budget.ts';
import { type AlonePermissions, sayAlone } from './alone-permissions.ts';
import type { AloneRequest } from './inputs.ts';

/** The name that people write after the `@`. */
const name = 'dexter';

/** What the runner says of the event that started the workflow. */
export const RunEvent = z.object({
  GITHUB_EVENT_NAME: z.string().default(''),
  GITHUB_ACTOR: z.string().default(''),
  /** Of the same account. Runners that are not GitHub's own may leave it out. */
  GITHUB_ACTOR_ID: z.coerce.number().int().positive().optional().catch(undefined),
});
export type RunEvent = z.infer<typeof RunEvent>;

/** Only who may write to the repository can cause these; anything else anybody may have caused. */
const byWriters = ['workflow_dispatch', 'repository_dispatch', 'push', 'schedule'];

/** Of these a run is for each comment, whoever it addresses. */
const byComment = ['issue_comment', 'pull_request_review_comment', 'pull_request_review'];

export type AlonePlan =
  | {
      outcome: 'ready';
      job: Job;
      /** What was asked, as it is shown. */
      asked: string;
      /** What is known of the ticket and the pull request. */
      context: ClaimResponse['context'];
    }
  /** Not to be done, and no mistake of the set-up. Whoever asked is told only when they may command. */
  | { outcome: 'refused'; problem: Problem; isTold: boolean };

export interface PlanAloneOptions {
  request: AloneRequest;
  event: RunEvent;
  repository: RepositoryRef;
  octokit: Octokit;
}

/**
 * Decides what the app decides otherwise: whether whoever asks may, what they ask, which session it continues, and
 * where the work goes.
 * @throws AppError for what is wrong with the workflow or cannot be read.
 */
export async function planAlone(options: PlanAloneOptions): Promise<AlonePlan> {
  const { request, event } = options;
  if (event.GITHUB_EVENT_NAME === 'pull_request_target') throw noPullRequestTarget();
  const forbidden = await forbiddenBy(options);
  if (forbidden !== undefined) return { outcome: 'refused', problem: forbidden, isTold: false };
  const understood = understand(request.instruction, event);
  if ('problem' in understood) return { outcome: 'refused', ...understood };
  const tooLittle = tooLittleGiven(understood.ask, event);
  if (tooLittle !== undefined) return { outcome: 'refused', problem: tooLittle, isTold: true };
  const conversation = await conversationOf(options);
  const issueKey = issueKeyOf(options, conversation);
  try {
    const asked = askedText(understood.ask);
    return { outcome: 'ready', asked, ...(await planned(options, understood.ask, issueKey, conversation)) };
  } catch (error) {
    const isExpected = error instanceof AppError && error.code === 'branch-unusable';
    if (!isExpected) throw error;
    return { outcome: 'refused', problem: toProblem(error), isTold: true };
  }
}

/** Why nothing is done for whoever caused the event; undefined when they may command. */
async function forbiddenBy({ event, octokit, repository }: PlanAloneOptions): Promise<Problem | undefined> {
  const { GITHUB_EVENT_NAME: eventName, GITHUB_ACTOR: login, GITHUB_ACTOR_ID: id } = event;
  if (byWriters.includes(eventName)) return undefined;
  const type = login.endsWith('[bot]') ? 'Bot' : 'User';
  const verdict = await authorize({ from: 'github', id: id ?? 0, login, type }, {}, repository, async () => {
    const { userId, ...answer } = await permissionOf(async () => octokit, 0, repository, login);
    // Without the id of who asked there is none to compare.
    return id === undefined || userId === undefined ? answer : { ...answer, userId };
  });
  return verdict.allowed ? undefined : verdict.problem;
}

/** What the instruction asks. One without a mention is taken as it is, unless it is anybody's comment. */
function understand(
  instruction: string,
  { GITHUB_EVENT_NAME: eventName }: RunEvent,
): { ask: Ask } | { problem: Problem; isTold: boolean } {
  const parsed = parseCommand(instruction, name);
  if (parsed.outcome === 'invalid') return { problem: parsed.problem, isTold: true };
  if (parsed.outcome === 'none') {
    // Quoted, in code or in passing: not obeyed in a comment on GitHub, and neither in one that JIRA sends.
    const isMentioned = instruction.toLowerCase().includes(`@${name}`);
    if (isMentioned || byComment.includes(eventName)) return { problem: notAddressed(), isTold: false };
    return { ask: { kind: 'instruction', instruction, flags: {} } };
  }
  const { ask } = parsed;
  if (ask.kind === 'control' && ask.word !== 'forget') return { problem: needsApp(ask.word), isTold: true };
  return { ask };
}

async function conversationOf({ request, repository, octokit }: PlanAloneOptions): Promise<Conversation> {
  const { number } = request;
  if (number === undefined) return { defaultBranch: undefined };
  // Nothing is asked of the comment itself: its text is the instruction.
  const origin = { kind: 'github-comment' as const, installationId: 0, repository, number, commentId: 0 };
  return await sayAlone(`reading #${number}`, ['issues: read', 'pull-requests: read'], () =>
    readConversation(async () => octokit, origin),
  );
}

/** A pull request that Dexter opened is of the issue that its branch names. */
function issueKeyOf(
  { request, repository }: PlanAloneOptions,
  { pullRequest }: Pick<Conversation, 'pullRequest'>,
): IssueKey {
  const { issueKey, number } = request;
  if (issueKey !== undefined) return issueKey;
  if (number === undefined) throw noIssue();
  const named = pullRequest?.sameRepository ? issueKeyInBranch(pullRequest.branch) : undefined;
  const known = IssueKey.safeParse(named).data;
  const isOurs = known !== undefined && (isJiraKey(known) || known.startsWith(`gh-${repository.id}-`));
  return isOurs ? known : githubIssueKey(repository.id, number);
}

async function planned(
  options: PlanAloneOptions,
  ask: Ask,
  issueKey: IssueKey,
  conversation: Conversation,
): Promise<{ job: Job; context: ClaimResponse['context'] }> {
  const { event, repository, request } = options;
  const requestedBy = request.requestedBy ?? `@${event.GITHUB_ACTOR}`;
  const job = {
    commandId: randomUUID(),
    issueKey,
    context: '',
    appUrl: '',
  };
  // The store alone knows which generation is the newest.
  const session = {
    installationId: 0,
    repositoryId: repository.id,
    generation: 0,
  } satisfies Partial<SessionRequest>;
  if (ask.kind === 'control') {
    const target = forgetTarget(issueKey, requestedBy);
    return {
      job: { ...job, instruction: ask.word, session: { ...session, mode: 'forget' }, target },
      context: { attachments: [] },
    };
  }
  const { kind, flags } = ask;
  const instruction = kind === 'plan' ? planInstruction(ask.instruction) : ask.instruction;
  const { issue, pullRequest } = conversation;
  const target = chooseTarget({
    issueKey,
    ticket: ticketOf(request, issueKey, conversation),
    issue,
    pullRequest,
    earlier: pullRequest ? undefined : await earlierPullRequest(options, issueKey),
    requestedBy,
  });
  return {
    job: {
      ...job,
      instruction,
      session: {
        ...session,
        mode: flags.fresh ? 'fresh' : 'resume',
        model: flags.model,
        engine: flags.engine,
        ...(kind === 'plan' ? { kind } : {}),
        ...capOf(flags),
      },
      target,
    },
    context: contextOf(request, conversation),
  };
}

/** Why a run is not begun that may spend nothing, in the words of the app. */
function tooLittleGiven(ask: Ask, { GITHUB_ACTOR: login }: RunEvent): Problem | undefined {
  const { budgetOf } = ask.kind === 'instruction' ? capOf(ask.flags) : {};
  if (budgetOf === undefined || budgetOf.limitUsd >= leastRunUsd) return undefined;
  return budgetSpent([{ ...budgetOf, spentUsd: 0, heldUsd: 0 }], { at: new Date(), login });
}

/** Without the app nobody adds up what is spent: there is no other budget. */
function capOf({ maxBudget }: CommandFlags): Pick<SessionRequest, 'maxBudgetUsd' | 'budgetOf'> {
  if (maxBudget === undefined) return {};
  return { maxBudgetUsd: maxBudget, budgetOf: { scope: 'run', setBy: 'command', limitUsd: maxBudget } };
}

/** A run that only forgets goes nowhere. */
function forgetTarget(issueKey: IssueKey, requestedBy: string): Target {
  const branch = branchName(issueKey, '');
  return { branch, base: '', title: issueKey, ticketUrl: '', requestedBy: shortName(requestedBy) };
}

/** The ticket as far as the caller told of it; what it left out GitHub may know. */
function ticketOf(
  { title, ticketUrl }: AloneRequest,
  issueKey: IssueKey,
  { issue, pullRequest }: Conversation,
): { summary: string; url: string } | undefined {
  if (!isJiraKey(issueKey) && title === undefined && ticketUrl === undefined) return undefined;
  const known = issue ?? pullRequest;
  return { summary: title ?? known?.title ?? '', url: ticketUrl ?? known?.url ?? '' };
}

/** The newest pull request from a branch that Dexter made for the issue, an open one before the closed ones. */
async function earlierPullRequest(
  { octokit, repository }: PlanAloneOptions,
  issueKey: IssueKey,
): Promise<(PullRequestRef & { open: boolean }) | undefined> {
  const place = { owner: repository.owner, repo: repository.name };
  const needed: AlonePermissions = ['contents: read', 'pull-requests: read'];
  const found = await sayAlone('looking for earlier pull requests', needed, async () => {
    const refs = await octokit.paginate(octokit.rest.git.listMatchingRefs, {
      ...place,
      ref: `heads/${branchName(issueKey, '')}`,
    });
    const branches = refs
      .map(({ ref }) => ref.replace(/^refs\/heads\//, ''))
      .filter((branch) => issueKeyInBranch(branch) === issueKey);
    const pulls = await Promise.all(
      branches.map((branch) =>
        octokit.paginate(octokit.rest.pulls.list, {
          ...place,
          state: 'all',
          head: `${place.owner}:${branch}`,
          per_page: 100,
        }),
      ),
    );
    return pulls
      .flat()
      .filter(({ head }) => branches.includes(head.ref) && head.repo?.id === repository.id)
      .map(({ number, html_url: url, head, state }) => ({
        number,
        url,
        branch: head.ref,
        open: state === 'open',
      }));
  });
  return found.sort((a, b) => Number(b.open) - Number(a.open) || b.number - a.number)[0];
}

/** What the caller gave, and after it what GitHub says: data for the engine, cut to what a first message shows. */
function contextOf(
  { context }: AloneRequest,
  { issue, pullRequest }: Conversation,
): ClaimResponse['context'] {
  const said = keptContext({ ...(issue ? { issue } : {}), ...(pullRequest ? { pullRequest } : {}) });
  const shown = joined(shorten(context, mostShown), said.text);
  const full = joined(context, said.full ?? said.text);
  return { attachments: [], text: shown, ...(shown === full ? {} : { full }) };
}

function joined(...texts: string[]): string {
  return texts.filter((text) => text.trim() !== '').join('\n\n');
}

function notAddressed(): Problem {
  return {
    code: 'nothing-to-do',
    message: `The text does not address @${name} at the start of a line.`,
    hint: '',
  };
}

function needsApp(word: string): Problem {
  const instead: Record<string, string> = {
    stop: 'Cancel the workflow run on its page.',
    retry: 'Run the workflow run again on its page, or ask anew.',
    status: "The repository's Actions page shows what is running and waiting.",
  };
  return {
    code: 'nothing-to-do',
    message: `\`${word}\` is answered by the Dexter app, and this repository uses Dexter without it.`,
    hint: instead[word] ?? `Write what you want after \`@${name}\`.`,
  };
}

function noIssue(): AppError {
  return new AppError('input-invalid', {
    message: 'Neither `issue-key` nor `number` says which issue the work is for.',
    hint: 'Set `issue-key` to the JIRA key, or `number` to the number of the issue or pull request on GitHub.',
  });
}

function noPullRequestTarget(): AppError {
  return new AppError('input-invalid', {
    message: 'Dexter does not run on `pull_request_target`: it would hold secrets beside the code of a fork.',
    hint: 'Start the workflow by `issue_comment`, `workflow_dispatch` or `repository_dispatch`.',
  });
}
