import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RepositoryConfig } from '../../src/commands/repository-config.ts';
import { ContextDelta } from '../../src/core/context.ts';
import { encodeInputs, Job, maxInputCharacters } from '../../src/core/job.ts';
import { unpackText } from '../../src/core/packed-text.ts';
import { jiraKeyInTitle, type PlanFacts, planForget, planJob } from '../../src/jobs/plan.ts';
import { contextFacts } from '../context/facts.ts';

import { jiraTicket } from '../fakes/jira-ticket.ts';

const ticket = jiraTicket({ summary: 'Coupons for the cart', description: '', status: '', type: '' });
const issue = {
  number: 3,
  title: 'Coupons',
  body: '',
  url: 'https://github.com/acme/shop/issues/3',
  comments: [],
  olderComments: 0,
};
const pullRequest = {
  number: 5,
  title: 'Add coupons',
  body: '',
  url: 'https://github.com/acme/shop/pull/5',
  branch: 'feature/coupons',
  base: 'main',
  sameRepository: true,
  state: 'open' as const,
  comments: [],
  olderComments: 0,
};
const earlier = { number: 4, url: 'u', branch: 'dexter/DX-1-coupons' };

const facts: PlanFacts = {
  commandId: '0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11',
  issueKey: 'DX-1',
  instruction: 'add tests',
  flags: {},
  installationId: 11,
  repository: { id: 22, owner: 'acme', name: 'shop' },
  newest: { generation: 0, mayBeSaved: false },
  context: { ticket },
  requestedBy: 'Maria (@maria)',
  appUrl: 'https://dexter.example',
};

const planned = (some: Partial<PlanFacts> = {}) => planJob({ ...facts, ...some });
const plan = (some: Partial<PlanFacts> = {}) => planned(some).job;

