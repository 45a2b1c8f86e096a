import { randomUUID } from 'node:crypto';
import { fromText } from '../../demo/jira/adf.ts';
import { estimateTokens } from '../../demo/model/prompt-cache.ts';
import { accounts, story, ticketKey } from '../../demo/story/ticket.ts';
import { renderPrompt } from '../../src/context/prompt.ts';
import { IssueKey } from '../../src/core/issue-key.ts';
import { ClaimResponse, claimPath } from '../../src/core/runner.ts';
import { type Issuer, startIssuer } from '../../test/app/issuer.ts';
import { addWorkflow } from '../../test/app/server-process.ts';
import { goodReport, startWorld } from '../../test/app/world.ts';
import { openPullRequest } from '../../test/fakes/pull-request.ts';
import type { ContextGround } from '../context.ts';
import type { Result } from '../figure.ts';

/** Comments on the ticket when the first command is given, that command included. */
const comments = 100;

/** Requests of the app, from a command's comment to its told end, between the simulated GitHub and JIRA. */
export async function* measureCalls({ leftovers, log }: ContextGround): AsyncGenerator<Result> {
  let issuer: Issuer | undefined;
  let toGitHub = 0;
  const world = await startWorld({
    jira: {
      ...story,
      issues: [...story.issues, { key: 'SHOP-1', summary: 'First', reporter: accounts.maria }],
    },
    issuer: async (github) => {
      issuer = await startIssuer(github);
      return issuer;
    },
    onGitHubRequest: () => {
      toGitHub += 1;
    },
  });
  leftovers.defer(() => world.close());
  await addWorkflow(world.github);
  const ticket = world.jira.issue(ticketKey);
  for (let index = ticket.comments.length; index < comments - 1; index += 1) {
    const at = `2026-01-13T00:00:00.${String(index).padStart(3, '0')}+0000`;
    const said = { author: accounts.rob, body: fromText('Hm.'), created: at, updated: at, properties: [] };
    ticket.comments.push({ id: `9${index}`, ...said });
  }

  /** Plays a command and its run. Its own comment on JIRA is a request as well, which is not the app's. */
  async function costOf(what: string, issueKey: string, ask: () => Promise<unknown>, own: number) {
    const before = { github: toGitHub, jira: world.jira.requests().length };
    await ask();
    const { id } = await world.until(
      (one) => one.issueKey === issueKey && one.status === 'dispatched',
      `of ${issueKey} is dispatched`,
    );
    const response = await world.call(
      claimPath(id),
      (await issuer?.tokenFor(id, 'http://127.0.0.1:1')) ?? '',
      {
        claimant: randomUUID(),
        runUrl: '',
        runnerName: 'bench',
      },
    );
    const claim = ClaimResponse.parse(await response.json());
    await world.report(id, claim.fence, goodReport());
    await world.until((one) => one.id === id && one.told, 'is told');
    const toJira = world.jira.requests().slice(before.jira + own);
    const reads = toJira.filter(({ method }) => method === 'GET').length;
    const cost = { github: toGitHub - before.github, jira: toJira.length, reads };
    log(`  ${what}: JIRA ${cost.jira} (${reads} to read), GitHub ${cost.github}`);
    return { ...cost, id };
  }

  log('calls: one command of each kind');
  const onTicket = (key: string) => () => world.jira.comment(accounts.maria, key, '@dexter do this');
  // What an app asks once in its life: its own accounts, and a token an hour for each installation.
  await costOf('first of all', 'SHOP-1', onTicket('SHOP-1'), 1);
  const first = await costOf('first on a ticket', ticketKey, onTicket(ticketKey), 1);
  const { number } = await openPullRequest(world.github, { title: `${ticketKey}: Coupons`, branch: 'topic' });
  const onPullRequest = () => world.comment('maria', number, '@dexter do this');
  const next = await costOf('on a pull request', ticketKey, onPullRequest, 0);
  const followUp = await costOf('the same, ticket unchanged', ticketKey, onPullRequest, 0);
  const again = await costOf('on the ticket again', ticketKey, onTicket(ticketKey), 1);

  const github = Math.max(...[first, next, followUp, again].map((cost) => cost.github));
  yield { figure: 'jira_calls_first', value: first.jira, unit: 'calls', goal: '<=4' };
  // The one beside it tells the end of the command on the ticket.
  yield { figure: 'jira_reads_unchanged', value: followUp.reads, unit: 'calls', goal: '<=1' };
  yield { figure: 'github_calls_most', value: github, unit: 'calls', goal: '<=6' };

  const { inputs } =
    world.github.workflowRuns().find((run) => run.inputs['command-id'] === followUp.id) ?? {};
  const { markdown } = JSON.parse(inputs?.delta || '{"markdown":""}');
  const prompt = renderPrompt({
    issueKey: IssueKey.parse(ticketKey),
    mode: 'resume',
    context: { kind: 'news', markdown },
    instruction: inputs?.instruction ?? '',
    notices: [],
  });
  yield { figure: 'unchanged_tokens', value: estimateTokens(prompt), unit: 'tokens', goal: '<200' };
}
