import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accounts, story } from '../../demo/story/ticket.ts';
import { ClaimResponse, claimPath, Refusal } from '../../src/core/runner.ts';
import { type Gate, startGate } from './gate.ts';
import { type Issuer, startIssuer } from './issuer.ts';
import { addWorkflow } from './server-process.ts';
import { goodReport, type ListedCommand, startWorld, type World } from './world.ts';

const place = { owner: 'acme', repo: 'shop' };
const audience = 'http://127.0.0.1:1';
const example = await readFile(fileURLToPath(new URL('../../examples/dexter.yml', import.meta.url)), 'utf8');
const ticket = 'SHOP-81';

/** The app looks after what it did not hear of every ten seconds; the machine may be busy. */
const patience = { timeout: 45_000, interval: 100 };

let world: World;
let issuer: Issuer;
let gate: Gate;

beforeAll(async () => {
  world = await startWorld({
    jira: {
      ...story,
      issues: [...story.issues, { key: ticket, summary: 'Nobody runs it', reporter: accounts.maria }],
    },
    viaGate: async (target) => {
      gate = await startGate({ target });
      return gate;
    },
    issuer: async (github) => {
      issuer = await startIssuer(github);
      return issuer;
    },
    // Less than a second, so that what waits is looked after as soon as the app looks at all.
    runnerNoticeMinutes: 0.01,
  });
  await addWorkflow(world.github, example);
});

afterAll(() => world?.close());

async function issue(title: string): Promise<number> {
  const { data } = await world.github.as('maria').rest.issues.create({ ...place, title, body: '' });
  return data.number;
}

const keyOf = (number: number) => `gh-${world.github.repository.id}-${number}`;

async function saidOn(number: number): Promise<string[]> {
  const all = await world.conversation(number);
  return all.filter(({ author }) => author === 'dexter[bot]').map(({ body }) => body);
}

/** The one command of an issue that is as wanted. */
async function commandOf(issueKey: string, is: (command: ListedCommand) => boolean): Promise<ListedCommand> {
  const find = async () => (await world.commands()).find((one) => one.issueKey === issueKey && is(one));
  await expect.poll(find, patience).toBeDefined();
  return (await find()) as ListedCommand;
}

const told = (issueKey: string) => commandOf(issueKey, (command) => command.told);

function runOf(commandId: string) {
  const run = world.github.workflowRuns().find(({ inputs }) => inputs['command-id'] === commandId);
  if (!run) throw new Error(`no run was dispatched for ${commandId}`);
  return run;
}

/** Asks on a new issue, and waits until a run was started. */
async function dispatched(title: string) {
  const number = await issue(title);
  await world.comment('maria', number, `@dexter ${title}`);
  const { id } = await commandOf(keyOf(number), ({ status }) => status === 'dispatched');
  return { number, id, run: runOf(id) };
}

async function claim(id: string, token?: string): Promise<Response> {
  return world.call(claimPath(id), token ?? (await issuer.tokenFor(id, audience)), {
    claimant: randomUUID(),
    runUrl: '',
    runnerName: 'by hand',
  });
}

async function finish(id: string): Promise<void> {
  world.github.beginRun(runOf(id).id);
  const { fence } = ClaimResponse.parse(await (await claim(id)).json());
  expect((await world.report(id, fence, goodReport({ session: undefined }))).status).toBe(200);
}

/** It was told in its one comment, and the next command of the issue is not held up. */
async function expectTold(number: number, ...said: (string | RegExp)[]): Promise<ListedCommand> {
  const command = await told(keyOf(number));
  const answers = await saidOn(number);
  expect(answers).toHaveLength(1);
  for (const text of said) expect(answers[0]).toMatch(text);
  await world.comment('maria', number, '@dexter go on');
  const next = await commandOf(
    keyOf(number),
    ({ id, status }) => id !== command.id && status === 'dispatched',
  );
  await finish(next.id);
  await commandOf(keyOf(number), ({ id, told: isTold }) => id === next.id && isTold);
  expect(await saidOn(number)).toHaveLength(2);
  return command;
}