describe('planJob', () => {
  it('names an engine only where somebody did: the command, else the repository, else the app', () => {
    const config = RepositoryConfig.parse({ engine: { plan: 'anthropic-api' } });
    const engineOf = (some: Partial<PlanFacts>) => plan(some).session.engine;
    expect(plan().session).not.toHaveProperty('engine');
    expect(engineOf({ engine: 'anthropic-api' })).toBe('anthropic-api');
    expect(
      engineOf({ engine: 'anthropic-api', config: RepositoryConfig.parse({ engine: 'claude-code' }) }),
    ).toBe('claude-code');
    expect(engineOf({ config })).toBeUndefined();
    expect(engineOf({ kind: 'plan', config })).toBe('anthropic-api');
    expect(engineOf({ kind: 'plan', config, flags: { engine: 'claude-code' } })).toBe('claude-code');
    expect(planForget(facts).session).not.toHaveProperty('engine');
  });

  it('asks for a plan by its kind and by its words', () => {
    const { instruction, session } = plan({ kind: 'plan', instruction: 'the coupons' });
    expect(session.kind).toBe('plan');
    expect(instruction).toContain('the coupons');
    expect(instruction).toContain('Change nothing');
    expect(plan().session).not.toHaveProperty('kind');
  });

  it('plans the first run of a ticket', () => {
    expect(plan()).toEqual({
      commandId: facts.commandId,
      issueKey: 'DX-1',
      instruction: 'add tests',
      context: expect.stringContaining('# JIRA ticket DX-1: Coupons for the cart'),
      delta: '',
      session: {
        installationId: 11,
        repositoryId: 22,
        mode: 'fresh',
        generation: 0,
        ticket: { hash: expect.stringMatching(/^[0-9a-f]{64}$/), newestComment: '' },
        model: undefined,
      },
      target: {
        title: 'Coupons for the cart',
        ticketUrl: ticket.url,
        closes: undefined,
        requestedBy: 'Maria (@maria)',
        branch: 'dexter/DX-1-coupons-for-the-cart',
        base: '',
      },
      appUrl: 'https://dexter.example',
    });
  });

  it.each<[Partial<PlanFacts>, string, number]>([
    [{ newest: { generation: 0, mayBeSaved: false } }, 'fresh', 0],
    [{ newest: { generation: 0, mayBeSaved: true } }, 'resume', 0],
    [{ newest: { generation: 3, mayBeSaved: true } }, 'resume', 3],
    [{ newest: { generation: 3, mayBeSaved: true }, flags: { fresh: true } }, 'fresh', 3],
    [{ newest: { generation: 3, mayBeSaved: true }, flags: { fresh: false } }, 'resume', 3],
  ])(
    'continues what the store has, whatever the ledger knows, unless a new session is asked for: %j',
    (some, mode, generation) => {
      expect(plan(some).session).toMatchObject({ mode, generation });
    },
  );

  it('says what the store calls the generation', () => {
    const newest = { generation: 3, entry: 'a-key-3-1' };
    const known = { ...newest, mayBeSaved: true };
    expect(plan({ newest: known }).session).toMatchObject(newest);
    const forgetting = planForget({ ...facts, newest: known, requestedBy: 'x'.repeat(1_000) });
    expect(Job.parse(forgetting)).toEqual(forgetting);
    expect(forgetting.session).toMatchObject({ ...newest, mode: 'forget' });
    expect(forgetting.session.ticket).toBeUndefined();
  });

  it('hands the flags on', () => {
    const cap = {
      maxBudgetUsd: 2.5,
      budgetOf: { scope: 'run', setBy: 'command', limitUsd: 2.5 },
    } as const;
    expect(plan({ flags: { model: 'opus', maxBudget: 2.5 }, cap }).session).toMatchObject({
      model: 'opus',
      ...cap,
    });
  });

  it.each<[string, Partial<PlanFacts>, object]>([
    [
      'the branch of the pull request that asked',
      { context: { ticket, pullRequest } },
      { branch: 'feature/coupons', base: 'main', pullRequest: 5, closes: undefined, title: ticket.summary },
    ],
    [
      'the branch of the pull request that asked, before an earlier one',
      { context: { pullRequest }, earlier: { ...earlier, open: true } },
      { branch: 'feature/coupons', pullRequest: 5, title: 'Add coupons', ticketUrl: pullRequest.url },
    ],
    [
      "the branch of the ticket's open pull request",
      { earlier: { ...earlier, open: true } },
      { branch: 'dexter/DX-1-coupons', base: '', pullRequest: 4 },
    ],
    [
      'a new branch after a pull request that was closed',
      { earlier: { ...earlier, open: false } },
      { branch: 'dexter/DX-1-coupons-for-the-cart-after-4', base: '' },
    ],
    [
      'a new branch that closes the GitHub issue',
      { issueKey: 'gh-22-3', context: { issue } },
      { branch: 'dexter/gh-22-3-coupons', closes: 3, title: 'Coupons', ticketUrl: issue.url },
    ],
    [
      'a new branch for a ticket of which nothing is known',
      { context: {} },
      { branch: 'dexter/DX-1-dx-1', title: 'DX-1', ticketUrl: '', closes: undefined },
    ],
  ])('works on %s', (_name, some, target) => {
    expect(plan(some).target).toMatchObject(target);
  });

  it.each([
    ['is closed', { ...pullRequest, state: 'closed' as const }, 'Pull request #5 is closed.'],
    ['comes from a fork', { ...pullRequest, sameRepository: false }, 'Pull request #5 comes from a fork'],
  ])('refuses a pull request that %s', (_name, wrong, message) => {
    try {
      plan({ context: { pullRequest: wrong }, earlier: { ...earlier, open: true } });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'branch-unusable', message: expect.stringContaining(message) });
    }
  });

  it('fits into the inputs of a workflow, whatever the sizes', () => {
    const size = fc.oneof(fc.nat({ max: 20_000 }), fc.constant(20_000));
    const long = fc
      .tuple(fc.constantFrom('x', '"', '\u0001', '😀', '\\'), fc.nat({ max: 10_000 }))
      .map(([one, times]) => one.repeat(times));
    fc.assert(
      fc.property(contextFacts, size, long, long, (context, instruction, requestedBy, title) => {
        const withUrls = {
          ...context,
          ticket: context.ticket && { ...context.ticket, url: ticket.url, summary: title },
          issue: context.issue && { ...context.issue, url: issue.url },
        };
        const job = plan({ context: withUrls, instruction: 'i'.repeat(instruction + 1), requestedBy });
        expect(Job.safeParse(job).success).toBe(true);
        const total = Object.entries(encodeInputs(job)).reduce(
          (sum, entry) => sum + entry.join('').length,
          0,
        );
        expect(total).toBeLessThanOrEqual(maxInputCharacters);
        const [described] = [withUrls.ticket ?? withUrls.issue ?? withUrls.pullRequest].filter(Boolean);
        if (described) expect(job.context).not.toBe('');
      }),
      { numRuns: 200 },
    );
  });

  it('says what changed to a conversation that heard the rest, and keeps what it will have heard', () => {
    const { kept } = planned();
    const newest = { generation: 1, mayBeSaved: true, seen: kept.seen };
    const follow = planned({ newest, context: { ticket: { ...ticket, status: 'In Review' } } });
    const delta = ContextDelta.parse(JSON.parse(unpackText(follow.job.delta ?? '') ?? ''));
    expect(delta).toEqual({
      from: planned().job.session.ticket?.hash,
      markdown: '- Status: (none) → In Review',
      isRewritten: false,
      isWhole: true,
    });
    expect(follow.kept.seen.fields.Status).toBe('In Review');
    expect(follow.job.session.ticket?.hash).not.toBe(delta.from);
    expect(plan({ newest, flags: { fresh: true } }).delta).toBe('');
  });

  it('keeps what a conversation knows of a ticket that cannot be read just now', () => {
    const { kept } = planned();
    const newest = { generation: 1, mayBeSaved: true, seen: kept.seen };
    const follow = planned({ newest, context: { notices: ['JIRA could not be asked just now.'] } });
    expect(follow.kept.seen).toEqual(kept.seen);
    expect(follow.kept.delta?.markdown).toBe('(JIRA could not be asked just now.)');
  });

  it('puts nothing of the ticket into inputs that everybody can read', () => {
    const { kept } = planned();
    const newest = { generation: 1, mayBeSaved: true, seen: kept.seen };
    const { job, kept: now } = planned({ isPublic: true, newest });
    expect(job).toMatchObject({ context: 'claim:', delta: 'claim:' });
    expect(now.text).toContain('Coupons for the cart');
    expect(planned({ isPublic: true }).job).toMatchObject({ context: 'claim:', delta: '' });
  });

  it('refuses an instruction that a workflow cannot take', () => {
    expect(() => plan({ instruction: 'x'.repeat(70_000) })).toThrow('The instruction has 70000 characters');
  });
});

describe('jiraKeyInTitle', () => {
  it.each<[string, string | undefined]>([
    ['DX-1: Coupons', 'DX-1'],
    ['[DX-1] Coupons', 'DX-1'],
    ['Coupons (DX-12)', 'DX-12'],
    ['feat: coupons DX-1', 'DX-1'],
    ['DX-1 and again DX-1', 'DX-1'],
    ['DX-1 like ISO-8601', 'DX-1'],
    ['A_B-7', 'A_B-7'],
    ['DX-1,DX-2', undefined],
    ['DX-1 for OPS-2', undefined],
    ['ISO-8601', undefined],
    ['dx-1', undefined],
    ['DX-0', undefined],
    ['DX-01', undefined],
    ['DX-12345678901', undefined],
    ['XDX-1', undefined],
    ['X-DX-1', undefined],
    ['DX-1a', undefined],
    ['DX1', undefined],
    ['constructor-1', undefined],
    ['', undefined],
  ])('in %j is %s', (title, key) => {
    expect(jiraKeyInTitle(title, ['DX', 'OPS', 'A_B'])).toBe(key);
  });

  it('knows no key without projects', () => {
    expect(jiraKeyInTitle('DX-1: Coupons', new Set<string>())).toBeUndefined();
  });
});
