import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { planInstruction } from '../../src/commands/plan-instruction.ts';
import { IssueKey } from '../../src/core/issue-key.ts';
import { encodeInputs, Job, SessionRequest, Target } from '../../src/core/job.ts';

const job: Job = {
  commandId: '0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11',
  issueKey: IssueKey.parse('DX-1'),
  instruction: 'add "tests"\n$(reboot) `id`',
  context: '# DX-1',
  session: { installationId: 1, repositoryId: 2, mode: 'resume', generation: 3, engine: 'claude-code' },
  target: { branch: 'dexter/DX-1', base: '', title: 'Tïtle "x"', ticketUrl: 'u', requestedBy: 'Maria' },
  appUrl: 'https://dexter.example',
};

describe('encodeInputs', () => {
  it('gives a runner everything of the job back', () => {
    const inputs = encodeInputs(job);
    expect(Object.values(inputs).every((value) => typeof value === 'string')).toBe(true);
    expect({
      commandId: inputs['command-id'],
      issueKey: inputs['issue-key'],
      instruction: inputs.instruction,
      context: inputs.context,
      session: SessionRequest.parse(JSON.parse(inputs.session)),
      target: Target.parse(JSON.parse(inputs.target)),
      appUrl: inputs['app-url'],
    }).toEqual(job);
  });

  it('uses few enough inputs for a workflow', () => {
    expect(Object.keys(encodeInputs(job)).length).toBeLessThanOrEqual(25);
  });
});

describe('what an app and an action of different versions say to each other', () => {
  const before = { installationId: 1, repositoryId: 2, mode: 'resume', generation: 3 };
  /** As it was when there was one engine. */
  const Earlier = SessionRequest.omit({ kind: true }).extend({
    engine: z.literal('claude-code').default('claude-code'),
  });

  it('reads a job of an app that knows one engine', () => {
    expect(SessionRequest.parse({ ...before, engine: 'claude-code' })).toEqual({
      ...before,
      engine: 'claude-code',
    });
    expect(SessionRequest.parse(before)).toEqual(before);
  });

  it('leaves out what nobody asked for, so that an earlier action takes the job', () => {
    expect(
      Earlier.parse(JSON.parse(encodeInputs({ ...job, session: SessionRequest.parse(before) }).session)),
    ).toEqual({
      ...before,
      engine: 'claude-code',
    });
  });

  it('has a plan say by its instruction that nothing is changed, as an earlier action does not know the kind', () => {
    const plan = {
      ...job,
      instruction: planInstruction('the coupons'),
      session: SessionRequest.parse({ ...before, kind: 'plan' }),
    };
    const inputs = encodeInputs(plan);
    expect(Earlier.parse(JSON.parse(inputs.session))).not.toHaveProperty('kind');
    expect(inputs.instruction).toMatch(/do not carry it out:\n\nthe coupons\n\nChange nothing/);
    expect(planInstruction(' ')).toMatch(/^Make a plan for what the ticket asks. Change nothing/);
  });

  it('is refused by an earlier action where another engine was named', () => {
    expect(Earlier.safeParse({ ...before, engine: 'anthropic-api' }).success).toBe(false);
  });
});

describe('Job', () => {
  it.each([
    [{ commandId: 'not-a-uuid' }],
    [{ issueKey: 'dx-1' }],
    [{ instruction: '' }],
    [{ session: { ...job.session, repositoryId: 0 } }],
    [{ session: { ...job.session, generation: -1 } }],
    [{ session: { ...job.session, maxBudgetUsd: 0 } }],
    [{ session: { ...job.session, engine: 'gpt' } }],
    [{ session: { ...job.session, kind: 'forget' } }],
    [{ target: { ...job.target, branch: '' } }],
    [{ target: { ...job.target, pullRequest: 0 } }],
  ])('refuses %j', (wrong) => {
    expect(Job.safeParse(job).success).toBe(true);
    expect(Job.safeParse({ ...job, ...wrong }).success).toBe(false);
  });
});