describe('a run that cannot be started says why', () => {
  it('when the workflow file is not on the default branch', async () => {
    const number = await issue('Too early');
    const file = { ...place, path: '.github/workflows/dexter.yml' };
    const { repos } = world.github.as('maria').rest;
    const { data } = await repos.getContent(file);
    const sha = 'sha' in data ? data.sha : '';
    await repos.deleteFile({ ...file, sha, message: 'Remove Dexter' });
    await world.comment('maria', number, '@dexter begin');
    await told(keyOf(number));
    await addWorkflow(world.github, example);
    const command = await expectTold(number, 'acme/shop has no workflow', /Merge the workflow/);
    expect(command).toMatchObject({ status: 'failed', problem: { code: 'dispatch-failed' } });
  });

  it.each([
    {
      what: 'the workflow is disabled',
      disable: () => void world.github.disabled.workflows.add('dexter.yml'),
      enable: () => void world.github.disabled.workflows.delete('dexter.yml'),
      said: [/`\.github\/workflows\/dexter\.yml` of acme\/shop is disabled/, /Enable workflow/],
    },
    {
      what: 'Actions is disabled',
      disable: () => void Object.assign(world.github.disabled, { actions: true }),
      enable: () => void Object.assign(world.github.disabled, { actions: false }),
      said: [/GitHub Actions is disabled in acme\/shop/, /Actions → General/],
    },
  ])('when $what', async ({ disable, enable, said }) => {
    const number = await issue('Disabled');
    disable();
    await world.comment('maria', number, '@dexter begin');
    await told(keyOf(number));
    enable();
    const command = await expectTold(number, '❌ **Failed**', ...said);
    expect(command.problem?.code).toBe('dispatch-failed');
  });
});

describe('a run that is over without a word', () => {
  it('because a person cancelled it before it began is told at once', async () => {
    const { number, id, run } = await dispatched('be cancelled');
    await world.github.as('maria').rest.actions.cancelWorkflowRun({ ...place, run_id: run.id });
    const command = await expectTold(number, '⏹️ **Stopped**', /cancelled on GitHub before/, String(run.id));
    expect(command).toMatchObject({ id, status: 'cancelled', problem: { code: 'run-cancelled' } });
  });

  it('because a person cancelled it while it worked is told at once', async () => {
    const { number, id, run } = await dispatched('be cancelled at work');
    expect((await claim(id)).status).toBe(200);
    await world.github.completeRun(run.id, 'cancelled');
    const command = await expectTold(number, '⏹️ **Stopped**', /while it worked/, /last save is lost/);
    expect(command).toMatchObject({ id, status: 'cancelled' });
  });

  it.each([
    ['failure', 'runner-lost', /failed before it took the command/, /log of the run/],
    ['timed_out', 'runner-lost', /`timeout-minutes`/, /higher/],
    ['startup_failure', 'dispatch-failed', /workflow is not valid/, /default branch/],
    ['skipped', 'runner-lost', /ended without taking the command \(skipped\)/, /`if:`/],
    ['success', 'runner-lost', /ended without taking the command \(success\)/, /step of Dexter/],
  ] as const)('with the conclusion %s is told at once', async (conclusion, code, ...said) => {
    const { number, run } = await dispatched(`end with ${conclusion}`);
    await world.github.completeRun(run.id, conclusion);
    expect((await expectTold(number, '❌ **Failed**', ...said)).problem?.code).toBe(code);
  });

  it('because its runner was lost is told when GitHub has noticed', async () => {
    const { number, id, run } = await dispatched('lose the runner');
    expect((await claim(id)).status).toBe(200);
    await world.github.completeRun(run.id, 'failure');
    await expectTold(number, '❌ **Failed**', /failed while it worked/, /last save is lost/);
  });

  it('is found when GitHub told nobody', async () => {
    const { number, run } = await dispatched('be lost in silence');
    await world.github.completeRun(run.id, 'cancelled', { isTold: false });
    await expectTold(number, '⏹️ **Stopped**', /cancelled on GitHub before/);
  });

  it('and was deleted is found, and not started again', async () => {
    const { number, id, run } = await dispatched('be deleted');
    await world.github.completeRun(run.id, 'cancelled', { isTold: false });
    await world.github.as('maria').rest.actions.deleteWorkflowRun({ ...place, run_id: run.id });
    const command = await expectTold(number, '❌ **Failed**', /deleted before it took the command/);
    expect(command).toMatchObject({ id, problem: { code: 'runner-lost' } });
    expect(world.github.workflowRuns().filter(({ inputs }) => inputs['command-id'] === id)).toEqual([]);
  });

  it('after its report changes nothing', async () => {
    const { number, id, run } = await dispatched('end well');
    await finish(id);
    await world.github.completeRun(run.id, 'success');
    await world.github.settled();
    await told(keyOf(number));
    expect((await saidOn(number))[0]).toContain('✅ **Done**');
  });
});

