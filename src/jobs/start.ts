import { authorize } from '../commands/authorize.ts';
import {
  chooseRepository,
  linkedRepositories,
  notInstalled,
  repositoriesOf,
} from '../commands/choose-repository.ts';
import {
  RepositoryConfig,
  readRepositoryConfig,
  repositoryConfigPath,
  switchedOff,
} from '../commands/repository-config.ts';
import { type Actor, type Ask, type RepositoryRef, sourceOf, waitsForItsTurn } from '../core/command.ts';
import type { KeptContext } from '../core/context.ts';
import { AppError, type Problem, toProblem } from '../core/errors.ts';
import { projectOf } from '../core/issue-key.ts';
import type { Job } from '../core/job.ts';
import type { SessionRef } from '../core/session.ts';
import { isEnd } from '../core/status.ts';
import { type Conversation, readBranch } from '../github/conversation.ts';
import { readText } from '../github/proposals.ts';
import { findInstalled, permissionOf } from '../github/repositories.ts';
import {
  countAttempt,
  describeCommand,
  getCommand,
  lastFromJira,
  leaseCommand,
  moveCommand,
  repositoryOf,
} from '../ledger/commands.ts';
import { countBeside } from '../ledger/count-beside.ts';
import { addMeasures } from '../ledger/measures.ts';
import { getRun, insertRun, keepRunReference, noteDispatch } from '../ledger/runs.ts';
import { newestGeneration, noteUse, pullRequestOfIssue } from '../ledger/sessions.ts';
import type { CommandRow } from '../ledger/tables.ts';
import { budgetLines } from '../report/budget.ts';
import { acknowledge } from '../report/publish.ts';
import type { Cap } from './budgets.ts';
import { connectionOf } from './connections.ts';
import { answerControl, askToRetry, stopWaiting } from './control.ts';
import { askedIn, gather, type ReadBefore } from './gather.ts';
import { askForBudget, budgetRequest, giveBudget, readBalances } from './give-budget.ts';
import { planForget, planJob } from './plan.ts';
import type { TicketRequest } from './read-ticket.ts';
import type { Services } from './services.ts';
import { settle } from './settle.ts';
import { type Understood, understand } from './understand.ts';
import { waitForJira } from './wait-for-jira.ts';

/** How often a command may be begun, crashes included, before it is given up. */
const maxAttempts = 3;

/** The words that are also told what is left of the budgets. */
const tellsBudgets: readonly string[] = ['status', 'cost'];

/** Links of a comment that are looked up. */
const mostLinks = 5;

/** How long a dispatched job may wait for its runner before somebody looks after it. */
export const dispatchedLeaseSeconds = 180;

/**
 * Brings a command from the queue to a runner, or to its end. Every step can be done again, so a process
 * that died anywhere in here is made up for by calling this once more.
 */
export async function startCommand(services: Services, id: string): Promise<void> {
  const row = await getCommand(services.db, id);
  if (!row) return;
  if (isEnd(row.status)) {
    await settle(services, id, { status: row.status });
    return;
  }
  if (row.status === 'running') return;
  try {
    if ((await countAttempt(services.db, id)) - row.waits > maxAttempts) throw gaveUp();
    // Somebody asked to stop it while it waited.
    if (row.waits > 0 && row.stop_requested) return await cancel(services, id);
    await begin(services, row);
  } catch (error) {
    if (await waitForJira(services, row, error)) return;
    services.log.error({ commandId: id, err: error }, 'command could not be started');
    // A job that was dispatched may have its runner, now or soon: then it goes on, or is looked up when the
    // lease is over. Only a dispatch that certainly did not start ends the command.
    const mayRun = (await getRun(services.db, id)) !== undefined && !isCertain(error);
    if (mayRun || (await getCommand(services.db, id))?.status === 'running') return;
    await settle(services, id, { status: 'failed', problem: toProblem(error) });
  }
}

function isCertain(error: unknown): boolean {
  return error instanceof AppError && error.code === 'dispatch-failed';
}

