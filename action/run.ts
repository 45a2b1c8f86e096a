import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { engineWords } from '../src/core/engine.ts';
import { AppError, messageOf, toProblem } from '../src/core/errors.ts';
import type { Report } from '../src/core/report.ts';
import type { EngineResult } from '../src/engines/engine.ts';
import { killLeftovers } from '../src/engines/leftovers.ts';
import { isMcpRule } from '../src/mcp/choose-servers.ts';
import { workPath } from '../src/workspace/layout.ts';
import { lockSession } from '../src/workspace/lock-session.ts';
import { takeAway } from '../src/workspace/remove-tree.ts';
import { workspaceUse } from '../src/workspace/workspace-use.ts';
import { type Answer, isExplained } from './app-client.ts';
import { type Checkout, prepareCheckout } from './checkout.ts';
import { chooseEngine } from './choose-engine.ts';
import { converse, type Prepared } from './converse.ts';
import { type Ending, endingOf, lostRun, stoppedBeforeStart } from './ending.ts';
import { forget } from './forget.ts';
import { gitIn } from './git.ts';
import { checkGit } from './git-version.ts';
import { countCopy } from './keep-copy.ts';
import { keepSession } from './keep-session.ts';
import { openConversation } from './open-conversation.ts';
import { readyEngine } from './ready-engine.ts';
import { reckonSaving } from './reckon-saving.ts';
import { openRemote, type Remote } from './remote.ts';
import { finishedReport } from './report.ts';
import { openSessionDirectory, type SessionDirectory } from './session-directory.ts';
import { takeBack } from './take-back.ts';
import { watchCache } from './watch-cache.ts';
import { type RunOptions, startWork, type Work } from './work.ts';

export type RunEnd =
  /** Another run has the command, or nobody wants it any more: the engine was not started. */
  { outcome: 'refused'; message: string } | { outcome: 'ended'; report: Report; delivered: boolean };

/** One run of one command: claim, work, report. Whatever goes wrong after the claim ends in the report. */
export async function run(options: RunOptions): Promise<RunEnd> {
  const startedAt = options.now();
  const { app, claimToken, log, runner } = options;
  const claim = await app.claim(
    {
      claimant: randomUUID(),
      runUrl: runner.runUrl,
      runnerName: runner.name,
      wantsSnapshot: options.inputs.allowedTools.some(isMcpRule),
    },
    claimToken,
  );
  if (claim.outcome === 'refused') return refused(claim);
  const { githubToken, runToken, sessionKeys } = claim.value;
  const keys = [sessionKeys.current, ...sessionKeys.previous].map(({ key }) => key);
  for (const secret of [githubToken, runToken, ...keys]) log.secret(secret);

  const report = await worked(options, claim.value, startedAt);
  // The app may be away for longer than the runner waits for a job that was cancelled.
  await options.keepReport(report);
  return { outcome: 'ended', report, delivered: await deliver(options, claim.value, report) };
}

async function worked(options: RunOptions, claim: Work['claim'], startedAt: number): Promise<Report> {
  await using begun = startWork(options, claim, startedAt);
  try {
    const work = { ...begun, ...(await options.openStores()) };
    await (options.inputs.job.session.mode === 'forget' ? forgetSession(work) : doWork(work));
  } catch (error) {
    options.log.warn(describeError(error));
    begun.report.outcome = 'failed';
    begun.report.problem = toProblem(error);
  }
  await addWorkspace(options, begun.report);
  return finishedReport(begun.report, options.now() - startedAt, begun.secrets);
}

/** For whoever watches over the disks of runners; a report goes without it as well. */
async function addWorkspace({ log, runner, workspace }: RunOptions, report: Report): Promise<void> {
  try {
    const use = await workspaceUse(workspace);
    if (use !== undefined) report.workspace = { runner: runner.name.slice(0, 200).toWellFormed(), ...use };
  } catch (error) {
    log.warn(`How much of the workspace is free could not be found out: ${messageOf(error)}`);
  }
}

/** The story of a run that has only to forget. */
async function forgetSession({ board, log, ref, report, stores, unnamed, workspace }: Work): Promise<void> {
  board.step('Deleting the session');
  // Until all of it is gone: a run of the session that began meanwhile would save it once more.
  await using _ = await lockSession(workspace, ref);
  const removeFiles = async () => void (await takeAway(workPath(workspace, ref)));
  const { forgotten, notices, problem } = await forget({ ref, stores, unnamed, removeFiles, warn: log.warn });
  report.notices.push(...notices);
  report.forgotten = forgotten;
  report.outcome = problem === undefined ? 'done' : 'failed';
  if (problem !== undefined) report.problem = problem;
}

