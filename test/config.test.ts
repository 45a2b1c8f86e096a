import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AlertSettings } from '../src/alerts/settings.ts';
import { type Environment, missingCredentials, parseConfig } from '../src/config.ts';
import { AppError } from '../src/core/errors.ts';
import { newMasterKey } from '../src/core/session-key.ts';
import { installPage, list, readConfig } from '../src/read-config.ts';
import { temporaryDirectory } from './fakes/temporary-directory.ts';

const key = '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n';
const credentials = { APP_ID: '7', PRIVATE_KEY: key, WEBHOOK_SECRET: 'sixteen letters!' };

const site = `
    url: https://acme.example/
    email: dexter@acme.example
    tokenEnv: JIRA_TOKEN
    secretEnv: JIRA_SECRET
`;

/** The lines of the error, without its heading. */
function problemsOf(env: Environment, dexterYml?: string): string[] {
  try {
    parseConfig({ ...credentials, ...env }, dexterYml);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(error.code).toBe('config-invalid');
    expect(error.hint).toContain('docs/install.md');
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.replace(/^ {2}- /, ''));
  }
  return [];
}

describe('parseConfig', () => {
  it('fills in what is not set', () => {
    expect(parseConfig(credentials, undefined)).toEqual({
      name: 'dexter',
      host: 'localhost',
      port: 3000,
      url: 'http://localhost:3000',
      dataDirectory: resolve('.dexter'),
      databaseUrl: undefined,
      logLevel: 'info',
      stop: { withinSeconds: 25, delaySeconds: 0 },
      apiToken: undefined,
      metricsToken: undefined,
      dashboard: { mode: 'on', administrators: [] },
      github: {
        appId: 7,
        privateKey: key,
        webhookSecret: credentials.WEBHOOK_SECRET,
        apiUrl: 'https://api.github.com',
        serverUrl: 'https://github.com',
        throttle: true,
        oidcIssuer: 'https://token.actions.githubusercontent.com',
      },
      runnerNoticeMinutes: 10,
      dispatcher: { kind: 'actions', workflow: 'dexter.yml', ref: undefined },
      jira: [],
      onboarding: { isOn: true },
      budgets: { repositories: {} },
      retention: { afterCloseDays: 7, maxAgeDays: 30 },
      prices: {},
      alerts: { settings: AlertSettings.parse({}) },
      context: { whenJiraFails: 'go-on', waitMinutes: 10, refreshAfterMinutes: 5, ttlHours: 24 },
    });
  });

  it('names administrators of the dashboard by login or number', () => {
    const yml = 'dashboard: {administrators: [maria, 583231, rob_acme]}';
    expect(parseConfig(credentials, yml).dashboard.administrators).toEqual(['maria', 583_231, 'rob_acme']);
    expect(problemsOf({}, 'dashboard: {administrators: ["maria lang", 0]}')).toHaveLength(2);
  });

  it('lets people sign in with a client id and its secret, which it does not repeat', () => {
    const client = { GITHUB_CLIENT_ID: 'Iv23abc', GITHUB_CLIENT_SECRET: 'secret-of-the-client' };
    expect(parseConfig({ ...credentials, ...client }, undefined).github.client).toEqual({
      id: 'Iv23abc',
      secret: 'secret-of-the-client',
    });
    expect(problemsOf({ GITHUB_CLIENT_ID: 'Iv23abc' })).toEqual([
      'GITHUB_CLIENT_SECRET is not set and GITHUB_CLIENT_ID is: signing in takes both',
    ]);
    expect(problemsOf({ ...client, GITHUB_CLIENT_SECRET: 'short' })).toEqual([
      'GITHUB_CLIENT_SECRET must be at least 16 characters',
    ]);
  });

  it.each(['localhost', '127.0.0.1', '127.8.0.1', '::1'])(
    'opens the dashboard without signing in on %s',
    (HOST) => {
      const env = { ...credentials, HOST, DEXTER_DASHBOARD: 'open' };
      expect(parseConfig(env, undefined).dashboard.mode).toBe('open');
    },
  );

  it.each(['0.0.0.0', '::', '10.0.0.1', 'dexter.example.com', 'localhost.example.com'])(
    'does not open the dashboard without signing in on %s',
    (HOST) => {
      expect(problemsOf({ HOST, DEXTER_DASHBOARD: 'open' })).toEqual([
        expect.stringMatching(/^DEXTER_DASHBOARD must not be `open` where HOST is not of this machine/),
      ]);
    },
  );

  it('does not open the dashboard without signing in where others reach it by a proxy', () => {
    expect(problemsOf({ DEXTER_URL: 'https://dexter.example.com', DEXTER_DASHBOARD: 'open' })).toEqual([
      expect.stringMatching(/^DEXTER_DASHBOARD must not be `open` where DEXTER_URL is not of this machine/),
    ]);
  });

  it.each(['redis://cache', 'rediss://user:pass@cache:6380/2', 'redis://:pass@127.0.0.1:6379'])(
    'takes the Redis at %s',
    (url) => {
      expect(parseConfig({ ...credentials, REDIS_URL: url }, undefined).context.redisUrl).toBe(url);
    },
  );

  it.each([
    'http://user:hidden@cache',
    'cache:6379',
    'redis://',
    'redis://user:hidden@cache/name',
    'redis://user:hidden@cache:port',
  ])('refuses the Redis at %s without repeating its password', (url) => {
    const problems = problemsOf({ REDIS_URL: url });
    expect(problems).toEqual([
      'REDIS_URL must be a redis:// or rediss:// address, with nothing or the number of a database as its path',
    ]);
  });

  it.each(['0', '-1', 'a day', '721'])('caches no context for %s hours', (hours) => {
    expect(problemsOf({ DEXTER_CONTEXT_TTL_HOURS: hours })).toEqual([
      expect.stringMatching(/^DEXTER_CONTEXT_TTL_HOURS must be /),
    ]);
  });

  it('waits for JIRA as long as the file says, and does then what it says', () => {
    const yml = 'context: {whenJiraFails: fail, waitMinutes: 0}';
    expect(parseConfig(credentials, yml).context).toEqual({
      whenJiraFails: 'fail',
      waitMinutes: 0,
      refreshAfterMinutes: 5,
      ttlHours: 24,
    });
    expect(
      problemsOf({}, 'context: {whenJiraFails: hope, waitMinutes: 1441, refreshAfterMinutes: -1}'),
    ).toEqual([
      'dexter.yml: `context.whenJiraFails` must be `go-on` or `fail`',
      'dexter.yml: `context.waitMinutes` must be a whole number of minutes from 0 to 1440',
      'dexter.yml: `context.refreshAfterMinutes` must be a whole number of minutes from 0 to 1440',
    ]);
  });

  it('allows to be spent what the file says, and nothing where it says 0', () => {
    const yml = `budgets:
  run: 5
  issue: 0
  personPerDay: 50.5
  repositories: {acme/website: {repositoryPerMonth: 100}}`;
    expect(parseConfig(credentials, yml).budgets).toEqual({
      run: 5,
      issue: 0,
      personPerDay: 50.5,
      repositories: { 'acme/website': { repositoryPerMonth: 100 } },
    });
    expect(
      problemsOf(
        {},
        'budgets: {run: -1, issue: $5, personPerDay: .nan, repositoryPerMonth: 1000001, day: 1, repositories: {website: {}, acme/shop: {personPerDay: 1}}}',
      ),
    ).toEqual([
      'dexter.yml: `budgets.run` must be an amount of US dollars from 0 to 1000000, such as 20',
      'dexter.yml: `budgets.issue` must be an amount of US dollars from 0 to 1000000, such as 20',
      'dexter.yml: `budgets.repositoryPerMonth` must be an amount of US dollars from 0 to 1000000, such as 20',
      'dexter.yml: `budgets.personPerDay` must be an amount of US dollars from 0 to 1000000, such as 20',
      'dexter.yml: `budgets.repositories.website` has a wrong name: it must be a repository as `owner/name`',
      'dexter.yml: `budgets.repositories.acme/shop.personPerDay` is not a known setting',
      'dexter.yml: `budgets.day` is not a known setting',
    ]);
  });

  it('proposes the workflow to new repositories as it is told to', () => {
    const action = `acme/bot@${'c'.repeat(40)}`;
    const set = { DEXTER_ONBOARDING: 'off', DEXTER_ACTION: action };
    expect(parseConfig({ ...credentials, ...set }, undefined).onboarding).toEqual({
      isOn: false,
      action,
    });
    expect(problemsOf({ DEXTER_ONBOARDING: 'no', DEXTER_ACTION: 'acme/bot@v1 # x\n' })).toEqual([
      'DEXTER_ONBOARDING must be `on` or `off`',
      'DEXTER_ACTION must be `owner/name@` and the 40 hex digits of a commit',
    ]);
  });

  it.each([
    ['sessions: {maxAgeDays: never}', { afterCloseDays: 7, maxAgeDays: 'never' }],
    ['sessions: {afterCloseDays: 1, maxAgeDays: 3650}', { afterCloseDays: 1, maxAgeDays: 3650 }],
  ])('keeps sessions for as long as %j says', (yml, retention) => {
    expect(parseConfig(credentials, yml).retention).toEqual(retention);
  });

  it.each(['0', '3651', '1.5', 'always', '-1'])('keeps no session for %s days', (days) => {
    expect(problemsOf({}, `sessions: {afterCloseDays: ${days}}`)).toEqual([
      'dexter.yml: `sessions.afterCloseDays` must be a whole number of days from 1 to 3650, or `never`',
    ]);
  });

  it('takes a variable that is set to nothing for one that is not set', () => {
    const empty = { PORT: '', DEXTER_URL: '', DATABASE_URL: '', DEXTER_API_TOKEN: '', LOG_LEVEL: '' };
    expect(parseConfig({ ...credentials, ...empty }, '')).toEqual(parseConfig(credentials, undefined));
  });

  it('takes addresses without the slashes at their ends', () => {
    const config = parseConfig(
      {
        ...credentials,
        DEXTER_URL: 'https://dexter.acme.example/app/',
        GITHUB_API_URL: 'https://ghe.acme.example/api/v3/',
        GITHUB_SERVER_URL: 'https://ghe.acme.example//',
        DEXTER_OIDC_ISSUER: 'https://ghe.acme.example/_services/token/',
      },
      undefined,
    );
    expect(config.url).toBe('https://dexter.acme.example/app');
    expect(config.github).toMatchObject({
      apiUrl: 'https://ghe.acme.example/api/v3',
      serverUrl: 'https://ghe.acme.example',
      oidcIssuer: 'https://ghe.acme.example/_services/token',
    });
  });

  it('reads a private key whose line ends are written as \\n', () => {
    const config = parseConfig({ ...credentials, PRIVATE_KEY: key.replaceAll('\n', '\\n') }, undefined);
    expect(config.github.privateKey).toBe(key);
  });

  it('gives a local run what a workflow file would set', () => {
    const config = parseConfig(
      {
        ...credentials,
        DEXTER_DISPATCHER: 'local',
        DEXTER_DATA: '/data',
        DEXTER_TIMEOUT_MINUTES: '5',
        ANTHROPIC_API_KEY: 'k',
        DEXTER_CLAUDE_PATH: '/bin/claude',
      },
      'allowedTools: ["Bash(npm test)"]',
    );
    expect(config.dispatcher).toEqual({
      kind: 'local',
      local: {
        workspace: '/data/workspace',
        claudePath: '/bin/claude',
        anthropicApiKey: 'k',
        anthropicBaseUrl: undefined,
        allowedTools: ['Bash(npm test)'],
        timeoutMinutes: 5,
        store: 'workspace',
        s3: {},
      },
    });
  });

  it('reads prices, and names the model and the field of each that is wrong', () => {
    const own = 'our-model: { input: 2, output: 8, cacheWrite5m: 2.5, cacheWrite1h: 4, cacheRead: 0.2 }';
    expect(parseConfig(credentials, `prices: { ${own} }`).prices).toHaveProperty(['our-model', 'input'], 2);
    expect(parseConfig(credentials, undefined).prices).toEqual({});
    const wrong = 'prices: { our-model: { input: 2 }, claude-opus-5-5: { cacheRead: 9 } }';
    expect(() => parseConfig(credentials, wrong)).toThrow(/`prices\.our-model\.output` is not set/);
    expect(() => parseConfig(credentials, wrong)).toThrow(
      /`prices\.claude-opus-5-5\.cacheRead` is above `input`/,
    );
  });

  it('gives a local run the store and where it is', () => {
    const { dispatcher } = parseConfig(
      {
        ...credentials,
        DEXTER_DISPATCHER: 'local',
        DEXTER_STORE: 's3',
        DEXTER_S3_BUCKET: 'b',
        AWS_PROFILE: 'p',
      },
      undefined,
    );
    expect(dispatcher).toMatchObject({ local: { store: 's3', s3: { 's3-bucket': 'b' } } });
  });

  it('takes the key of the sessions and the ones before it', () => {
    const [current, earlier, earliest] = [newMasterKey(), newMasterKey(), newMasterKey()];
    const keys = { DEXTER_SESSION_KEY: current, DEXTER_SESSION_KEY_PREVIOUS: `${earlier}, ${earliest}` };
    expect(parseConfig({ ...credentials, ...keys }, undefined).sessionKeys).toEqual({
      current,
      previous: [earlier, earliest],
    });
    expect(parseConfig(credentials, undefined).sessionKeys).toBeUndefined();
  });

  it.each([
    [{ DATABASE_URL: 'postgres://db/dexter' }, /^DEXTER_SESSION_KEY is not set; with DATABASE_URL/],
    [{ DEXTER_SESSION_KEY_PREVIOUS: newMasterKey() }, /^DEXTER_SESSION_KEY_PREVIOUS is set and/],
    [{ DATABASE_URL: 'mysql://x', DEXTER_SESSION_KEY: newMasterKey() }, /^DATABASE_URL must be a postgres/],
  ])('refuses %j', (env, problem) => {
    expect(problemsOf(env)).toEqual([expect.stringMatching(problem)]);
  });

  it('names everything that is missing or wrong at once', () => {
    const wrong = {
      APP_ID: undefined,
      PRIVATE_KEY: 'no key',
      WEBHOOK_SECRET: 'short',
      PORT: '70000',
      DEXTER_NAME: '1st',
      DEXTER_DISPATCHER: 'cloud',
    };
    expect(problemsOf(wrong, `jira:\n  acme:${site}  b: {}\nother: 1`)).toEqual([
      'APP_ID is not set',
      'PRIVATE_KEY must be a PEM private key',
      'WEBHOOK_SECRET must be at least 16 characters',
      'PORT must be a port number',
      'DEXTER_NAME must be a letter, then letters, digits or dashes, at most 39',
      'DEXTER_DISPATCHER must be `actions` or `local`',
      'dexter.yml: `jira.b.url` is not set',
      'dexter.yml: `jira.b.email` is not set',
      'dexter.yml: `jira.b.tokenEnv` is not set',
      'dexter.yml: `jira.b.secretEnv` is not set',
      'dexter.yml: `other` is not a known setting',
      'JIRA_TOKEN is not set; it holds the API token of the JIRA connection "acme"',
      'JIRA_SECRET is not set; it holds the webhook secret of the JIRA connection "acme"',
    ]);
  });

  it.each([
    ['APP_ID', 'x', 'APP_ID must be a number'],
    ['APP_ID', '1.5', 'APP_ID must be a whole number'],
    ['APP_ID', '-1', 'APP_ID must be a positive number'],
    ['PORT', '1.5', 'PORT must be a port number'],
    ['PORT', '-1', 'PORT must be a port number'],
    ['DEXTER_URL', 'dexter.acme.example', 'DEXTER_URL must be an http(s) address'],
    ['DEXTER_URL', 'javascript:alert(1)', 'DEXTER_URL must be an http(s) address'],
    ['GITHUB_API_URL', 'ftp://x.example', 'GITHUB_API_URL must be an http(s) address'],
    ['DEXTER_WORKFLOW', '../ci.yml', 'DEXTER_WORKFLOW must be the file name of a workflow'],
    ['DEXTER_API_TOKEN', 'short', 'DEXTER_API_TOKEN must be at least 16 characters'],
    ['GITHUB_THROTTLE', 'no', 'GITHUB_THROTTLE must be `on` or `off`'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL must be a log level'],
    ['DEXTER_STOP_SECONDS', '0', 'DEXTER_STOP_SECONDS must be at least 1 second'],
    ['DEXTER_STOP_SECONDS', 'soon', 'DEXTER_STOP_SECONDS must be a number of seconds'],
    ['DEXTER_STOP_DELAY_SECONDS', '-1', 'DEXTER_STOP_DELAY_SECONDS must be at least 0 seconds'],
    [
      'DEXTER_STOP_DELAY_SECONDS',
      '25',
      'DEXTER_STOP_DELAY_SECONDS must be less than DEXTER_STOP_SECONDS, which it is a part of',
    ],
    [
      'DEXTER_WORKFLOW_REF',
      'refs/heads/main',
      'DEXTER_WORKFLOW_REF must be the name of a branch, without `refs/heads/`',
    ],
    ...['dexter.yml', 'acme/shop/dexter.yml', 'acme/shop/.github/workflows/dexter.yml@v1'].map(
      (wrong): [string, string, string] => [
        'DEXTER_JOB_WORKFLOW',
        wrong,
        'DEXTER_JOB_WORKFLOW must be owner/repository/.github/workflows/file.yml, which `@refs/heads/…`, `@refs/tags/…` or `@` and a full commit id may follow',
      ],
    ),
    ['DEXTER_RUNNER_NOTICE_MINUTES', '0', 'DEXTER_RUNNER_NOTICE_MINUTES must be at least 1 minute'],
    ['DEXTER_TIMEOUT_MINUTES', '0', 'DEXTER_TIMEOUT_MINUTES must be at least 1 minute'],
    ['DEXTER_TIMEOUT_MINUTES', '0.5', 'DEXTER_TIMEOUT_MINUTES must be a whole number of minutes'],
    ['DEXTER_NAME', 'a b', 'DEXTER_NAME must be a letter, then letters, digits or dashes, at most 39'],
    ['DEXTER_NAME', 'dexter\n', 'DEXTER_NAME must be a letter, then letters, digits or dashes, at most 39'],
    ['DEXTER_SESSION_KEY', 'secret', 'DEXTER_SESSION_KEY must be a key that `dexter key new` made'],
    ['DEXTER_STORE', 'floppy', 'DEXTER_STORE must be `workspace`, `s3` or `actions-cache`'],
  ])('refuses %s=%j and says what it must be', (name, value, problem) => {
    expect(problemsOf({ [name]: value })).toEqual([problem]);
  });

  it("refuses Probot's well-known secret", () => {
    expect(problemsOf({ WEBHOOK_SECRET: 'development' })).toContain(
      'WEBHOOK_SECRET must be another one than the well-known default',
    );
  });

  it.each([
    ['jira: [', 'dexter.yml is not valid YAML: Flow sequence in block collection'],
    ['a: 1\na: 2', 'dexter.yml is not valid YAML: Map keys must be unique at line 2, column 1'],
    ['a: 1\n---\nb: 2', 'dexter.yml is not valid YAML: Source contains multiple documents'],
    ['- a', 'dexter.yml: the file must be a map (`name: value`), not a list'],
    ['just text', 'dexter.yml: the file must be a map (`name: value`), not text'],
    [
      'jira: {Acme: {}}',
      'dexter.yml: `jira.Acme` has a wrong name: it must be lower case letters, digits and dashes',
    ],
    [
      `jira:\n  a:${site}    projects: {dx: a/b}`,
      'dexter.yml: `jira.a.projects.dx` has a wrong name: it must be a JIRA project key',
    ],
    [
      `jira:\n  a:${site}    projects: {DX: nowhere}`,
      'dexter.yml: `jira.a.projects.DX` must be a repository as `owner/name`',
    ],
    [
      `jira:\n  a:${site}    projects: {DX: 5}`,
      'dexter.yml: `jira.a.projects.DX` must be a repository as `owner/name`, or a list of them',
    ],
    [
      `jira:\n  a:${site}    people: {id: "two words"}`,
      'dexter.yml: `jira.a.people.id` must be a GitHub login',
    ],
    [
      `jira:\n  a:${site.replace('JIRA_TOKEN', 'token')}`,
      'dexter.yml: `jira.a.tokenEnv` must be the name of an environment variable',
    ],
  ])('names the place and the reason in %j', (yml, problem) => {
    const problems = problemsOf({ JIRA_TOKEN: 't', JIRA_SECRET: 's' }, yml);
    expect(problems[0]).toContain(problem);
  });

  it('names the file as it was configured', () => {
    expect(problemsOf({ DEXTER_CONFIG: 'etc/d.yml' }, '- a')[0]).toMatch(/^etc\/d\.yml: /);
  });

  it('reads JIRA connections with their secrets from the environment', () => {
    const yml = `jira:\n  acme:${site}    projects: {DX: acme/shop, OPS: [acme/a, acme/b]}\n    people: {"5b10:a": maria}`;
    expect(parseConfig({ ...credentials, JIRA_TOKEN: 't', JIRA_SECRET: 's' }, yml).jira).toEqual([
      {
        name: 'acme',
        type: 'cloud',
        url: 'https://acme.example',
        email: 'dexter@acme.example',
        tokenEnv: 'JIRA_TOKEN',
        secretEnv: 'JIRA_SECRET',
        token: 't',
        secret: 's',
        label: 'dexter',
        projects: { DX: 'acme/shop', OPS: ['acme/a', 'acme/b'] },
        people: { '5b10:a': 'maria' },
      },
    ]);
  });

  it('does not take the names of object members for settings', () => {
    const yml = `jira:\n  acme:${site}    people: {__proto__: mallory, constructor: maria}`;
    const [jira] = parseConfig({ ...credentials, JIRA_TOKEN: 't', JIRA_SECRET: 's' }, yml).jira;
    expect(Object.entries(jira?.people ?? {})).toEqual([['constructor', 'maria']]);
    expect(Object.getPrototypeOf(jira?.people)).not.toMatchObject({ mallory: expect.anything() });
    expect(problemsOf({}, '__proto__: {jira: {}}\nconstructor: 1')).toEqual([
      'dexter.yml: `__proto__` is not a known setting',
      'dexter.yml: `constructor` is not a known setting',
    ]);
  });
});

describe('missingCredentials', () => {
  it.each([
    [{}, ['WEBHOOK_SECRET', 'APP_ID', 'PRIVATE_KEY']],
    [{ APP_ID: '1', WEBHOOK_SECRET: '' }, ['WEBHOOK_SECRET', 'PRIVATE_KEY']],
    [{ ...credentials, PRIVATE_KEY: '', PRIVATE_KEY_PATH: 'key.pem' }, []],
    [credentials, []],
  ])('of %j are %j', (env, missing) => {
    expect(missingCredentials(env)).toEqual(missing);
  });
});

describe('readConfig', () => {
  it('names all missing credentials and the page that explains them', async () => {
    await expect(readConfig({ APP_ID: '1' })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('Dexter does not start without WEBHOOK_SECRET and PRIVATE_KEY.'),
      hint: expect.stringContaining(installPage),
    });
  });

  it('reads the private key and the configuration from the files that are named', async () => {
    await using directory = await temporaryDirectory();
    const keyFile = join(directory.path, 'key.pem');
    const file = join(directory.path, 'my.yml');
    await writeFile(keyFile, key);
    await writeFile(file, `jira:\n  acme:${site}`);
    const config = await readConfig({
      ...credentials,
      PRIVATE_KEY: '',
      PRIVATE_KEY_PATH: keyFile,
      DEXTER_CONFIG: file,
      JIRA_TOKEN: 't',
      JIRA_SECRET: 's',
    });
    expect(config.github.privateKey).toBe(key);
    expect(config.jira.map(({ name }) => name)).toEqual(['acme']);
  });

  it.each([['PRIVATE_KEY_PATH'], ['DEXTER_CONFIG']])(
    'says that the file of %s cannot be read',
    async (name) => {
      await using directory = await temporaryDirectory();
      const rest = name === 'PRIVATE_KEY_PATH' ? { ...credentials, PRIVATE_KEY: undefined } : credentials;
      for (const [path, why] of [
        [join(directory.path, 'missing'), 'there is no such file'],
        [directory.path, 'it is a directory'],
      ] as const) {
        await expect(readConfig({ ...rest, [name]: path })).rejects.toMatchObject({
          code: 'config-invalid',
          message: `The file that ${name} names, ${path}, cannot be read: ${why}.`,
        });
      }
    },
  );

  it('reads dexter.yml when no other file is named, if it is there', async () => {
    await using directory = await temporaryDirectory();
    const before = process.cwd();
    process.chdir(directory.path);
    try {
      expect((await readConfig(credentials)).jira).toEqual([]);
      await writeFile('dexter.yml', `jira:\n  acme:${site}`);
      const environment = { ...credentials, JIRA_TOKEN: 't', JIRA_SECRET: 's' };
      for (const name of [undefined, '']) {
        const { jira } = await readConfig({ ...environment, DEXTER_CONFIG: name });
        expect(jira.map((connection) => connection.name)).toEqual(['acme']);
      }
    } finally {
      process.chdir(before);
    }
  });
});