async function begin(services: Services, row: CommandRow): Promise<void> {
  const planned = await getRun(services.db, row.id);
  if (planned) return dispatch(services, row, planned.job);

  const readSince = Date.now();
  const understood = await understand(services, row);
  if (understood.outcome === 'ignore') {
    return end(services, row, {
      code: 'nothing-to-do',
      message: `Not obeyed: ${understood.reason}.`,
      hint: '',
    });
  }
  if (understood.outcome === 'refuse') return end(services, row, understood.problem);
  const { actor, text, conversation } = understood;
  if (waitsForItsTurn(understood.ask) && row.queue_key !== row.issue_key)
    return end(services, row, outOfTurn());
  // `forget` is kept as late as an instruction: `retry` may do again only what somebody was allowed to ask.
  const word = isAnsweredHere(understood.ask) ? understood.ask : undefined;
  await describeCommand(services.db, row.id, { actor, ask: word });
  if (understood.ask.kind === 'control' && understood.ask.word === 'help') {
    return answer(services, row, 'help');
  }

  const admitted = await admit(services, row, text, actor);
  if ('problem' in admitted) return end(services, row, admitted.problem);
  const { where, login } = admitted;
  // Instruction and repository only now: `retry` does again what is kept, and the ticket's next command goes there.
  await describeCommand(services.db, row.id, { ask: understood.ask, ...where });

  const ask = await instructionOf(services, row, where, understood.ask);
  if (ask.kind === 'control' && ask.word !== 'forget') {
    const there = { ...row, ...columnsOf(where) };
    if (ask.word !== 'retry') {
      const left = tellsBudgets.includes(ask.word)
        ? await budgetsLeft(services, row, admitted, conversation)
        : [];
      return answer(services, there, ask.word, left);
    }
    return end(services, row, {
      code: 'nothing-to-do',
      message: 'There is nothing to do again: nothing that was asked on this issue ended without success.',
      hint: 'Say what you want instead.',
    });
  }
  await describeCommand(services.db, row.id, { ask });
  const settings = ask.kind !== 'control' ? await settingsOf(services, where, conversation) : undefined;
  if (settings && 'problem' in settings)
    return end(services, { ...row, ...columnsOf(where) }, settings.problem);
  const budget = settings && budgetRequest(services, row, admitted, ask, settings.config);
  // Nothing is said or read for what is refused anyway.
  const asked = budget && (await askForBudget(services.db, budget));
  if (asked && 'problem' in asked) return end(services, { ...row, ...columnsOf(where) }, asked.problem);
  await acknowledge(services, { ...row, ask, actor, ...columnsOf(where) }, conversation?.asked);

  const { job, kept, defaultBranch } = await plan(services, row, where, ask, requestedBy(actor, login), {
    asked: askedOn(row, understood, readSince),
    conversation,
    config: settings?.config,
    cap: asked?.cap,
  });
  const begun = await services.db.transaction().execute(async (transaction) => {
    // Another run may have been given some of it meanwhile.
    const given = budget ? await giveBudget(transaction, budget) : { cap: {} };
    if ('problem' in given) return given;
    const capped = { ...job, session: { ...job.session, ...given.cap } };
    await insertRun(transaction, row.id, capped, { kept, person: admitted.person });
    if (job.session.mode !== 'forget') await noteUse(transaction, sessionOf(row, where), where.repository);
    return { job: capped };
  });
  if ('problem' in begun) return end(services, { ...row, ...columnsOf(where) }, begun.problem);
  await dispatch(services, { ...row, ...columnsOf(where) }, begun.job, defaultBranch);
}

interface Admitted {
  where: Where;
  login: string;
  /** Whose spending it counts for. */
  person: string;
}

/** Where a command goes, and who may give it there. */
async function admit(
  services: Services,
  row: CommandRow,
  text: string,
  actor: Actor,
): Promise<Admitted | { problem: Problem }> {
  const first = await tryToAdmit(services, row, text, actor, true);
  if (!('problem' in first) || !first.isRemembered) return first;
  // The app may have been removed from the repository since, or installed anew: that is asked only now.
  return tryToAdmit(services, row, text, actor, false);
}

