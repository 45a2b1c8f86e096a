import { describe, expect, it } from 'vitest';
import { commitMessage } from '../../action/commit.ts';
import { endingOf } from '../../action/ending.ts';
import { logLine } from '../../action/log.ts';
import { priceNotices } from '../../action/price-notices.ts';
import { describe as describeEvent, progressBoard } from '../../action/progress.ts';
import { pullRequestBody, pullRequestTitle } from '../../action/publish.ts';
import { emptyReport, finishedReport } from '../../action/report.ts';
import { defaultWorkspace, parseRunner } from '../../action/runner.ts';
import { stopSwitch } from '../../action/stop-switch.ts';
import { renderSummary } from '../../action/summary.ts';
import { engineTimeLimitMs } from '../../action/time-limit.ts';
import { IssueKey } from '../../src/core/issue-key.ts';
import type { Job } from '../../src/core/job.ts';
import { noUsage, Progress } from '../../src/core/report.ts';
import type { EngineResult, StopReason } from '../../src/engines/engine.ts';

const job: Job = {
  commandId: '11111111-2222-4333-8444-555555555555',
  issueKey: IssueKey.parse('DXTR-1'),
  instruction: '\n add tests\nfor the coupon',
  context: '',
  session: {
    installationId: 1,
    repositoryId: 2,
    mode: 'resume',
    generation: 3,
    engine: 'claude-code',
    maxBudgetUsd: 2,
  },
  target: {
    branch: 'b',
    base: '',
    title: 'Coupon field',
    ticketUrl: 'https://j.example/browse/DXTR-1',
    requestedBy: 'Ann',
  },
  appUrl: 'https://dexter.example',
};

const withTarget = (target: Partial<Job['target']>): Job => ({
  ...job,
  target: { ...job.target, ...target },
});
const github: Job = { ...job, issueKey: IssueKey.parse('gh-20-3') };

describe('commitMessage', () => {
  it('is about the ticket when the run opens the pull request, and about what was asked after that', () => {
    expect(commitMessage(job).split('\n')[0]).toBe('DXTR-1: Coupon field');
    expect(commitMessage(withTarget({ pullRequest: 7 })).split('\n')[0]).toBe('DXTR-1: add tests');
    expect(commitMessage(withTarget({ title: ' ' })).split('\n')[0]).toBe('DXTR-1: add tests');
  });

  it('closes no issue', () => {
    const message = commitMessage(withTarget({ title: 'Fixes #12', requestedBy: 'closes acme/other#3' }));
    expect(message).toContain('DXTR-1: Fixes 12\n');
    expect(message).toContain('Requested-by: closes acme/other 3\n');
  });

  it('keeps every field on its line', () => {
    const message = commitMessage(
      withTarget({ title: `a\n\nSigned-off-by: x ${'y'.repeat(200)}`, requestedBy: 'Ann\nSigned-off-by: z' }),
    );
    const lines = message.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]?.length).toBe(100);
    expect(lines.slice(2)).toEqual([
      `Dexter-Command: ${job.commandId}`,
      'Requested-by: Ann Signed-off-by: z',
    ]);
  });
});

describe('the pull request', () => {
  const runner = parseRunner({ GITHUB_REPOSITORY: 'acme/shop' });
  const body = (of: Job, summary = 'Done.') =>
    pullRequestBody({
      job: of,
      runner,
      summary,
      token: '',
      checkout: {
        directory: '',
        git: async () => '',
        branch: 'b',
        base: 'main',
        baseCommit: undefined,
        start: '',
        mirror: undefined,
      },
    });

  it('is named after the ticket', () => {
    expect(pullRequestTitle(job)).toBe('DXTR-1: Coupon field');
    expect(pullRequestTitle(github)).toBe('Coupon field');
    expect(pullRequestTitle(withTarget({ title: '' }))).toBe('Changes for DXTR-1');
    expect(pullRequestTitle(withTarget({ title: 'Fixes #12' }))).toBe('DXTR-1: Fixes 12');
    expect(pullRequestTitle(withTarget({ title: 'x'.repeat(400) }))).toHaveLength(250);
  });

  it('links the ticket, closes the issue, and holds the summary', () => {
    expect(body(job)).toBe('Ticket: [DXTR-1](<https://j.example/browse/DXTR-1>)\n\nDone.');
    const closing = body({ ...github, target: { ...job.target, closes: 3 } }, 'Fixes #12');
    expect(closing).toContain('\n\nCloses #3\n\nFixes `#12`');
    expect(body(withTarget({ ticketUrl: 'javascript:alert(1)' }))).toContain('Ticket: DXTR-1\n');
    expect(body(job, '@bob <img src=x>')).toContain('`@bob` `<img src=x>`');
  });
});