describe('a dispatch that GitHub answers with an error although the run exists', () => {
  it('lets the run go on', async () => {
    const dispatching = gate.hold('POST', /\/dispatches$/, { afterwards: true });
    const number = await issue('Answered 502');
    await world.comment('maria', number, '@dexter go on all the same');
    await dispatching.arrived;
    dispatching.fail();
    const { id } = await commandOf(keyOf(number), ({ status }) => status === 'preparing');
    await finish(id);
    await told(keyOf(number));
    expect((await saidOn(number))[0]).toContain('✅ **Done**');
    expect(world.github.workflowRuns().filter(({ inputs }) => inputs['command-id'] === id)).toHaveLength(1);
  });

  it('hears of the end of that run by its name', async () => {
    const dispatching = gate.hold('POST', /\/dispatches$/, { afterwards: true });
    const number = await issue('Answered 502, and failed');
    await world.comment('maria', number, '@dexter fail');
    await dispatching.arrived;
    dispatching.fail();
    const { id } = await commandOf(keyOf(number), ({ status }) => status === 'preparing');
    await world.github.completeRun(runOf(id).id, 'failure');
    await expectTold(number, /failed before it took the command/);
  });
});

describe('a run that no runner takes', () => {
  it('is told of once, with the labels that it waits for, and goes on', async () => {
    const { number, id, run } = await dispatched('wait for a runner');
    await expect
      .poll(() => saidOn(number), patience)
      .toEqual([expect.stringContaining('waits for a runner with the labels `self-hosted`, `dexter`')]);
    const [said] = await saidOn(number);
    expect(said).toContain('👀 **On it.**');
    expect(said).toContain(`/actions/runs/${run.id}`);
    await finish(id);
    await told(keyOf(number));
    const answers = await saidOn(number);
    expect(answers).toHaveLength(1);
    expect(answers[0]).toContain('✅ **Done**');
    expect(answers[0]).not.toContain('No runner');
  });

  it('is told of on the ticket too, in one comment', async () => {
    await world.jira.comment(accounts.maria, ticket, '@dexter wait');
    const saidThere = () =>
      world.jira
        .comments(ticket)
        .filter(({ author }) => author === accounts.dexter)
        .map(({ body }) => JSON.stringify(body));
    const { id } = await commandOf(ticket, ({ status }) => status === 'dispatched');
    await expect.poll(() => saidThere().length, patience).toBe(2);
    expect(saidThere()[1]).toContain('No runner has taken it yet');
    expect(saidThere()[1]).toContain('self-hosted');
    await finish(id);
    await told(ticket);
    expect(saidThere()).toHaveLength(3);
  });
});

describe('a claim', () => {
  const messageOf = async (response: Response) => Refusal.parse(await response.json()).message;

  it('by the dispatched run of another account ends the command, and says what to mend', async () => {
    const { number, id } = await dispatched('be moved away');
    const token = await issuer.tokenFor(id, audience, { repository_owner_id: '999' });
    const response = await claim(id, token);
    expect(response.status).toBe(401);
    expect(await messageOf(response)).toContain('another account');
    const command = await expectTold(
      number,
      '❌ **Failed**',
      'belongs to another account',
      'Install the app',
    );
    expect(command.problem?.code).toBe('claim-refused');
  });

  it('by the dispatched run for another address ends the command, and says what to mend', async () => {
    const { number, id } = await dispatched('call another app');
    const response = await claim(id, await issuer.tokenFor(id, 'https://old.example'));
    expect(response.status).toBe(401);
    await expectTold(number, '❌ **Failed**', 'DEXTER_URL');
  });

  it.each([
    ['of a stolen command id', {}, 'given to another run'],
    ['of a run that was started again', { run_attempt: '2' }, 'started again by hand'],
    ['from a copy of the workflow on another branch', { run_id: '1', ref: 'refs/heads/x' }, 'another run'],
    ['from another repository', { repository_id: '999999' }, 'another repository'],
  ])('%s is refused as not for that run, and leaves the command alone', async (what, change, said) => {
    const { id } = await dispatched(`be left alone by one ${what}`);
    const other = await dispatched('be somebody else');
    const of = Object.keys(change).length > 0 ? id : other.id;
    const response = await claim(id, await issuer.tokenFor(of, audience, change));
    expect(response.status).toBe(403);
    expect(await messageOf(response)).toContain(said);
    await finish(id);
    await finish(other.id);
  });

  it('that comes second, or late, is refused as not for that run', async () => {
    const { number, id } = await dispatched('be claimed twice');
    const first = await claim(id);
    expect(first.status).toBe(200);
    const second = await claim(id);
    expect(second.status).toBe(409);
    expect(await messageOf(second)).toContain('another runner has claimed');
    const { fence } = ClaimResponse.parse(await first.json());
    await world.report(id, fence, goodReport({ session: undefined }));
    await told(keyOf(number));
    const late = await claim(id);
    expect(late.status).toBe(409);
    expect(await messageOf(late)).toContain('has ended already');
  });

  it('with a token that another claim has shown is refused', async () => {
    const { id } = await dispatched('be shown twice');
    const token = await issuer.tokenFor(id, audience);
    const first = await claim(id, token);
    const second = await claim(id, token);
    expect([first.status, second.status]).toEqual([200, 403]);
    expect(await messageOf(second)).toContain('used for another claim');
  });
});
