import type { Logger } from 'pino';
import type { RepositoryRef } from '../core/command.ts';
import type { Authenticate } from '../github/github.ts';
import { readGrants } from '../github/proposals.ts';
import type { Db } from '../ledger/commands.ts';
import { finishOnboarding, type OnboardingPace, takeOnboarding } from '../ledger/onboardings.ts';
import { type Onboarded, onboardRepository } from './onboard-repository.ts';
import type { OnboardingTemplate } from './template.ts';

/**
 * GitHub takes 80 writes a minute and 500 an hour of an app; one repository needs four. Most of it stays free for the
 * comments of commands.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
export const defaultPace: OnboardingPace = { perMinute: 5, perHour: 50 };

/** Longer than GitHub asks a client to wait for when it has had enough. */
const leaseSeconds = 15 * 60;

/** A failure is tried again after one minute, two, four, … */
const firstRetrySeconds = 60;
const longestRetrySeconds = 6 * 60 * 60;

/** With these pauses about a day. */
const mostAttempts = 12;

export interface OnboardingServices {
  db: Db;
  github: Authenticate;
  log: Logger;
  name: string;
  serverUrl: string;
  onboarding?: { template: OnboardingTemplate; pace: OnboardingPace };
}

/** Looks after the onboarding of the next repository that is due; false when there is none, or it is too early. */
export async function onboardNext(services: OnboardingServices): Promise<boolean> {
  const { db, onboarding, log } = services;
  if (!onboarding) return false;
  const { template, pace } = onboarding;
  const taken = await takeOnboarding(db, template.version, pace, leaseSeconds);
  if (!taken) return false;
  const { repository, installationId, attempts } = taken;
  const told = { repository: `${repository.owner}/${repository.name}`, installationId };
  try {
    const onboarded = await onboard(services, template, installationId, repository);
    tell(log, told, onboarded);
    const wrote = onboarded.outcome === 'opened' || onboarded.outcome === 'updated';
    const outcome = onboarded.outcome === 'skipped' ? onboarded.because : onboarded.outcome;
    await finishOnboarding(db, taken, { outcome, wrote, template: template.version });
  } catch (error) {
    const isLast = attempts >= mostAttempts;
    const againAfterSeconds = Math.min(firstRetrySeconds * 2 ** (attempts - 1), longestRetrySeconds);
    log.warn(
      { ...told, err: error, attempts, ...(isLast ? {} : { againAfterSeconds }) },
      isLast ? 'onboarding failed and is given up' : 'onboarding failed and is tried again',
    );
    await finishOnboarding(db, taken, {
      outcome: 'failed',
      // It may have come to that.
      wrote: true,
      template: template.version,
      ...(isLast ? {} : { againAfterSeconds }),
    });
  }
  return true;
}

async function onboard(
  { github, name, serverUrl }: OnboardingServices,
  template: OnboardingTemplate,
  installationId: number,
  repository: RepositoryRef,
): Promise<Onboarded> {
  const grants = await readGrants(github, installationId);
  if (!grants) return { outcome: 'skipped', because: 'gone' };
  if (grants.contents !== 'write' || grants.pull_requests !== 'write')
    return { outcome: 'skipped', because: 'not-permitted' };
  const octokit = await github(installationId);
  const mayWriteWorkflows = grants.workflows === 'write';
  return onboardRepository({ octokit, repository, template, serverUrl, name, mayWriteWorkflows });
}

const reasons = {
  gone: 'the app is not installed on it any more, or is suspended, or another repository has its name now',
  archived: 'it is archived',
  disabled: 'GitHub has disabled it',
  fork: 'it is a fork; `dexter init --pull-request` opens one there',
  empty: 'it has no commit yet; `dexter init` adds the files',
  'not-permitted':
    'the installation has not granted what a pull request takes: Contents and Pull requests, and Workflows for the workflow',
} as const;

function tell(log: Logger, told: Record<string, unknown>, onboarded: Onboarded): void {
  switch (onboarded.outcome) {
    case 'skipped':
      log.warn({ ...told, because: onboarded.because }, `no onboarding: ${reasons[onboarded.because]}`);
      return;
    case 'opened':
    case 'updated':
      log.info({ ...told, ...onboarded }, `onboarding pull request ${onboarded.outcome}`);
      return;
    default:
      log.info({ ...told, ...onboarded }, 'onboarding: nothing to do');
  }
}