describe('endingOf', () => {
  const result: EngineResult = {
    stopReason: 'completed',
    summary: 'Done.',
    sessionId: job.commandId,
    model: 'm',
    version: '1',
    usage: { inputTokens: 1, cacheReadTokens: 2, cacheWriteTokens: 3, outputTokens: 4 },
    unpricedModels: [],
    contextTokens: 5,
    requests: 6,
    costUsd: 0.5,
    turns: 6,
    denials: ['Bash'],
  };
  const limits = { job, maxTurns: 9, timeoutMinutes: 60 };

  it.each<[StopReason, Parameters<typeof endingOf>[1], string, string | undefined, boolean]>([
    ['completed', undefined, 'done', undefined, true],
    ['budget', undefined, 'failed', 'engine-failed', true],
    ['turns', undefined, 'failed', 'engine-failed', true],
    ['cancelled', 'timeout', 'failed', 'engine-timeout', true],
    ['cancelled', 'stop', 'cancelled', undefined, false],
    ['cancelled', 'runner', 'cancelled', undefined, false],
    ['cancelled', 'lost', 'cancelled', undefined, false],
    ['logged-out', undefined, 'failed', 'engine-logged-out', false],
    ['session-lost', undefined, 'failed', 'engine-failed', false],
    ['failed', undefined, 'failed', 'engine-failed', false],
  ])('makes of %s (%s): %s, %s, publish %s', (stopReason, cause, outcome, code, publish) => {
    const ending = endingOf({ ...result, stopReason }, cause, limits);
    expect([ending.report.outcome, ending.report.problem?.code, ending.publish]).toEqual([
      outcome,
      code,
      publish,
    ]);
    if (code) expect(ending.report.problem?.hint).not.toBe('');
    expect(ending.report).toMatchObject({ costUsd: 0.5, turns: 6, denials: ['Bash'], summary: 'Done.' });
  });

  const budgetOf = { scope: 'issue', setBy: 'repository', limitUsd: 10 } as const;
  /** Of a run that has spent what it was given. */
  const capped = (session: Partial<Job['session']>) =>
    endingOf({ ...result, stopReason: 'budget' }, undefined, {
      ...limits,
      job: { ...job, session: { ...job.session, ...session } },
    }).report.problem;

  it('says whose budget was spent, and who can raise it', () => {
    expect(capped({ maxBudgetUsd: 3.4, budgetOf })).toEqual({
      code: 'budget-spent',
      message:
        'Claude Code reached the $3.40 that was left of the $10.00 that this issue may cost in this repository before it was done.',
      hint: 'What was done so far is on the branch. Whoever may change `.github/dexter.yml` on the default branch can raise `budgets.issue` there. Then ask Dexter to go on.',
    });
  });

  it('uses only words that an app knows which did not say whose it was', () => {
    expect(capped({ maxBudgetUsd: 2 })).toMatchObject({
      code: 'engine-failed',
      message: 'Claude Code reached the budget of $2.00 before it was done.',
    });
  });
});

