import { access, appendFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GitHub, startGitHub } from '../../demo/github/start-github.ts';
import type { WorkflowRun } from '../../demo/github/workflow-runs.ts';
import { type Jira, startJira } from '../../demo/jira/start-jira.ts';
import { type Model, startModel } from '../../demo/model/server.ts';
import { instructions, tasks } from '../../demo/story/solution.ts';
import { accounts, story, ticketKey } from '../../demo/story/ticket.ts';
import { newMasterKey } from '../../src/core/session-key.ts';
import { type Issuer, startIssuer } from '../app/issuer.ts';
import { addWorkflow, freePort, jiraSecret, type Server, startServer } from '../app/server-process.ts';
import { repositorySource } from '../app/world.ts';
import { realClaude } from '../fakes/real-claude.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { runWithAct } from './act.ts';
import { root } from './workflow-files.ts';

// Set by scripts/test-services.sh where Go could build it.
const program = process.env.TEST_ACT ?? '';
const isHere = program !== '';
if (!isHere) console.warn('The tests with act do not run: it is not here, TEST_ACT does not say where.');

/** A run is a few seconds; whoever waits longer has hung. */
const longestMs = 240_000;
const apiKey = 'canary-model-key-of-the-team';

describe.skipIf(!isHere)('the workflow in a real workflow engine', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let github: GitHub;
  let jira: Jira;
  let model: Model;
  let issuer: Issuer;
  let app: Server;
  let runs = 0;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    [github, jira, model] = await Promise.all([
      startGitHub({ repositorySource }),
      startJira(story),
      startModel({ tasks }),
    ]);
    issuer = await startIssuer(github);
    await addWorkflow(github);
    app = await startServer({
      directory: join(directory.path, 'app'),
      port: await freePort(),
      github,
      jira,
      environment: { DEXTER_OIDC_ISSUER: issuer.url, DEXTER_SESSION_KEY: newMasterKey() },
    });
    github.setWebhookTarget(`${app.url}/api/github/webhooks`);
    jira.setWebhookTarget(`${app.url}/jira/acme`, jiraSecret);
  }, longestMs);

  afterAll(async () => {
    await app?.end('SIGTERM');
    await Promise.all([issuer?.close(), model?.close(), jira?.close()]);
    await github?.close();
    await directory?.remove();
  });

  /** The caller as a team has it: their settings, and what their server does not know taken out. */
  async function callerOf(workspace: string): Promise<string> {
    const settings = {
      store: 'actions-cache',
      workspace,
      'claude-path': realClaude,
      'anthropic-base-url': model.url,
    };
    const lines = Object.entries(settings).map(
      ([name, value]) => `      ${name}: ${JSON.stringify(value)}\n`,
    );
    const example = await readFile(join(root, 'examples/dexter.yml'), 'utf8');
    return example
      .replace(/^ +queue: max\n/m, '')
      .replace(/^ +timeout-minutes: 60\n/m, (line) => line + lines.join(''));
  }

  /** Does what a runner does with the next run that the app dispatches; each time another machine. */
  async function nextRun(): Promise<{ run: WorkflowRun; log: string; runner: string }> {
    const until = Date.now() + longestMs;
    let run: WorkflowRun | undefined;
    for (;;) {
      run = github.workflowRuns()[runs];
      if (run) break;
      if (Date.now() > until)
        throw new Error(`nothing was dispatched: ${JSON.stringify(await app.commands())}`);
      await setTimeout(50);
    }
    runs += 1;
    const runner = join(directory.path, `runner-${runs}`);
    await mkdir(runner);
    const { exitCode, log } = await runWithAct({
      program,
      directory: runner,
      cacheDirectory: join(directory.path, 'actions-cache'),
      github,
      issuer,
      workflow: await callerOf(join(runner, 'workspace')),
      run,
      secrets: { ANTHROPIC_API_KEY: apiKey },
    });
    // To look at, and for docs: the file is written only where somebody asks for it.
    if (process.env.ACT_LOG) await appendFile(process.env.ACT_LOG, `== run ${runs}\n${log}\n`);
    expect(exitCode, log).toBe(0);
    await github.completeRun(run.id, 'success');
    return { run, log, runner };
  }

  it(
    'runs two commands in one session, that the second runner has from the Actions cache',
    async () => {
      await jira.comment(accounts.maria, ticketKey, `@dexter ${instructions.onTicket}`);
      const one = await nextRun();
      const first = await app.until((command) => command.told, 'is told of');
      expect(first, one.log).toMatchObject({
        status: 'done',
        report: { session: { mode: 'fresh', generation: 1 }, pullRequest: { branch: expect.any(String) } },
      });
      const number = first.report?.pullRequest?.number ?? 0;

      const mark = join(directory.path, 'started-by-an-input');
      const hostile = [
        `$(touch ${mark}) \`touch ${mark}\` "; touch ${mark}; '`,
        `\${{ github.token }} \${{ fromJSON('[1]')[0] }} ::set-output name=outcome::hacked`,
        `&& touch ${mark} | touch ${mark} > ${mark} \\`,
      ].join('\n');
      await github.as('maria').rest.issues.createComment({
        owner: 'acme',
        repo: 'shop',
        issue_number: number,
        body: `@dexter ${instructions.onPullRequest} ${hostile}`,
      });
      const two = await nextRun();
      const second = await app.until((command) => command.told && command.id !== first.id, 'is told of');

      expect(second, two.log).toMatchObject({
        status: 'done',
        report: { session: { id: first.report?.session?.id, mode: 'resume', generation: 2 } },
      });
      // Nothing but the cache is shared by the two runners.
      expect(await readdir(one.runner)).toContain('workspace');
      expect(two.run.inputs.instruction).toBe(`${instructions.onPullRequest} ${hostile}`);
      expect(conversationOf(model.requests.at(-1)?.body)).toContain(two.run.inputs.instruction);
      await expect(access(mark)).rejects.toThrow();
      for (const { log } of [one, two]) {
        expect(log).not.toContain(apiKey);
        expect([...log.matchAll(/::set-output:: outcome=(.*)$/gm)].map(([, outcome]) => outcome)).toEqual([
          'done',
        ]);
      }
    },
    2 * longestMs,
  );
});

/** All texts of what the model was sent, one after the other. */
function conversationOf(body: unknown): string {
  if (typeof body === 'string') return body;
  if (typeof body !== 'object' || body === null) return '';
  return Object.values(body).map(conversationOf).join('\n');
}
