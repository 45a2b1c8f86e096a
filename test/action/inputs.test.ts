import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import {
  defaultAllowedTools,
  Inputs,
  isStandAlone,
  parseAloneInputs,
  parseInputs,
} from '../../action/inputs.ts';
import { defaultHiddenPaths } from '../../action/isolate.ts';
import { defaultProtectedPaths, defaultPushRules } from '../../action/push-rules.ts';
import { readablePrices } from '../../action/readable-prices.ts';
import { AppError } from '../../src/core/errors.ts';
import { IssueKey } from '../../src/core/issue-key.ts';
import { encodeInputs, type Job } from '../../src/core/job.ts';
import { newMasterKey } from '../../src/core/session-key.ts';
import { pinnedCli } from '../../src/engines/claude-code/pinned-cli.ts';

const job: Job = {
  commandId: '11111111-2222-4333-8444-555555555555',
  issueKey: IssueKey.parse('DXTR-1'),
  instruction: 'implement this',
  context: '# Ticket',
  session: { installationId: 1, repositoryId: 2, mode: 'resume', generation: 3, engine: 'claude-code' },
  target: {
    branch: 'dexter/DXTR-1',
    base: '',
    title: 'T',
    ticketUrl: 'https://j.example',
    requestedBy: 'Ann',
  },
  appUrl: 'https://dexter.example',
};

const given = (inputs: Record<string, string>) => parseInputs((name) => inputs[name] ?? '');