describe('progressBoard', () => {
  it('shows what is done, in lines of the contract', () => {
    const shown: string[] = [];
    const board = progressBoard({ secrets: ['my-secret'], onChange: (line) => shown.push(line) });
    board.workingIn('/w');
    board.engineEvent({ type: 'text', text: `my-secret\n\u202e${'x'.repeat(9_000)}` });
    for (let count = 0; count < 30; count += 1)
      board.engineEvent({ type: 'tool', name: 'Edit', input: { file_path: `/w/src/${count}.ts` } });
    const { lines, step } = Progress.parse(board.current());
    expect(lines).toHaveLength(20);
    expect(step).toBe('Edit src/29.ts');
    expect(shown[0]).toMatch(/^\[REDACTED:secret\] x+…$/);
    expect(shown.every((line) => line.length <= 200 && !line.includes('\n'))).toBe(true);
  });

  it('counts the answers of the model, not the lines that they come in, and what they cost so far, from the first one on', () => {
    const board = progressBoard({ secrets: [], onChange: () => undefined });
    expect(board.current()).toMatchObject({ turns: 0, costUsd: 0 });
    board.engineBegins();
    expect(board.current()).toMatchObject({ turns: 0, costUsd: null });
    for (const answers of [1, 1, 2])
      board.engineEvent({ type: 'usage', usage: noUsage, costUsd: answers / 100, answers, isMain: true });
    expect(board.current()).toMatchObject({ turns: 2, costUsd: 0.02 });
    board.engineEvent({ type: 'usage', usage: noUsage, costUsd: null, answers: 3, isMain: true });
    expect(board.current()).toMatchObject({ turns: 3, costUsd: null });
  });

  it.each([
    [{ type: 'tool', name: 'Bash', input: { command: 'npm test' } }, 'Run npm test'],
    [{ type: 'tool', name: 'Read', input: { file_path: '/w/a.ts' } }, 'Read a.ts'],
    [{ type: 'tool', name: 'Read', input: { file_path: '/etc/passwd' } }, 'Read /etc/passwd'],
    [{ type: 'tool', name: 'Grep', input: { pattern: 'x' } }, 'Search x'],
    [{ type: 'tool', name: 'Task', input: { file_path: 7 } }, 'Task'],
    [{ type: 'text', text: ' \n ' }, undefined],
    [{ type: 'started', sessionId: 's', model: 'm', version: '1', failedServers: [] }, undefined],
  ] as const)('describes %j', (event, line) => {
    expect(describeEvent(event, '/w')).toBe(line);
  });
});

describe('priceNotices', () => {
  it('say for which models there is no price, and for which it is that of Claude Code', () => {
    expect(priceNotices({ unpricedModels: [] })).toEqual([]);
    expect(priceNotices({ unpricedModels: ['a`b'], enginePricedModels: ['c', 'd'] })).toEqual([
      'There is no price for the model `ab`: tokens are shown without money. Add it under `prices`.',
      "The price of the models `c`, `d` is Claude Code's own, as Dexter's list does not have them. Add them under `prices` for another one.",
    ]);
  });
});

describe('logLine', () => {
  it.each(['::set-output name=a::b', '  ::error::x', 'ok\n::add-mask::x', 'x ##[add-path]/tmp'])(
    'defuses %j',
    (text) => {
      const lines = logLine(text).split('\n');
      expect(lines.every((line) => !line.trimStart().startsWith('::') && !line.includes('##['))).toBe(true);
    },
  );
});

describe('finishedReport', () => {
  it('holds no secret in any text, and keeps within the sizes of the contract', () => {
    const secret = 'very-secret-value';
    const report = finishedReport(
      {
        ...emptyReport(),
        summary: secret + '\u{1f600}'.repeat(120_000),
        problem: { code: 'internal', message: secret, hint: secret },
        notices: [secret],
        denials: [secret],
        commits: [{ sha: 'a', title: secret }],
      },
      5,
      [secret],
    );
    expect(JSON.stringify(report)).not.toContain(secret);
    expect(report.summary.length).toBeLessThanOrEqual(200_000);
    expect(report.summary.isWellFormed()).toBe(true);
    expect(report.durationMs).toBe(5);
  });
});