async function tryToAdmit(
  services: Services,
  row: CommandRow,
  text: string,
  actor: Actor,
  mayRemember: boolean,
): Promise<Admitted | { problem: Problem; isRemembered: boolean }> {
  const located = await locate(services, row, text, mayRemember);
  if ('problem' in located) return { ...located, isRemembered: false };
  const { isRemembered = false, ...where } = located;
  if (actor.from === 'dexter') return { where, login: services.name, person: 'dexter' };
  const { installationId, repository } = where;
  const verdict = await authorize(actor, peopleOf(services, row), repository, (login) =>
    permissionOf(services.github, installationId, repository, login),
  );
  if (!verdict.allowed) return { problem: verdict.problem, isRemembered };
  return { where, login: verdict.login, person: verdict.person };
}

/** What is left of the budgets, in Markdown; of the repository's own as far as its settings were read along. */
async function budgetsLeft(
  services: Services,
  row: CommandRow,
  admitted: Admitted,
  conversation: Conversation | undefined,
): Promise<string[]> {
  const read = readRepositoryConfig(conversation?.settings ?? admitted.where.settings ?? undefined);
  const config = 'config' in read ? read.config : RepositoryConfig.parse({});
  const request = budgetRequest(services, row, admitted, undefined, config);
  const { balances } = await readBalances(services.db, request);
  return balances.length === 0 ? [] : ['Budgets:', budgetLines(balances, admitted.login).join('\n')];
}

/** What the repository says of commands: read with the conversation, with the repository, or now. */
async function settingsOf(
  services: Services,
  { installationId, repository, settings }: Where,
  conversation: Conversation | undefined,
): Promise<{ config: RepositoryConfig } | { problem: Problem }> {
  const read = readRepositoryConfig(await textOfSettings());
  return 'config' in read && !read.config.enabled ? { problem: switchedOff() } : read;

  async function textOfSettings(): Promise<string | undefined> {
    if (conversation) return conversation.settings;
    if (settings !== undefined) return settings ?? undefined;
    return await readText(await services.github(installationId), repository, repositoryConfigPath);
  }
}

function isAnsweredHere(ask: Ask): boolean {
  return ask.kind === 'control' && ask.word !== 'forget';
}

async function plan(
  services: Services,
  row: CommandRow,
  where: Where,
  ask: Ask,
  requestedBy: string,
  { config, cap, ...read }: ReadBefore & { config: RepositoryConfig | undefined; cap: Cap | undefined },
): Promise<{ job: Job; kept?: KeptContext; defaultBranch: string | undefined }> {
  const { installationId, repository } = where;
  const { conversation } = read;
  const facts = {
    commandId: row.id,
    issueKey: row.issue_key,
    installationId,
    repository,
    newest: await newestGeneration(services.db, sessionOf(row, where)),
    requestedBy,
    appUrl: services.appUrl,
  };
  const known = conversation?.defaultBranch ?? where.defaultBranch;
  if (ask.kind === 'control') return { job: planForget(facts), defaultBranch: known };
  const context = await gather(services, row, read);
  const earlier = context.pullRequest
    ? undefined
    : await earlierPullRequest(services, row, where, conversation);
  const planned = planJob({
    ...facts,
    kind: ask.kind,
    instruction: ask.instruction,
    flags: ask.flags,
    engine: services.engine,
    context,
    ...(config ? { config } : {}),
    ...(cap ? { cap } : {}),
    asked: askedIn(row.origin),
    // Of a repository that nobody told this of, everybody may be able to read the inputs.
    isPublic: !(conversation?.isPrivate ?? where.isPrivate ?? earlier?.isPrivate ?? false),
    ...(earlier ? { earlier: earlier.pullRequest } : {}),
  });
  return { ...planned, defaultBranch: known ?? earlier?.defaultBranch };
}