function problemOf(inputs: Record<string, string>): AppError {
  try {
    given(inputs);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('It was taken');
}

describe('parseInputs', () => {
  it('reads a job as the app encodes it, with the defaults for the rest', () => {
    expect(given(encodeInputs(job))).toEqual({
      job,
      workspace: undefined,
      claudePath: undefined,
      claudeVersion: pinnedCli.version,
      access: { provider: 'anthropic', baseUrl: undefined, credential: undefined },
      model: undefined,
      effort: undefined,
      prices: {},
      store: 'workspace',
      s3: {
        's3-bucket': undefined,
        's3-region': undefined,
        's3-endpoint': undefined,
        's3-prefix': undefined,
        's3-path-style': undefined,
        's3-kms-key-id': undefined,
      },
      githubToken: undefined,
      keepIgnored: true,
      workspaceLimits: { maxSessions: 50, maxAgeDays: 30 },
      allowedTools: defaultAllowedTools,
      tools: 'auto',
      cacheLife: '5m',
      cacheMarkers: 'request-ends',
      instructionsFrom: 'base',
      mcpCacheTtl: '15m',
      mcpNotCached: [],
      isolation: 'auto',
      hiddenPaths: defaultHiddenPaths,
      pushRules: { ...defaultPushRules, protectedPaths: defaultProtectedPaths },
      maxTurns: undefined,
      compactAbove: 40_000,
      timeoutMinutes: 60,
    });
  });

  const own = { input: 2, output: 8, cacheWrite5m: 2.5, cacheWrite1h: 4, cacheRead: 0.2 };

  it('reads prices that are written as YAML or as JSON', async () => {
    const yaml =
      'claude-opus-5-5:\n  input: 3.5\nour-model: { input: 2, output: 8, cacheWrite5m: 2.5, cacheWrite1h: 4, cacheRead: 0.2 }\n';
    const prices = { 'claude-opus-5-5': { input: 3.5 }, 'our-model': own };
    for (const text of [yaml, JSON.stringify(prices)]) {
      const inputs: Record<string, string> = { ...encodeInputs(job), prices: text };
      expect(parseInputs(await readablePrices((name) => inputs[name] ?? '')).prices).toEqual(prices);
    }
  });

  it.each(['', '  \n', '# none yet\n'])('takes %j for no prices', async (text) => {
    const inputs: Record<string, string> = { ...encodeInputs(job), prices: text.trim() };
    expect(parseInputs(await readablePrices((name) => inputs[name] ?? '')).prices).toEqual({});
  });

  it.each([
    ['our-model: { input: 2 }', '`prices` (our-model.output): is not set'],
    ['claude-opus-5-5: { input: -1 }', '`prices` (claude-opus-5-5.input): must be a number from 0 to 1000'],
    ['claude-opus-5-5: { input: .nan }', '`prices` (claude-opus-5-5.input): must be a number'],
    ['claude-opus-5-5: [', '`prices`: must be YAML or JSON'],
    ['cheap', '`prices`: must be a map (`name: value`), not text.'],
  ])('refuses the prices %j', async (text, problem) => {
    const inputs: Record<string, string> = { ...encodeInputs(job), prices: text };
    const getInput = await readablePrices((name) => inputs[name] ?? '');
    expect(() => parseInputs(getInput)).toThrow(problem);
  });

  it('reads one tool per line', () => {
    const tools = '\n  Read(./**)  \r\n\n# no network\nBash(npm test *)\n';
    expect(given({ ...encodeInputs(job), 'allowed-tools': tools }).allowedTools).toEqual([
      'Read(./**)',
      'Bash(npm test *)',
    ]);
  });

  it.each([
    ['default', 'default'],
    ['Read, Edit\nBash,Read', ['Bash', 'Edit', 'Read']],
  ])('reads the tools %j', (tools, read) => {
    expect(given({ ...encodeInputs(job), tools }).tools).toEqual(read);
  });

  it('reads one check of a push per line', () => {
    const checks = 'secrets: warn\nfile-size: refuse 25 MB\nlinks: off\n';
    const { pushRules } = given({ ...encodeInputs(job), 'push-checks': checks, 'protected-paths': 'a/**' });
    expect(pushRules).toEqual({
      ...defaultPushRules,
      severity: { ...defaultPushRules.severity, secrets: 'warn', links: 'off' },
      fileBytes: 25_000_000,
      protectedPaths: ['a/**'],
    });
  });

  it('names every input that is missing at once', () => {
    const { code, message } = problemOf({});
    expect(code).toBe('input-invalid');
    for (const name of ['command-id', 'issue-key', 'instruction', 'session', 'target', 'app-url']) {
      expect(message).toContain(`\`${name}\``);
    }
    expect(message).toContain('6 inputs');
  });

  it.each([
    ['command-id', 'abc', 'UUID'],
    ['issue-key', '../x', 'issue key'],
    ['session', '{', 'JSON'],
    ['session', '{"mode":"resume"}', 'installationId'],
    ['session', JSON.stringify({ ...job.session, generation: -1 }), 'generation'],
    ['target', '[]', 'target'],
    ['app-url', 'file:///etc/passwd', 'http'],
    ['store', 'floppy', 'workspace'],
    ['s3-endpoint', 'minio:9000', 'http'],
    ['s3-path-style', 'yes', 'true'],
    ['effort', 'High!', 'level'],
    ['keep-ignored', '1', 'true'],
    ['workspace-max-sessions', '0', 'whole number'],
    ['workspace-max-size', 'much', 'size'],
    ['workspace', 'relative/path', 'absolute'],
    ['claude-path', './claude', 'absolute'],
    ['claude-path', 'node_modules/.bin/claude', 'absolute'],
    ['anthropic-base-url', 'nonsense', 'http'],
    ['instructions-from', 'head', 'base'],
    ['tools', 'Bash(npm test)', 'names such as'],
    ['tools', ' , ', 'names such as'],
    ['cache-life', '2h', '1h'],
    ['isolation', 'on', 'required'],
    ['hidden-paths', 'relative', 'absolute'],
    ['push-checks', 'secret: off', 'no check'],
    ['push-checks', 'secrets off', 'must be a check'],
    ['max-turns', '0', 'whole number'],
    ['max-turns', '1e3', 'whole number'],
    ['timeout-minutes', '-5', 'whole number'],
    ['compact-above', 'much', 'whole number'],
    ['compact-above', '-1', 'whole number'],
  ])('refuses %s: %s', (name, value, reason) => {
    const { message } = problemOf({ ...encodeInputs(job), [name]: value });
    expect(message).toContain(`\`${name}\``);
    expect(message).toContain(reason);
  });
});

describe('the way to the model', () => {
  const region = 'eu-west-1';
  it.each([
    [
      { 'anthropic-api-key': 'k' },
      { provider: 'anthropic', baseUrl: undefined, credential: { kind: 'api-key', value: 'k' } },
    ],
    [
      { 'anthropic-oauth-token': 't' },
      { provider: 'anthropic', baseUrl: undefined, credential: { kind: 'oauth-token', value: 't' } },
    ],
    [
      { 'anthropic-auth-token': 't', 'anthropic-base-url': 'https://gw.example' },
      {
        provider: 'anthropic',
        baseUrl: 'https://gw.example',
        credential: { kind: 'auth-token', value: 't' },
      },
    ],
    [
      { provider: 'bedrock', 'aws-region': region },
      { provider: 'bedrock', region, baseUrl: undefined },
    ],
    [
      { provider: 'vertex', 'vertex-project': 'p', 'vertex-region': 'global' },
      { provider: 'vertex', project: 'p', region: 'global', baseUrl: undefined },
    ],
  ])('is read from %j', (inputs, access) => {
    expect(given({ ...encodeInputs(job), ...inputs }).access).toEqual(access);
  });

  it.each([
    [{ provider: 'azure' }, ['`provider`: must be']],
    [{ 'anthropic-api-key': 'k', 'anthropic-oauth-token': 't' }, ['`anthropic-oauth-token`: only one of']],
    [{ 'anthropic-auth-token': 't' }, ['`anthropic-base-url`: is required with `anthropic-auth-token`']],
    [{ 'aws-region': region }, ['`aws-region`: does not go with `provider: anthropic`']],
    [{ provider: 'bedrock' }, ['`aws-region`: is required']],
    [{ provider: 'bedrock', 'aws-region': 'x/../y' }, ['`aws-region`: must be a name']],
    [
      { provider: 'bedrock', 'aws-region': region, 'anthropic-api-key': 'k' },
      ['`anthropic-api-key`: does not go with `provider: bedrock`'],
    ],
    [
      { provider: 'vertex', 'aws-region': region, 'max-turns': '0' },
      [
        '`vertex-project`: is required',
        '`vertex-region`: is required',
        '`aws-region`: does not',
        '`max-turns`',
      ],
    ],
  ])('is refused as %j, with everything that is wrong', (inputs, problems) => {
    const { message } = problemOf({ ...encodeInputs(job), ...inputs });
    for (const problem of problems) expect(message).toContain(problem);
  });
});

describe('inputs without the app', () => {
  const alone = (inputs: Record<string, string>) => parseAloneInputs((name) => inputs[name] ?? '');
  const aloneProblem = (inputs: Record<string, string>) => {
    try {
      alone(inputs);
    } catch (error) {
      if (error instanceof AppError) return error.message;
    }
    throw new Error('It was taken');
  };

  it('are told from those of the app by what the app fills in', () => {
    expect(isStandAlone((name) => ({ instruction: 'add tests', number: '7' })[name] ?? '')).toBe(true);
    const { instruction: _, context: __, 'issue-key': ___, ...ofTheApp } = encodeInputs(job);
    for (const [name, value] of Object.entries(ofTheApp).filter(([, value]) => value !== ''))
      expect(isStandAlone((asked) => (asked === name ? value : ''))).toBe(false);
  });

  it('are read with the same settings', () => {
    const key = newMasterKey();
    const older = [newMasterKey(), newMasterKey()];
    const { request, settings } = alone({
      instruction: 'add tests',
      number: '7',
      'issue-key': 'DXTR-1',
      title: 'Coupons',
      'ticket-url': 'https://jira.example/browse/DXTR-1',
      'requested-by': 'Ann',
      committer: 'Dexter Bot <dexter@example.com>',
      'session-key': ` ${key}\n`,
      'session-key-previous': older.join(', '),
    });
    expect(request).toEqual({
      instruction: 'add tests',
      context: '',
      issueKey: 'DXTR-1',
      number: 7,
      title: 'Coupons',
      ticketUrl: 'https://jira.example/browse/DXTR-1',
      requestedBy: 'Ann',
      committer: { name: 'Dexter Bot', email: 'dexter@example.com' },
      sessionKey: key,
      previousSessionKeys: older,
    });
    const { job: _, ...ofTheApp } = given(encodeInputs(job));
    expect(settings).toEqual(ofTheApp);
  });

  it('may not stand beside some of those of the app', () => {
    const { 'app-url': _, ...rest } = encodeInputs(job);
    expect(problemOf(rest).message).toBe(
      'An input is not usable: `app-url`: is empty, and `command-id`, `session`, `target` or `delta` is not: the app fills in all of them, a run without the app has none.',
    );
    expect(problemOf({ ...encodeInputs(job), number: '7', title: 'T' }).message).toBe(
      '2 inputs are not usable: `number`: is for a run without the app, and `app-url` names one; `title`: is for a run without the app, and `app-url` names one.',
    );
  });

  it.each([
    ['instruction', '', 'required'],
    ['number', '#7', 'whole number'],
    ['number', '0', 'whole number'],
    ['issue-key', '../x', 'issue key'],
    ['ticket-url', 'javascript:alert(1)', 'http'],
    ['committer', 'Dexter', '<address@example.com>'],
    ['committer', 'A <a@example.com>\nB <b@example.com>', '<address@example.com>'],
    ['session-key-previous', 'dxk1_short', 'at most 8'],
  ])('are refused with %s: %j', (name, value, reason) => {
    const message = aloneProblem({ instruction: 'x', [name]: value });
    expect(message).toContain(`\`${name}\``);
    expect(message).toContain(reason);
  });

  it('are refused without showing what was given for a key', () => {
    const almost = newMasterKey().slice(0, -1);
    const message = aloneProblem({ instruction: 'x', 'session-key': almost, 'session-key-previous': almost });
    expect(message).toContain('`session-key`: must be a key that `dexter key new` made');
    expect(message).not.toContain(almost);
  });
});

describe('action.yml', () => {
  const Manifest = z.object({
    inputs: z.record(
      z.string(),
      z.object({ description: z.string().min(10), required: z.boolean(), default: z.string().optional() }),
    ),
    runs: z.object({
      using: z.literal('node24'),
      main: z.literal('dist/main.js'),
      post: z.literal('dist/post.js'),
    }),
  });
  const manifest = async () =>
    Manifest.parse(parse(await readFile(join(import.meta.dirname, '../../action/action.yml'), 'utf8')));

  it('has the inputs that the action reads, in their order', async () => {
    expect(Object.keys((await manifest()).inputs)).toEqual(Object.keys(Inputs.shape));
  });

  it('requires what the action requires, and has the same defaults', async () => {
    const { inputs } = await manifest();
    const required = Object.entries(inputs)
      .filter(([, input]) => input.required)
      .map(([name]) => name);
    const defaults = Object.entries(inputs).map(([name, input]) => [name, input.default ?? '']);
    expect(required.every((name) => inputs[name]?.default === undefined)).toBe(true);
    const complete = {
      ...encodeInputs(job),
      // The token of the job is GitHub's to fill in.
      ...Object.fromEntries(defaults.filter(([, value]) => value !== '' && !value?.startsWith('${{'))),
    };
    expect(given(complete)).toEqual(given(encodeInputs(job)));
    for (const name of required)
      expect(problemOf({ ...complete, [name]: '' }).message).toContain(`\`${name}\``);
    // What the app fills in is not required of the others.
    const alone = parseAloneInputs((name) => (required.includes(name) ? 'x' : ''));
    expect(alone.request).toMatchObject({ instruction: 'x', context: '', number: undefined });
  });
});
