import { branchName, chooseTarget, shortName } from '../commands/choose-target.ts';
import { planInstruction } from '../commands/plan-instruction.ts';
import { modelOf, RepositoryConfig } from '../commands/repository-config.ts';
import { contextInputs, keptContext } from '../context/fit-context.ts';
import type { ContextFacts } from '../context/render.ts';
import type { CommandFlags, RepositoryRef } from '../core/command.ts';
import type { KeptContext } from '../core/context.ts';
import { type ContextSeen, hashOfSeen } from '../core/context-seen.ts';
import { type EngineSetting, engineFor, type JobKind } from '../core/engine.ts';
import { AppError } from '../core/errors.ts';
import { IssueKey, isJiraKey } from '../core/issue-key.ts';
import { encodeInputs, type Job, maxInputCharacters } from '../core/job.ts';
import { claimMark, mostInputBytes } from '../core/packed-text.ts';
import type { PullRequestRef } from '../core/report.ts';
import type { TicketSeen, TicketsSeen } from '../core/session.ts';
import type { NewestGeneration } from '../ledger/sessions.ts';
import type { Cap } from './budgets.ts';

/** What every job says, whatever is to be done. */
export interface ForgetFacts {
  commandId: string;
  issueKey: string;
  installationId: number;
  repository: RepositoryRef;
  /** Newest generation of the session in the ledger, 0 for none, and what its store calls it. */
  newest: NewestGeneration;
  requestedBy: string;
  appUrl: string;
}

export interface PlanFacts extends ForgetFacts {
  /** Absent for an instruction. */
  kind?: JobKind;
  instruction: string;
  flags: CommandFlags;
  context: ContextFacts;
  /** What the repository says of its commands. */
  config?: RepositoryConfig;
  /** What talks to the model where neither the command nor the repository says it. */
  engine?: EngineSetting | undefined;
  /** What the run may cost; nothing for no limit. */
  cap?: Cap;
  /** Id of the comment that asked, as in ContextComment. */
  asked?: string | undefined;
  /** Whoever can read the repository can read the inputs of its workflows. */
  isPublic?: boolean | undefined;
  /** Newest pull request that Dexter opened for the issue, and whether it is still open. */
  earlier?: PullRequestRef & { open: boolean };
}

/** Characters kept free beside the inputs' texts, for what GitHub counts and we do not. */
const reserve = 500;

export interface PlannedJob {
  job: Job;
  /** What the app keeps for the claim and for the next delta. */
  kept: KeptContext;
}

/**
 * The job of a command, from facts alone: where the work goes, which session it continues, and what the
 * engine is told, cut to what the workflow's inputs can hold.
 * @throws AppError `branch-unusable` for a pull request that cannot be pushed to, `input-invalid` for an
 * instruction that is too long.
 */
export function planJob(facts: PlanFacts): PlannedJob {
  const { mayBeSaved, seen: seenBefore, ...newest } = facts.newest;
  const { asked } = facts;
  // A session that was forgotten is not looked for: a copy may lie where nobody could remove it.
  const isFresh = facts.flags.fresh === true || !mayBeSaved;
  const { kind = 'instruction', flags, config } = facts;
  const engine = engineFor(kind, [flags.engine, config?.engine, facts.engine]);
  const kept = keptContext(facts.context, facts.flags.fresh ? {} : { seen: seenBefore, asked });
  const job: Job = {
    commandId: facts.commandId,
    issueKey: IssueKey.parse(facts.issueKey),
    instruction: kind === 'plan' ? planInstruction(facts.instruction) : facts.instruction,
    context: '',
    delta: '',
    session: {
      installationId: facts.installationId,
      repositoryId: facts.repository.id,
      mode: isFresh ? 'fresh' : 'resume',
      ...newest,
      ...ticketsSeen(kept),
      model: modelOf(
        facts.flags,
        facts.config ?? RepositoryConfig.parse({}),
        isFresh || facts.newest.generation === 0,
      ),
      ...facts.cap,
      ...(engine === undefined ? {} : { engine }),
      ...(kind === 'instruction' ? {} : { kind }),
    },
    target: chooseTarget({ ...facts, ...facts.context }),
    appUrl: facts.appUrl,
  };
  const used = Object.entries(encodeInputs(job)).reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    0,
  );
  const room = maxInputCharacters - reserve - used;
  if (room < 0) {
    throw new AppError('input-invalid', {
      message: `The instruction has ${facts.instruction.length} characters, which a workflow cannot take.`,
      hint: 'Put the details into the ticket or a file of the repository and refer to them.',
    });
  }
  const inputs = facts.isPublic
    ? { context: claimMark, delta: kept.delta === undefined ? '' : claimMark }
    : contextInputs(kept, { characters: room, bytes: mostInputBytes });
  return { job: { ...job, ...inputs }, kept };
}

/** How much of the ticket a context shows. */
export function ticketsSeen({ seen, alone }: KeptContext): TicketsSeen {
  return { ticket: ticketSeen(seen), ...(alone ? { ticketAlone: ticketSeen(alone) } : {}) };
}

/** The newest comment is for whoever looks at a session. */
function ticketSeen(seen: ContextSeen): TicketSeen {
  return { hash: hashOfSeen(seen), newestComment: Object.keys(seen.comments).at(-1) ?? '' };
}

/**
 * The job that removes the session: it goes nowhere and needs nothing of the ticket, which may be gone. Its target is
 * where an instruction would go.
 */
export function planForget(facts: ForgetFacts): Job {
  const { commandId, repository, installationId, appUrl } = facts;
  const { mayBeSaved: _, seen: __, ...newest } = facts.newest;
  const issueKey = IssueKey.parse(facts.issueKey);
  return {
    commandId,
    issueKey,
    instruction: 'forget',
    context: '',
    delta: '',
    session: {
      installationId,
      repositoryId: repository.id,
      mode: 'forget',
      ...newest,
    },
    target: {
      branch: branchName(issueKey, ''),
      base: '',
      title: issueKey,
      ticketUrl: '',
      requestedBy: shortName(facts.requestedBy),
    },
    appUrl,
  };
}

/** The JIRA key in a pull request's title, when it names exactly one of a known project. */
export function jiraKeyInTitle(title: string, projects: Iterable<string>): string | undefined {
  const known = new Set(projects);
  const keys = [...title.matchAll(/(?<![A-Za-z0-9-])([A-Z][A-Z0-9_]{1,29})-[1-9]\d{0,9}(?![A-Za-z0-9])/g)]
    .filter(([, project]) => project !== undefined && known.has(project))
    .map(([key]) => key);
  const [only, ...others] = new Set(keys);
  return only !== undefined && others.length === 0 && isJiraKey(only) ? only : undefined;
}
