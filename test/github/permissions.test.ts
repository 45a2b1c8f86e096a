import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';

const root = fileURLToPath(new URL('../..', import.meta.url));

const Access = z.enum(['read', 'write']);
const { default_permissions: granted } = z
  .object({ default_permissions: z.record(z.string(), Access) })
  .parse(parseYaml(await readFile(join(root, 'app.yml'), 'utf8')));

/** What each call to GitHub needs, by the app's token or that of a run. https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps */
const needs: Record<
  string,
  Partial<Record<string, z.infer<typeof Access>>> | 'the app itself' | 'another token'
> = {
  // By the app.
  'apps.getAuthenticated': 'the app itself',
  'apps.getInstallation': 'the app itself',
  'apps.getRepoInstallation': 'the app itself',
  'apps.createInstallationAccessToken': 'the app itself',
  'users.getByUsername': {},
  'repos.get': { metadata: 'read' },
  'repos.getCollaboratorPermissionLevel': { metadata: 'read' },
  'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches': { actions: 'write' },
  'actions.listWorkflowRuns': { actions: 'read' },
  'actions.getWorkflowRun': { actions: 'read' },
  'actions.listJobsForWorkflowRun': { actions: 'read' },
  'actions.cancelWorkflowRun': { actions: 'write' },
  'issues.get': { issues: 'read' },
  'issues.getComment': { issues: 'read' },
  'issues.listComments': { issues: 'read' },
  'issues.createComment': { issues: 'write' },
  'issues.updateComment': { issues: 'write' },
  'reactions.createForIssueComment': { issues: 'write' },
  'pulls.getReview': { pull_requests: 'read' },
  'pulls.getReviewComment': { pull_requests: 'read' },
  'pulls.listReviewComments': { pull_requests: 'read' },
  'pulls.listCommentsForReview': { pull_requests: 'read' },
  'pulls.createReplyForReviewComment': { pull_requests: 'write' },
  'pulls.updateReviewComment': { pull_requests: 'write' },
  'reactions.createForPullRequestReviewComment': { pull_requests: 'write' },
  'query Conversation': { issues: 'read', pull_requests: 'read', checks: 'read', statuses: 'read' },
  'query Repository': { contents: 'read', metadata: 'read' },
  'query Branch': { pull_requests: 'read' },
  'mutation AnswerOnIssue': { issues: 'write', pull_requests: 'write' },
  'mutation AnswerInThread': { pull_requests: 'write' },
  // By the app, for the onboarding pull request.
  'repos.getContent': { contents: 'read' },
  'git.getRef': { contents: 'read' },
  'git.getCommit': { contents: 'read' },
  'git.createTree': { contents: 'write', workflows: 'write' },
  'git.createCommit': { contents: 'write' },
  'git.createRef': { contents: 'write', workflows: 'write' },
  'git.updateRef': { contents: 'write', workflows: 'write' },
  'pulls.update': { pull_requests: 'write' },
  // By `dexter doctor`, which looks with the app's own rights.
  'GET /app': 'the app itself',
  'GET /app/hook/config': 'the app itself',
  'GET /app/hook/deliveries': 'the app itself',
  'GET /app/installations': 'the app itself',
  'GET /repos/{owner}/{repo}/installation': 'the app itself',
  'GET /installation/repositories': { metadata: 'read' },
  'GET /repos/{owner}/{repo}/contents/{path}': { contents: 'read' },
  'GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}': { actions: 'read' },
  // By the app, for somebody who signs in to the dashboard; the last by its own OAuth client.
  'POST /login/oauth/access_token': 'the app itself',
  'GET /user': {},
  'GET /user/installations': {},
  'GET /user/installations/{installation_id}/repositories': { metadata: 'read' },
  'DELETE /applications/{client_id}/token': 'the app itself',
  // By a run, with the token of its claim.
  'git fetch and push': { contents: 'write' },
  'pulls.create': { pull_requests: 'write' },
  'pulls.list': { pull_requests: 'read' },
  'GET /repos/{owner}/{repo}/actions/runs': { actions: 'read' },
  'GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs': { actions: 'read' },
  'GET …/actions/jobs/…/logs': { actions: 'read' },
  // By the token of the job, or of whoever uses the command line.
  'GET /repos/{owner}/{repo}': 'another token',
  'GET /repos/{owner}/{repo}/actions/permissions': 'another token',
  'GET /repos/{owner}/{repo}/actions/secrets': 'another token',
  'GET /repos/{owner}/{repo}/actions/organization-secrets': 'another token',
  'GET /repos/{owner}/{repo}/actions/runners': 'another token',
  'GET /orgs/{org}/actions/runners': 'another token',
  'git.listMatchingRefs': 'another token',
  'GET /repos/{owner}/{repo}/actions/caches': 'another token',
  'DELETE /repos/{owner}/{repo}/actions/caches/{cache_id}': 'another token',
};

/** Every way in which the code calls GitHub, with the name that the call has above. */
const callSites: [RegExp, (match: RegExpExecArray) => string][] = [
  [/\.rest\.(\w+)\.(\w+)/g, ([, scope, method]) => `${scope}.${method}`],
  [/'((?:GET|POST|PUT|PATCH|DELETE) \/(?!v1\/)[^']*)'/g, ([, route]) => String(route)],
  [/^(query|mutation) (\w+)/gm, ([, kind, name]) => `${kind} ${name}`],
  [/`\/repos\/[^`]*\/logs`/g, () => 'GET …/actions/jobs/…/logs'],
  [/export async function openRemote\(/g, () => 'git fetch and push'],
];

async function callsOf(folder: string): Promise<[call: string, file: string][]> {
  const files = await readdir(join(root, folder), { recursive: true });
  const sources = files.filter((file) => file.endsWith('.ts') && !file.startsWith('dist'));
  const found = await Promise.all(
    sources.map(async (file) => {
      const text = await readFile(join(root, folder, file), 'utf8');
      return callSites.flatMap(([pattern, nameOf]) =>
        [...text.matchAll(pattern)].map((match): [string, string] => [nameOf(match), `${folder}/${file}`]),
      );
    }),
  );
  return found.flat();
}

const calls = [...(await callsOf('src')), ...(await callsOf('action'))];

const rank = { read: 1, write: 2 };

describe('the permissions of the app', () => {
  it('are known for each call that the code makes to GitHub, and the list holds no other', () => {
    const unknown = calls.filter(([call]) => needs[call] === undefined);
    expect(unknown, 'add each to the list above, and what it needs to app.yml').toEqual([]);
    const made = new Set(calls.map(([call]) => call));
    expect(Object.keys(needs).filter((call) => !made.has(call))).toEqual([]);
  });

  it('in app.yml are what the calls need, and no more', () => {
    const needed: Record<string, z.infer<typeof Access>> = {};
    for (const need of Object.values(needs)) {
      if (typeof need === 'string') continue;
      for (const [permission, access = 'read'] of Object.entries(need)) {
        const before = needed[permission];
        if (!before || rank[before] < rank[access]) needed[permission] = access;
      }
    }
    expect(needed).toEqual(granted);
  });
});