function askedOn(
  { origin }: CommandRow,
  { newest }: Extract<Understood, { outcome: 'ask' }>,
  readSince: number,
): TicketRequest['asked'] {
  return origin.kind === 'jira-comment' && newest
    ? { commentId: origin.commentId, newest, readSince }
    : undefined;
}

function sessionOf(row: CommandRow, { installationId, repository }: Where): SessionRef {
  return { installationId, repositoryId: repository.id, issueKey: row.issue_key };
}

interface Where {
  installationId: number;
  repository: RepositoryRef;
  /** When they were read along with something else. */
  defaultBranch?: string | undefined;
  isPrivate?: boolean | undefined;
  settings?: string | null;
}

/**
 * The repository of a command: GitHub's payload, a session's row and the dashboard name it, for JIRA it is found. Where an earlier
 * command of the ticket went is remembered, unless `mayRemember` is false.
 */
async function locate(
  services: Services,
  row: CommandRow,
  text: string,
  mayRemember: boolean,
): Promise<(Where & { isRemembered?: boolean }) | { problem: Problem }> {
  const { origin } = row;
  if ('installationId' in origin) {
    return { installationId: origin.installationId, repository: origin.repository };
  }
  if (origin.kind === 'retention' || origin.kind === 'dashboard-jira') {
    const repository = repositoryOf(row);
    if (!repository || row.installation_id === null) throw new Error(`command ${row.id} has no repository`);
    return { installationId: row.installation_id, repository };
  }
  const earlier = await lastFromJira(services.db, row.issue_key, row.id);
  const { projects } = connectionOf(services, origin);
  const projectKey = projectOf(origin.issueKey);
  const links = linkedRepositories(text, services.serverUrl).slice(0, mostLinks);
  const found = await Promise.all(
    links.map(async (link) => ({ link, installed: await find(services, link) })),
  );
  const choice = chooseRepository({
    linked: found.filter(({ installed }) => installed).map(({ link }) => link),
    notInstalled: found.filter(({ installed }) => !installed).map(({ link }) => link),
    serverUrl: services.serverUrl,
    earlier: earlier && repositoryOf(earlier),
    projectKey,
    projects,
  });
  if (choice.outcome === 'refuse') return { problem: choice.problem };
  const chosen = `${choice.owner}/${choice.name}`;
  const linked = found.find(({ link }) => link === chosen)?.installed;
  const before = earlier && repositoryOf(earlier);
  const wasHere = before?.owner === choice.owner && before.name === choice.name;
  if (!linked && mayRemember && wasHere && earlier?.installation_id)
    return { installationId: earlier.installation_id, repository: before, isRemembered: true };
  const installed = linked ?? (await find(services, chosen));
  if (installed) return installed;
  return { problem: notInstalled(chosen, repositoriesOf(projects, projectKey), services.serverUrl) };
}

function find(services: Services, fullName: string): Promise<Where | undefined> {
  const [owner = '', name = ''] = fullName.split('/');
  return findInstalled(services.github, owner, name);
}

function columnsOf(where: Where) {
  return {
    installation_id: where.installationId,
    repository_id: where.repository.id,
    repository_owner: where.repository.owner,
    repository_name: where.repository.name,
  };
}

function peopleOf(services: Services, row: CommandRow): Record<string, string> {
  return 'connection' in row.origin ? connectionOf(services, row.origin).people : {};
}

async function instructionOf(services: Services, row: CommandRow, where: Where, ask: Ask): Promise<Ask> {
  if (ask.kind !== 'control' || ask.word !== 'retry') return ask;
  return (await askToRetry(services, row.issue_key, where.repository.id)) ?? ask;
}

