import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startS3 } from '../../demo/s3/start-s3.ts';
import { instructions } from '../../demo/story/solution.ts';
import { newMasterKey } from '../../src/core/session-key.ts';
import { exampleWorkflow, inputsFor } from '../fakes/example-workflow.ts';
import { installFakeClaude, promptFor } from '../fakes/fake-claude.ts';
import { until } from '../fakes/processes.ts';
import { git } from '../fakes/repository.ts';
import { type AloneStep, type AloneWorld, createAloneWorld } from './alone-world.ts';
import type { Ended } from './world.ts';

let world: AloneWorld;
beforeEach(async () => {
  world = await createAloneWorld();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const repo = { owner: 'acme', repo: 'shop' };
const forComments = await exampleWorkflow('stand-alone.yml');
const forJira = await exampleWorkflow('jira-repository-dispatch.yml');

async function openIssue(): Promise<number> {
  const { data } = await world.github.as('maria').rest.issues.create({
    ...repo,
    title: 'Coupons that take a percentage off',
    body: 'SUMMER10 takes ten percent off.',
  });
  return data.number;
}

async function commentsOn(number: number) {
  const { data } = await world.github.as('maria').rest.issues.listComments({ ...repo, issue_number: number });
  return data.map(({ id, body = '', user }) => ({ id, body, by: user?.login }));
}

/** What the example's workflow gives the action when somebody comments. */
function commented(
  actor: string,
  number: number,
  body: string,
  secrets: Record<string, string> = {},
): AloneStep {
  const github = { event: { issue: { number }, comment: { body } } };
  return {
    event: 'issue_comment',
    actor,
    inputs: inputsFor(forComments, { github, secrets: withModel(secrets) }),
  };
}

const withModel = (secrets: Record<string, string>) => ({
  ANTHROPIC_API_KEY: 'simulated-key-0123456789',
  ...secrets,
});

const subjects = async (branch: string) =>
  (await git(world.github.gitDirectory, 'log', '--format=%s', branch)).trim().split('\n');

/** Without the lines by which the runner is told what to mask. */
const logOf = ({ output }: Ended) =>
  output
    .split('\n')
    .filter((line) => !line.startsWith('::add-mask::'))
    .join('\n');

/** Several runs one after the other, each with the real CLI, on a machine that may be busy. */
const severalRuns = 300_000;

describe('a run without the app', { timeout: severalRuns }, () => {
  it('continues on the pull request the session that it began on the issue', async () => {
    const issue = await openIssue();
    const first = await world.run(commented('maria', issue, `@dexter ${instructions.onTicket}`));
    expect(first.exitCode, first.output).toBe(0);
    expect(first.outputs).toMatchObject({ outcome: 'done', 'pull-request': String(issue + 1) });
    const { data: pull } = await world.github.as('maria').rest.pulls.get({ ...repo, pull_number: issue + 1 });
    expect(pull).toMatchObject({ state: 'open', body: expect.stringContaining(`Closes #${issue}`) });
    expect(pull.user?.login).toBe('github-actions[bot]');
    const branch = pull.head.ref;
    const key = `gh-${world.github.repository.id}-${issue}`;
    expect(branch).toBe(`dexter/${key}-coupons-that-take-a-percentage-off`);
    const [onIssue, ...others] = await commentsOn(issue);
    expect(others).toEqual([]);
    expect(onIssue).toMatchObject({
      by: 'github-actions[bot]',
      body: expect.stringContaining('✅ **Done**'),
    });
    expect(onIssue?.body).toContain('/actions/runs/4711/attempts/1');
    expect(await commentsOn(pull.number)).toEqual([]);

    const second = await world.run(commented('rob', pull.number, `@dexter ${instructions.onPullRequest}`));
    expect(second.exitCode, second.output).toBe(0);
    expect(second.outputs).toEqual(first.outputs);
    expect(second.summary).toContain('Resumed (');
    expect(second.summary).toContain(`## ✅ Done: ${key}`);
    expect(await subjects(branch)).toHaveLength(3);
    const author = await git(
      world.github.gitDirectory,
      'log',
      '-1',
      '--format=%an <%ae>%n%(trailers)',
      branch,
    );
    expect(author).toContain('github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>');
    expect(author).toContain('Requested-by: @rob');
    const onPull = await commentsOn(pull.number);
    expect(onPull).toHaveLength(1);
    expect(onPull[0]?.body).toContain('Resumed (');
    expect((await commentsOn(issue)).map(({ id }) => id)).toEqual([onIssue?.id]);
    // The second request of the model found what the first run had written into its cache.
    const used = world.model.requests.at(-1)?.usage;
    expect(used?.cache_read_input_tokens).toBeGreaterThan(used?.cache_creation_input_tokens ?? 0);

    const forgot = await world.run(commented('maria', pull.number, '@dexter forget'));
    expect(forgot.exitCode, forgot.output).toBe(0);
    expect((await commentsOn(pull.number)).at(-1)?.body).toContain('2 generations removed');
  });

  it('is started by JIRA and finds the session in the bucket, on whatever runner', async () => {
    const s3 = await startS3();
    try {
      const secrets = withModel({ DEXTER_SESSION_KEY: newMasterKey() });
      const dispatched = async (comment: string, machine: string): Promise<AloneStep> => {
        const { event_type: action, client_payload } = JSON.parse(await sentByJira(comment));
        expect(forJira.on).toEqual({ repository_dispatch: { types: [action] } });
        const github = { event: { action, client_payload } };
        const inputs = {
          ...inputsFor(forJira, { github, secrets }),
          workspace: join(world.directory, machine),
          store: 's3',
          's3-bucket': s3.bucket,
          's3-region': s3.region,
          's3-endpoint': s3.url,
          's3-path-style': 'true',
        };
        const env = { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey };
        return { event: 'repository_dispatch', actor: 'rob', inputs, env };
      };
      const first = await world.run(await dispatched(`@dexter ${instructions.onTicket}`, 'one'));
      expect(first.exitCode, first.output).toBe(0);
      const number = Number(first.outputs['pull-request']);
      const { data: pull } = await world.github.as('maria').rest.pulls.get({ ...repo, pull_number: number });
      expect(pull).toMatchObject({
        title: 'SHOP-42: Coupons "for all"',
        head: { ref: 'dexter/SHOP-42-coupons-for-all' },
        body: expect.stringContaining('[SHOP-42](<https://acme.atlassian.net/browse/SHOP-42>)'),
      });
      expect(JSON.stringify(world.model.requests[0]?.body)).toContain('SUMMER10 takes 10 % off.');

      const second = await world.run(await dispatched(`@dexter ${instructions.onPullRequest}`, 'two'));
      expect(second.exitCode, second.output).toBe(0);
      expect(second.outputs).toEqual(first.outputs);
      expect(second.summary).toContain('Resumed (');
      const told = await commentsOn(number);
      expect(told.map(({ by }) => by)).toEqual(['github-actions[bot]', 'github-actions[bot]']);
      const message = await git(world.github.gitDirectory, 'log', '-1', '--format=%B', pull.head.ref);
      expect(message).toContain('Requested-by: Maria "M" Lang');
    } finally {
      await s3.close();
    }
  });

  it('keeps the token and the keys from the agent, the log and the comment', async () => {
    const issue = await openIssue();
    const [key, previous] = [newMasterKey(), newMasterKey()];
    const record = join(world.directory, 'record.json');
    const plan = {
      record,
      write: { 'notes.md': 'x\n' },
      result: { result: `I found ${world.token} and ${key}.` },
    };
    const { inputs, ...step } = commented('maria', issue, `@dexter do it\n${promptFor(plan)}`, {
      DEXTER_SESSION_KEY: key,
    });
    const ended = await world.run({
      ...step,
      inputs: {
        ...inputs,
        'session-key-previous': previous,
        'claude-path': await installFakeClaude(world.directory),
      },
    });
    expect(ended.exitCode, ended.output).toBe(0);
    const secrets = [world.token, key, previous, 'simulated-key-0123456789'];
    // The prompt repeats the plan, which had to name the secrets for them to be in the answer.
    const { prompt, ...seen } = JSON.parse(await readFile(record, 'utf8'));
    expect(Object.keys(seen)).toEqual(expect.arrayContaining(['argv', 'env']));
    const said = JSON.stringify([logOf(ended), ended.summary, await commentsOn(issue)]);
    expect(said).toContain('I found');
    for (const secret of secrets) {
      expect(JSON.stringify(seen)).not.toContain(secret);
      expect(prompt.slice(0, prompt.indexOf('## Instruction'))).not.toContain(secret);
      expect(said).not.toContain(secret);
      expect(ended.output).toContain(`::add-mask::${secret}`);
    }
  });

  it('tells in its comment that it was ended, when the main step could not', async () => {
    const issue = await openIssue();
    const plan = { seconds: 600 };
    const { inputs, ...step } = commented('maria', issue, `@dexter do it\n${promptFor(plan)}`);
    const { child, ended } = await world.start({
      ...step,
      inputs: { ...inputs, 'claude-path': await installFakeClaude(world.directory) },
    });
    let log = '';
    child.stdout.on('data', (text) => {
      log += text;
    });
    await until(() => log.includes('Starting Claude Code'));
    expect(await commentsOn(issue)).toMatchObject([{ body: expect.stringContaining('⏳ **Working**') }]);
    child.kill('SIGKILL');
    const post = await world.post(await ended);
    expect(post.exitCode, post.output).toBe(0);
    expect(await commentsOn(issue)).toMatchObject([
      { body: expect.stringMatching(/❌ \*\*Failed\*\*[\s\S]*ended on the runner before it could finish/) },
    ]);
  });
});

describe('a run without the app is refused', { timeout: severalRuns }, () => {
  const nothingBegan = async (issue: number) => {
    expect(world.model.requests).toEqual([]);
    const { data } = await world.github.as('maria').rest.pulls.list({ ...repo, state: 'all' });
    expect(data).toEqual([]);
    return await commentsOn(issue);
  };

  it('in green and in silence for who may not write', async () => {
    const issue = await openIssue();
    const ended = await world.run(commented('guest', issue, '@dexter implement this'));
    expect(ended.exitCode, ended.output).toBe(0);
    expect(ended.outputs).toEqual({ outcome: 'refused' });
    expect(ended.output).toContain('::notice::Nothing to do: `guest` may not write to acme/shop');
    expect(await nothingBegan(issue)).toEqual([]);
  });

  it('in green and in silence for a name that belongs to another account now', async () => {
    const issue = await openIssue();
    const asked = commented('maria', issue, '@dexter implement this');
    const ended = await world.run({ ...asked, env: { GITHUB_ACTOR_ID: '987654321' } });
    expect(ended.exitCode, ended.output).toBe(0);
    expect(ended.outputs).toEqual({ outcome: 'refused' });
    expect(ended.output).toContain(
      '::notice::Nothing to do: `maria` is the name of another GitHub account now',
    );
    expect(await nothingBegan(issue)).toEqual([]);
  });

  it('in green and with an answer for what cannot be done without the app', async () => {
    const issue = await openIssue();
    // Of a runner that does not say the account's id.
    const asked = { ...commented('rob', issue, '@dexter stop'), env: { GITHUB_ACTOR_ID: '' } };
    const ended = await world.run(asked);
    expect(ended.exitCode, ended.output).toBe(0);
    expect(ended.outputs).toEqual({ outcome: 'refused' });
    expect(await nothingBegan(issue)).toMatchObject([
      { body: expect.stringContaining('🚫 **Not started**\n\n`stop` is answered by the Dexter app') },
    ]);
  });

  it('before it costs anything, when something is wrong with the workflow', async () => {
    const issue = await openIssue();
    const { inputs, ...step } = commented('maria', issue, '@dexter implement this');
    const refused = async (changed: Record<string, string>, event = step.event) => {
      const ended = await world.run({ ...step, event, inputs: { ...inputs, ...changed } });
      expect(ended.exitCode, ended.output).toBe(1);
      return /^::error::(.*)$/m.exec(ended.output)?.[1];
    };
    expect(await refused({ store: 's3', 's3-bucket': 'b', 's3-region': 'r' })).toBe(
      'The store `s3` keeps sessions outside of this runner, and there is no `session-key` to seal them with. Make a key with `dexter key new`, keep it as a secret of the repository or the organisation, and pass it as `session-key`.',
    );
    expect(await refused({ 'command-id': '11111111-2222-4333-8444-555555555555' })).toContain(
      '`app-url`: is empty, and `command-id`, `session`, `target` or `delta` is not',
    );
    expect(await refused({}, 'pull_request_target')).toContain('does not run on `pull_request_target`');
    expect(await nothingBegan(issue)).toEqual([]);
  });

  it('before it costs anything, when the job may not comment', async () => {
    await world[Symbol.asyncDispose]();
    world = await createAloneWorld({ contents: 'write', issues: 'read', pull_requests: 'read' });
    const issue = await openIssue();
    const ended = await world.run(commented('maria', issue, '@dexter implement this'));
    expect(ended.exitCode, ended.output).toBe(1);
    expect(ended.output).toContain('GitHub failed while posting the status comment (HTTP 403).');
    expect(ended.output).toContain('`issues: write` and `pull-requests: write`');
    expect(await nothingBegan(issue)).toEqual([]);
  });
});

/** What JIRA makes of the custom data in docs/stand-alone.md. */
async function sentByJira(comment: string): Promise<string> {
  const page = await readFile(join(import.meta.dirname, '../../docs/stand-alone.md'), 'utf8');
  const [, customData = ''] = /^```json\n([\s\S]*?)^```$/m.exec(page) ?? [];
  const values: Record<string, string> = {
    'issue.key': 'SHOP-42',
    'issue.url': 'https://acme.atlassian.net/browse/SHOP-42',
    'issue.summary.asJsonString': JSON.stringify('Coupons "for all"'),
    'issue.description.asJsonString': JSON.stringify('SUMMER10 takes 10 % off.\n"}} {{ x }} `rm -rf /`'),
    'comment.body.asJsonString': JSON.stringify(comment),
    'initiator.displayName.asJsonString': JSON.stringify('Maria "M" Lang'),
  };
  return customData.replaceAll(/\{\{([\w.]+)\}\}/g, (whole, name: string) => values[name] ?? whole);
}