describe('renderSummary', () => {
  it('tells the whole story, with neutral text', () => {
    const report = {
      ...emptyReport(),
      outcome: 'failed' as const,
      summary: '@bob did it',
      problem: { code: 'push-rejected' as const, message: 'The push was rejected.', hint: 'Ask again.' },
      notices: ['A new session\nwas started.'],
      denials: ['Bash', 'Bash'],
      commits: [{ sha: 'abcdef0123456789', title: 'a|b <img>' }],
      pullRequest: { number: 7, url: 'https://github.com/acme/shop/pull/7', branch: 'b' },
      costUsd: 0.25,
    };
    expect(renderSummary(job, report, 'https://github.com')).toMatchInlineSnapshot(`
      "## ❌ Failed: DXTR-1

      **$0.25**

      **The push was rejected.**

      Ask again.

      > A new session was started.

      Not allowed and so not done: \`Bash\`.

      \`@bob\` did it

      | | |
      | --- | --- |
      | Pull request | [#7](<https://github.com/acme/shop/pull/7>) |
      | Commits | abcdef012 \`a\\|b <img>\` |
      | Duration | 0 s |
      | Turns | 0 |
      | Command | \`11111111-2222-4333-8444-555555555555\` |
      | Session | none |
      | Tokens | 0 input (0 read from the cache, 0 written to it), 0 output |
      | Cost | $0.25 |"
    `);
  });
});

describe('engineTimeLimitMs', () => {
  it.each([
    [1, 54_000],
    [10, 540_000],
    [60, 58 * 60_000],
    [600, 598 * 60_000],
  ])('leaves time to save and to report: %i minutes', (minutes, limit) => {
    expect(engineTimeLimitMs(minutes)).toBe(limit);
  });
});

describe('stopSwitch', () => {
  it('keeps the first cause', () => {
    const runner = new AbortController();
    using stop = stopSwitch(60_000, runner.signal);
    expect(stop.cause()).toBeUndefined();
    stop.stop('stop');
    runner.abort();
    expect(stop.cause()).toBe('stop');
  });

  it('is thrown from the start by a runner that is already stopping', () => {
    using stop = stopSwitch(60_000, AbortSignal.abort());
    expect([stop.cause(), stop.signal.aborted]).toEqual(['runner', true]);
  });
});

describe('parseRunner', () => {
  it('knows where things are on GitHub, and on other servers', () => {
    expect(
      parseRunner({ GITHUB_REPOSITORY: 'acme/shop', GITHUB_RUN_ID: '9', RUNNER_TEMP: '/r/_temp' }),
    ).toMatchObject({
      gitUrl: 'https://github.com/acme/shop.git',
      apiUrl: 'https://api.github.com',
      runUrl: 'https://github.com/acme/shop/actions/runs/9/attempts/1',
    });
    const ghes = {
      GITHUB_SERVER_URL: 'https://ghe.corp/',
      GITHUB_API_URL: 'https://ghe.corp/api/v3',
      GITHUB_RUN_ID: '0',
    };
    const runner = parseRunner({ GITHUB_REPOSITORY: 'acme/shop', RUNNER_TEMP: '/r/_temp', ...ghes });
    expect(runner).toMatchObject({
      gitUrl: 'https://ghe.corp/acme/shop.git',
      apiUrl: 'https://ghe.corp/api/v3',
      runUrl: '',
    });
    expect(defaultWorkspace(runner)).toBe('/r/_dexter');
  });

  it.each([
    {},
    { GITHUB_REPOSITORY: 'acme' },
    { GITHUB_REPOSITORY: '../x/y' },
    { GITHUB_REPOSITORY: 'a/b/c' },
  ])('refuses %j', (env) => {
    expect(() => parseRunner(env)).toThrow('GITHUB_REPOSITORY');
  });
});