/** The pull request that Dexter opened for the issue before, as it is now: its branch may have been renamed since. */
async function earlierPullRequest(
  services: Services,
  row: CommandRow,
  where: Where,
  conversation: Conversation | undefined,
) {
  const earlier = await pullRequestOfIssue(services.db, where.repository.id, row.issue_key);
  if (!earlier) return undefined;
  // Read along with the issue, or not there any more.
  if (conversation) return { pullRequest: { ...earlier, open: false, ...conversation.earlier } };
  const read = await readBranch(services.github, { ...where, number: earlier.number });
  const { defaultBranch, isPrivate, ...now } = read;
  return { pullRequest: { ...earlier, ...now }, defaultBranch, isPrivate };
}

function requestedBy(actor: Actor, login: string): string {
  if (actor.from === 'dexter') return actor.name ?? login;
  return actor.from === 'jira' ? `${actor.displayName} (@${login})` : `@${login}`;
}

/** Sends the job to a runner, unless it was sent before a crash and only the answer was lost. */
async function dispatch(
  services: Services,
  row: CommandRow,
  job: Job,
  defaultBranch?: string,
): Promise<void> {
  const repository = repositoryOf(row);
  if (!repository || row.installation_id === null)
    throw new Error(`command ${row.id} has a job but no repository`);
  const request = { installationId: row.installation_id, repository, job, defaultBranch };
  if (await isStopped(services, row.id)) return cancel(services, row.id);
  const begunBefore = row.attempts > 0;
  const known = begunBefore ? (await getRun(services.db, row.id))?.run_id : undefined;
  const found = begunBefore ? await services.dispatcher.find(request, known ?? undefined) : undefined;
  const run = found ?? (await services.dispatcher.dispatch(request));
  await keepRunReference(services.db, row.id, run);
  await moveCommand(services.db, row.id, 'dispatched');
  const untilNotice = services.runnerNoticeMs / 1000;
  await leaseCommand(services.db, row.id, Math.min(untilNotice, dispatchedLeaseSeconds));
  await countDispatch(services, row);
  if (await isStopped(services, row.id)) await stopWaiting(services, row.id);
  services.log.info(
    { commandId: row.id, issueKey: row.issue_key, run, again: found !== undefined },
    'job dispatched',
  );
}

/** How long the command waited for it, once, however often its dispatch is begun. A runner has it: nothing here may stop that. */
async function countDispatch(
  { db, log }: Services,
  { id, origin, repository_id: repositoryId }: CommandRow,
): Promise<void> {
  try {
    await db.transaction().execute(async (transaction) => {
      const seconds = await noteDispatch(transaction, id);
      if (seconds === undefined || repositoryId === null) return;
      const label = sourceOf(origin);
      await countBeside(transaction, log, () =>
        addMeasures(transaction, [{ name: 'dispatch_latency', label, value: seconds, repositoryId }]),
      );
    });
  } catch (error) {
    log.warn({ commandId: id, err: error }, 'when a job was dispatched was not noted');
  }
}

/** An event of JIRA that claimed a word like `help` for a comment that holds an instruction. */
function outOfTurn(): Problem {
  return {
    code: 'request-changed',
    message: 'The comment does not say what JIRA told of it, so Dexter did not act on it.',
    hint: 'Post what you want as a new comment.',
  };
}

/** Whether somebody asked to stop while the command was prepared. */
async function isStopped(services: Services, id: string): Promise<boolean> {
  return (await getCommand(services.db, id))?.stop_requested ?? false;
}

async function cancel(services: Services, id: string): Promise<void> {
  await settle(services, id, { status: 'cancelled' });
}

async function answer(
  services: Services,
  row: CommandRow,
  word: Parameters<typeof answerControl>[2],
  budgets: string[] = [],
): Promise<void> {
  const said = await answerControl(services, row, word);
  await settle(services, row.id, { status: 'done', answer: [said, ...budgets].join('\n\n') });
}

async function end(services: Services, row: CommandRow, problem: Problem): Promise<void> {
  await settle(services, row.id, { status: 'refused', problem });
}

function gaveUp(): AppError {
  return new AppError('dispatch-failed', {
    message: `Dexter tried ${maxAttempts} times to start this and did not succeed.`,
    hint: 'An administrator finds the reason in the log under the command id; then `retry`.',
  });
}
