import type { RepositoryRef } from '../core/command.ts';
import { AppError, messageOf } from '../core/errors.ts';
import { type Authenticate, statusOf } from '../github/github.ts';
import {
  commitFiles,
  editPullRequest,
  headOf,
  moveBranch,
  openPullRequest,
  pullRequestsFrom,
  readRepositoryState,
  readText,
  startBranch,
} from '../github/proposals.ts';
import { decideOnboarding, type Proposal, type Quiet } from './decide.ts';
import { noteIn, onboardingBranch, pullRequestText } from './pull-request.ts';
import { renewText } from './renew-text.ts';
import type { OnboardingTemplate, ProposedFile } from './template.ts';

export interface OnboardingOptions {
  octokit: Awaited<ReturnType<Authenticate>>;
  /** With an id only that repository: another one may have its name by now. */
  repository: Pick<RepositoryRef, 'owner' | 'name'> & { id?: number };
  template: OnboardingTemplate;
  /** Address of GitHub for people. */
  serverUrl: string;
  /** Name that Dexter listens to. */
  name: string;
  /** False when it is known that GitHub will refuse a workflow. */
  mayWriteWorkflows: boolean;
  /** A person asks for it here and now: forks, and repositories that said no, count as any other. */
  isAsked?: boolean;
}

export type Skipped = 'gone' | 'archived' | 'disabled' | 'fork' | 'empty' | 'not-permitted';

export type Onboarded =
  | { outcome: 'opened' | 'updated'; number: number; hasWorkflow: boolean; hasConflict: boolean }
  | { outcome: Quiet; number?: number }
  | { outcome: 'skipped'; because: Skipped };

/**
 * Brings the onboarding pull request of a repository to where it should be. What there is stands on GitHub alone, so
 * that this can be done at any time, again after a crash, and by two at once.
 * @throws AppError `github-failed`.
 */
export async function onboardRepository(options: OnboardingOptions): Promise<Onboarded> {
  const { octokit, template, mayWriteWorkflows, isAsked = false } = options;
  const { id } = options.repository;
  const state = await readRepositoryState(octokit, options.repository);
  if (!state || (id !== undefined && id !== state.repository.id)) return skipped('gone');
  if (state.isArchived) return skipped('archived');
  if (state.isDisabled) return skipped('disabled');
  if (state.isFork && !isAsked) return skipped('fork');
  const { repository, defaultBranch } = state;
  const base = await headOf(octokit, repository, defaultBranch);
  if (base === undefined) return skipped('empty');

  const workflow = await readText(octokit, repository, template.workflow.path, base);
  const proposals = (await pullRequestsFrom(octokit, repository, onboardingBranch)).map(toProposal);
  const decision = decideOnboarding({ proposals, workflow, template, mayWriteWorkflows, isAsked });
  const found: Found = { ...options, repository, defaultBranch, base, workflow };
  switch (decision.do) {
    case 'nothing':
      return { outcome: decision.because, ...(decision.number ? { number: decision.number } : {}) };
    case 'open':
      return unlessRefused(found, (mayWrite) => open({ ...found, mayWriteWorkflows: mayWrite }, decision));
    case 'update':
      return unlessRefused(found, (mayWrite) =>
        update({ ...found, mayWriteWorkflows: mayWrite }, decision.proposal),
      );
  }
}

interface Found extends OnboardingOptions {
  repository: RepositoryRef;
  defaultBranch: string;
  /** Newest commit of the default branch. */
  base: string;
  /** The workflow there. */
  workflow: string | undefined;
}

async function open(found: Found, { earlier }: { earlier?: Proposal }): Promise<Onboarded> {
  const { octokit, repository, template, defaultBranch, base, mayWriteWorkflows } = found;
  const { workflow, config } = template;
  const renewed = await renew(found, workflow, found.workflow, earlier?.note);
  if (renewed.content === found.workflow) return { outcome: 'current' };
  // Whoever removed the settings after merging them does without.
  const needsConfig = !earlier && (await readText(octokit, repository, config.path, base)) === undefined;
  const files = [
    ...(mayWriteWorkflows ? [{ ...workflow, renewed: renewed.content }] : []),
    ...(needsConfig ? [{ ...config, renewed: config.content }] : []),
  ];
  // A pull request holds one commit at least: where the workflow cannot be in it, there may be nothing to hold.
  if (files.length === 0) return skipped('not-permitted');
  const isRenewal = found.workflow !== undefined;
  const message = isRenewal ? 'Update the workflow of Dexter' : 'Add Dexter';
  const { pure, head } = await commitRenewed(found, base, message, files);
  await startBranch(octokit, repository, onboardingBranch, head);
  const hasWorkflow = mayWriteWorkflows;
  const { hasConflict } = renewed;
  const text = pullRequestText({
    ...found,
    workflow,
    paths: files.map(({ path }) => path),
    isRenewal,
    hasConflict,
    lacksWorkflow: !hasWorkflow,
    note: { template: template.version, commit: pure, hasWorkflow },
  });
  const place = { head: onboardingBranch, base: defaultBranch };
  const opened = await openPullRequest(octokit, repository, { ...text, ...place });
  // Without an answer another process was faster.
  return opened
    ? { outcome: 'opened', number: opened.number, hasWorkflow, hasConflict }
    : { outcome: 'open' };
}