/** The story of a run. */
async function doWork(work: Work): Promise<void> {
  const { board, ref, report } = work;
  board.step('Preparing the checkout');
  const repository = `${work.runner.owner}/${work.runner.repository}`;
  await using directory = await openSessionDirectory(work.workspace, ref, { repository });
  const prepared = await prepare(work, directory);
  if (prepared === undefined) return;
  const { checkout } = prepared;
  board.workingIn(checkout.directory);

  const talk = await converse(work, directory, prepared, (result) =>
    keepWork(work, directory, checkout, result),
  );
  const { ending, head } = talk.kept;
  countCopy(report, talk.copy);
  // The engine, and with it what the agent wrote, ran once more for the copy.
  await takeBack(join(checkout.directory, '.git'), checkout.mirror);
  const isOurs = (await work.heartbeat.now()) === 'alive';
  if (isOurs) await keepSession(work, directory, checkout, talk, head);
  else Object.assign(report, lostRun(report, work.heartbeat.lostBecause()));
  Object.assign(report, reckonSaving(report, talk, work.pricesOf));
  watchCache(work, talk);
  await work.reached('saved');
  if (isOurs && ending.publish && !isPlan(work)) await publish(work, directory, checkout, head);
  else if (report.commits.length > 0) await keepForLater(work, checkout, head);
}

/**
 * Puts the engine's end into the report and commits what it did, before anything else that may take minutes or die: the
 * next run of the issue keeps what stands under the ref.
 */
async function keepWork(
  { claim, inputs, report, stop }: Work,
  { home }: SessionDirectory,
  checkout: Checkout,
  result: EngineResult,
): Promise<{ ending: Ending; head: string }> {
  const ending = endingOf(result, stop.cause(), inputs, engineWords[report.engine ?? 'claude-code']);
  Object.assign(report, ending.report);
  if (isPlan({ inputs })) {
    const { discardChanges, planNotices } = await import('./discard-changes.ts');
    report.notices.push(...planNotices(await discardChanges(checkout, home), report.denials));
    // `allowed-tools` would not help.
    report.denials = [];
    return { ending, head: checkout.start };
  }
  // What only the end of a run needs, such as a parser of Markdown, is not loaded before the engine starts.
  const { commitChanges } = await import('./commit.ts');
  const { keepUnpushed } = await import('./publish.ts');
  const { head, commits } = await commitChanges(checkout, inputs.job, claim.committer, home);
  report.commits = commits;
  if (commits.length > 0) await keepUnpushed(checkout, head, inputs.job.commandId);
  return { ending, head };
}

function isPlan({ inputs }: Pick<Work, 'inputs'>): boolean {
  return inputs.job.session.kind === 'plan';
}

/**
 * The checkout, and beside it what does not need it. Undefined for a run that was stopped meanwhile: it has nothing
 * yet to save or to publish.
 */
async function prepare(work: Work, directory: SessionDirectory): Promise<Prepared | undefined> {
  const { board, inputs, env, log, report, stop } = work;
  const { target } = inputs.job;
  const ended = new AbortController();
  // What cannot be is said before anything is made ready for it.
  const choice = chooseEngine(inputs);
  const opening = openConversation(work, directory);
  const finding = readyEngine(choice, opening, {
    path: inputs.claudePath,
    version: inputs.claudeVersion,
    env,
    temporaryDirectory: work.runner.temporaryDirectory,
    workspace: work.workspace,
    signal: AbortSignal.any([stop.signal, ended.signal]),
    info: log.info,
  });
  const settled = Promise.allSettled([finding, opening]);
  try {
    await checkGit(gitIn(directory.root, env));
    await using remote = await remoteOf(work, directory, stop.signal);
    const mirror = { directory: directory.mirror, signal: stop.signal, warn: log.warn };
    const { keepIgnored } = inputs;
    const checkout = await prepareCheckout({
      directory: directory.checkout,
      target,
      remote,
      env,
      mirror,
      keepIgnored,
    });
    board.step('Restoring the session');
    const opened = await opening;
    const engine = await finding;
    report.engine = engine.name;
    if (inputs.job.session.kind === 'plan') report.kind = 'plan';
    if (!stop.signal.aborted) return { checkout, engine, opened };
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    ended.abort();
    // Nobody may be at work in a directory that is about to be removed.
    await settled;
  }
  Object.assign(report, stoppedBeforeStart(stop.cause(), inputs));
  return undefined;
}

