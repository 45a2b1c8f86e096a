import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GitHub, startGitHub } from '../../demo/github/start-github.ts';
import { type Jira, startJira } from '../../demo/jira/start-jira.ts';
import { story, ticketKey } from '../../demo/story/ticket.ts';
import { type JiraGate, startJiraGate } from '../fakes/jira-gate.ts';
import { openPullRequest } from '../fakes/pull-request.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { type Gate, startGate } from './gate.ts';
import { addWorkflow, freePort, namingRuns, type Server, startServer } from './server-process.ts';
import { repositorySource } from './world.ts';

const place = { owner: 'acme', repo: 'shop' };

/** Two processes of the app with databases of their own, so that nothing but Redis keeps them from doing a thing twice. */
export function sharedRedis(
  name: string,
  open: () => Promise<{ url: string; close(): Promise<void> }>,
): void {
  describe(`two processes of the app that share ${name}`, () => {
    let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
    let redis: Awaited<ReturnType<typeof open>>;
    let github: GitHub;
    let githubGate: Gate;
    let jira: Jira;
    let jiraGate: JiraGate;
    let servers: Server[] = [];

    beforeAll(async () => {
      directory = await temporaryDirectory();
      redis = await open();
      github = await startGitHub({ repositorySource });
      githubGate = await startGate({ target: github.apiUrl, amend: namingRuns(github) });
      jira = await startJira(story);
      jiraGate = await startJiraGate(jira.url);
      await addWorkflow(github);
      servers = await Promise.all(
        [0, 1].map(async (index) =>
          startServer({
            directory: join(directory.path, `process-${index}`),
            port: await freePort(),
            github,
            githubApiUrl: githubGate.url,
            jira,
            jiraUrl: jiraGate.url,
            environment: { REDIS_URL: redis.url },
          }),
        ),
      );
    });

    afterAll(async () => {
      for (const server of servers) await server.end('SIGTERM');
      await Promise.all([githubGate?.close(), jiraGate?.close(), jira?.close(), github?.close()]);
      await redis?.close();
      await directory?.remove();
    });

    test('a ticket that both need at once is fetched once', async () => {
      const title = `${ticketKey}: notes`;
      const { number } = await openPullRequest(github, { title, branch: 'notes' });
      jiraGate.delay(setTimeout(1_000));
      for (const server of servers) {
        const { data } = await github.as('maria').rest.issues.createComment({
          ...place,
          issue_number: number,
          body: '@dexter do it',
        });
        await github.settled();
        const isIt = (text: string) =>
          (JSON.parse(text) as { comment?: { id: number } }).comment?.id === data.id;
        const delivery = github.deliveries().find((one) => one.event === 'issue_comment' && isIt(one.body));
        if (!delivery) throw new Error('the comment was not announced');
        const { headers, body } = delivery;
        await fetch(`${server.url}/api/github/webhooks`, { method: 'POST', headers, body });
      }
      for (const server of servers) {
        await server.until((one) => one.issueKey === ticketKey && one.status === 'dispatched', 'dispatched');
      }
      const contexts = github.workflowRuns().map(({ inputs }) => inputs.context);
      expect(contexts).toHaveLength(2);
      for (const context of contexts) expect(context).toContain('Coupons that take a percentage off');
      const fetches = jiraGate.readsOf(ticketKey).filter(({ query }) => query !== '?fields=updated');
      // The ticket and its comments.
      expect(fetches).toHaveLength(2);
      for (const server of servers) expect(await server.output()).not.toContain('cannot be used');
    });
  });
}