async function update(found: Found, { number, note }: Proposal): Promise<Onboarded> {
  const { octokit, repository, template, mayWriteWorkflows } = found;
  const { workflow, config } = template;
  const before = await headOf(octokit, repository, onboardingBranch);
  if (before === undefined) return { outcome: 'declined', number };
  const current = await readText(octokit, repository, workflow.path, before);
  const settings = await readText(octokit, repository, config.path, before);
  const renewed = await renew(found, workflow, current, note);
  const hasWorkflow = mayWriteWorkflows || current === workflow.content;
  const files = [
    ...(mayWriteWorkflows ? [{ ...workflow, renewed: renewed.content }] : []),
    ...(settings === undefined ? [] : [await renewSettings(found, settings, note)]),
  ];
  const isChanged = files.some(
    ({ path, content }) => content !== (path === workflow.path ? current : settings),
  );
  const { pure, head } = isChanged
    ? await commitRenewed(found, before, 'Bring the files of Dexter up to date', files)
    : { pure: before, head: before };
  if (head !== before) await moveBranch(octokit, repository, onboardingBranch, head);
  const isRenewal = found.workflow !== undefined;
  const { hasConflict } = renewed;
  const text = pullRequestText({
    ...found,
    workflow,
    paths: isRenewal ? [workflow.path] : [...(hasWorkflow ? [workflow.path] : []), config.path],
    isRenewal,
    hasConflict,
    lacksWorkflow: !hasWorkflow,
    note: { template: template.version, commit: pure, hasWorkflow },
  });
  await editPullRequest(octokit, repository, number, text);
  return { outcome: 'updated', number, hasWorkflow, hasConflict };
}

/**
 * Commits the files as the template has them, and on top of that what the team changed in them. So the next template
 * is compared with this one, wherever the changes of the team are merged to.
 */
async function commitRenewed(
  { octokit, repository }: Found,
  parent: string,
  message: string,
  files: (ProposedFile & { renewed: string })[],
): Promise<{ pure: string; head: string }> {
  const pure = await commitFiles(octokit, repository, {
    parent,
    message,
    files: files.map(({ path, content }) => ({ path, content })),
  });
  const own = files.filter(({ content, renewed }) => content !== renewed);
  if (own.length === 0) return { pure, head: pure };
  const head = await commitFiles(octokit, repository, {
    parent: pure,
    message: 'Keep what was changed in the files of Dexter',
    files: own.map(({ path, renewed }) => ({ path, content: renewed })),
  });
  return { pure, head };
}

/** A file as it is to be, with what the team changed in it since the template of `note` wherever that can be kept. */
async function renew(
  { octokit, repository }: Found,
  file: ProposedFile,
  current: string | undefined,
  note: Proposal['note'],
): Promise<{ content: string; hasConflict: boolean }> {
  if (current === undefined || current === file.content) return { content: file.content, hasConflict: false };
  const before = note && (await readText(octokit, repository, file.path, note.commit));
  const content = before ? renewText(current, before, file.content) : undefined;
  return { content: content ?? file.content, hasConflict: content === undefined };
}

/** The settings are the team's: they are renewed only where that leaves alone what was changed. */
async function renewSettings(
  found: Found,
  current: string,
  note: Proposal['note'],
): Promise<ProposedFile & { renewed: string }> {
  const { config } = found.template;
  const { content, hasConflict } = await renew(found, config, current, note);
  return { ...config, renewed: hasConflict ? current : content };
}

/**
 * GitHub takes a workflow only from who has the permission for it, and tells a token's reach only by refusing: then
 * once more without the workflow.
 */
async function unlessRefused(
  { mayWriteWorkflows }: Found,
  propose: (mayWriteWorkflows: boolean) => Promise<Onboarded>,
): Promise<Onboarded> {
  try {
    return await propose(mayWriteWorkflows);
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  if (!mayWriteWorkflows) return skipped('not-permitted');
  try {
    return await propose(false);
  } catch (error) {
    if (isRefusal(error)) return skipped('not-permitted');
    throw error;
  }
}

/** Not allowed, as opposed to not now. GitHub answers 404 as well to who may not know. */
function isRefusal(error: unknown): boolean {
  const cause = error instanceof AppError ? error.cause : error;
  const status = statusOf(cause);
  if (status === 422) return /workflow/i.test(messageOf(cause));
  if (status === 404) return true;
  return status === 403 && !/rate limit|abuse/i.test(messageOf(cause));
}

function toProposal({
  number,
  state,
  body,
}: {
  number: number;
  state: Proposal['state'];
  body: string;
}): Proposal {
  const note = noteIn(body);
  return { number, state, ...(note ? { note } : {}) };
}

function skipped(because: Skipped): Onboarded {
  return { outcome: 'skipped', because };
}