/** Pushes what there is, and makes sure that the branch has a pull request. */
async function publish(
  work: Work,
  directory: SessionDirectory,
  checkout: Checkout,
  head: string,
): Promise<void> {
  const { board, claim, inputs, report, runner } = work;
  const { job } = inputs;
  const { dropUnpushed, isAheadOfBase, openPullRequest, push } = await import('./publish.ts');
  if (report.commits.length > 0) {
    board.step('Looking at what changed');
    // Git ran over what the agent wrote; nothing of it may be left to look on while the token is at hand.
    await killLeftovers(directory.home);
    report.notices.push(...(await lookAtPush(work, checkout, head)));
    board.step(`Pushing to ${checkout.branch}`);
    // Not ended with the engine's time, which may be over: what was done until then is still published.
    await using remote = await remoteOf(work, directory, work.signal);
    await push(checkout, head, remote, job.commandId);
    await dropUnpushed(checkout, job.commandId);
    await work.reached('pushed');
  }
  const number = job.target.pullRequest;
  if (number !== undefined) {
    const url = `${runner.serverUrl}/${runner.owner}/${runner.repository}/pull/${number}`;
    report.pullRequest = { number, url, branch: checkout.branch };
  } else if (await isAheadOfBase(checkout, head)) {
    board.step('Opening the pull request');
    const { githubToken } = claim;
    report.pullRequest = await openPullRequest({
      job,
      checkout,
      runner,
      token: githubToken,
      summary: report.summary,
    });
    board.pullRequest(report.pullRequest);
  }
}

/** What the person is told of the push; a refusal is thrown. */
async function lookAtPush(work: Work, checkout: Checkout, head: string): Promise<string[]> {
  const { env, inputs, runner, secrets } = work;
  const { keepUnpushed } = await import('./publish.ts');
  const { checkPush } = await import('./check-push.ts');
  const ref = await keepUnpushed(checkout, head, inputs.job.commandId);
  const { temporaryDirectory } = runner;
  return await checkPush({ checkout, head, rules: inputs.pushRules, secrets, temporaryDirectory, env, ref });
}

/** Under the runner's own temporary directory: the engine's is the agent's to write to. */
function remoteOf(work: Work, directory: SessionDirectory, signal: AbortSignal): Promise<Remote> {
  return openRemote({
    url: work.runner.gitUrl,
    token: work.claim.githubToken,
    objectDirectory: join(directory.checkout, '.git', 'objects'),
    temporaryDirectory: work.runner.temporaryDirectory,
    signal,
    env: work.env,
  });
}

async function keepForLater({ inputs, report }: Work, checkout: Checkout, head: string): Promise<void> {
  const { keepUnpushed } = await import('./publish.ts');
  const ref = await keepUnpushed(checkout, head, inputs.job.commandId);
  report.notices.push(
    `The changes of this run were not pushed. They are kept on the runner under \`${ref}\`.`,
  );
}

/** Whether the app has the report; the post step tries once more when it has not. */
async function deliver({ app, log }: RunOptions, claim: Work['claim'], report: Report): Promise<boolean> {
  try {
    const answer = await app.report(claim, report);
    if (answer.outcome === 'refused') log.warn(`The app did not take the report: ${answer.refusal.message}`);
    return true;
  } catch (error) {
    log.warn(describeError(error));
    return false;
  }
}

/**
 * Only these say that the command is not this run's to do, and only when the app itself says them; anything else is a
 * mistake in the set-up, such as an address at which something else answers.
 */
const notOurs = [403, 404, 409, 410];

function refused(claim: Extract<Answer<unknown>, { outcome: 'refused' }>): RunEnd {
  const { message, hint } = claim.refusal;
  if (notOurs.includes(claim.status) && isExplained(claim))
    return { outcome: 'refused', message: `${message} ${hint}` };
  throw new AppError('claim-refused', { message: `The app refused this run: ${message}`, hint });
}

/** For the log of the job: an unexpected error with its stack, because the report does not show it. */
function describeError(error: unknown): string {
  if (error instanceof AppError || !(error instanceof Error)) return messageOf(error);
  return error.stack ?? error.message;
}
