import { renderBranchNews, renderBranchSoFar } from '../src/context/branch-news.ts';
import { renderCheckLogs } from '../src/context/check-logs.ts';
import { messageOf } from '../src/core/errors.ts';
import type { SessionManifest } from '../src/core/session.ts';
import { branchNews, branchSoFar } from './branch-news.ts';
import type { Checkout } from './checkout.ts';
import { failingCheckLogs } from './failing-checks.ts';
import type { Work } from './work.ts';

/**
 * What only the runner can tell of the branch, as Markdown, each empty when there is nothing: what others did to it and
 * to its base since the conversation was saved, how the failing checks ended, and for a conversation that begins after
 * others what they left there. What cannot be found out costs no run.
 */
export async function aroundBranch(
  { claim, inputs, log, runner, secrets, stop }: Work,
  { base, git, start }: Checkout,
  restored: SessionManifest | undefined,
): Promise<{ news: string; logs: string; soFar: () => Promise<string> }> {
  const orNothing = async (what: string, text: Promise<string>) => {
    try {
      return await text;
    } catch (error) {
      log.warn(`${what} could not be found out: ${messageOf(error)}`);
      return '';
    }
  };
  const ownEmail = claim.committer.email;
  const soFar = async () => {
    const found = await branchSoFar({ git, base, start, ownEmail });
    return found === undefined ? '' : `## The branch so far\n\n${renderBranchSoFar(found)}`;
  };
  const news = async () => {
    if (restored === undefined) return '';
    const found = await branchNews({ git, base, start, since: restored, ownEmail });
    return found === undefined ? '' : `## The branch since the last run\n\n${renderBranchNews(found)}`;
  };
  const logs = async () => {
    if (inputs.job.target.pullRequest === undefined) return '';
    const { apiUrl, owner, repository } = runner;
    const token = claim.githubToken;
    const { signal } = stop;
    const options = { apiUrl, owner, repository, token, commit: start, secrets, signal };
    const found = await failingCheckLogs(options);
    // Why there are none is nothing that the engine could do something about.
    if (found.jobs.length === 0) for (const notice of found.notices) log.info(notice);
    return found.jobs.length === 0 ? '' : renderCheckLogs(found);
  };
  const [ofBranch, ofChecks] = await Promise.all([
    orNothing('What happened to the branch', news()),
    orNothing('How the checks ended', logs()),
  ]);
  return { news: ofBranch, logs: ofChecks, soFar: () => orNothing('What the branch holds', soFar()) };
}