describe('list', () => {
  it.each([
    [[], ''],
    [['a'], 'a'],
    [['a', 'b'], 'a and b'],
    [['a', 'b', 'c'], 'a, b and c'],
  ])('writes %j as %j', (names, text) => {
    expect(list(names)).toBe(text);
  });
});

describe('alerts in the configuration', () => {
  it('takes the webhook of alerts, and thresholds of them', () => {
    const webhook = 'https://hooks.example/services/T0/B0/secret';
    const yml = 'alerts:\n  canary: off\n  redisMemory: { critical: 4000 }\n';
    const { alerts } = parseConfig({ ...credentials, DEXTER_ALERT_WEBHOOK: webhook }, yml);
    expect(alerts).toMatchObject({
      webhook,
      settings: { canary: 'off', redisMemory: { warning: 500, critical: 4000 } },
    });
  });

  it('names no part of a webhook that is no address', () => {
    const parse = () =>
      parseConfig({ ...credentials, DEXTER_ALERT_WEBHOOK: 'hooks.example/secret' }, undefined);
    expect(parse).toThrow('DEXTER_ALERT_WEBHOOK must be an http(s) address');
    expect(parse).not.toThrow('secret');
  });

  it('refuses an alert that is critical before it warns, and says where', () => {
    expect(() => parseConfig(credentials, 'alerts:\n  redisMemory: { warning: 2000 }\n')).toThrow(
      '`alerts.redisMemory` has a `critical` (1000) below its `warning` (2000)',
    );
  });
});
