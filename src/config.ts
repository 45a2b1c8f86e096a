import { resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { AlertSettings } from './alerts/settings.ts';
import { BudgetAmount } from './core/budget.ts';
import { EngineSetting } from './core/engine.ts';
import { AppError, firstLineOf } from './core/errors.ts';
import { isLoopbackHost } from './core/loopback.ts';
import { mistakeText, readAs } from './core/read-as.ts';
import { StoreName } from './core/session.ts';
import { type MasterKeys, PreviousMasterKeys, SessionMasterKey } from './core/session-key.ts';
import { PriceOverrides } from './pricing/price-overrides.ts';

const repositoryName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,39}\/[A-Za-z0-9._-]{1,100}$/, 'a repository as `owner/name`');

/** What `uses:` of a workflow names: a copy of this repository, and a commit of it, which nobody can move. */
export const ActionReference = z
  .string()
  .regex(
    /^[A-Za-z0-9-]{1,39}\/[A-Za-z0-9._-]{1,100}@[0-9a-f]{40}$/,
    '`owner/name@` and the 40 hex digits of a commit',
  );

const environmentName = z
  .string()
  .regex(/^[A-Z_][A-Z0-9_]*$/, 'the name of an environment variable, such as JIRA_TOKEN');

const fieldName = z.string().trim().min(1).max(255);

const JiraFields = z
  .strictObject({
    sprint: fieldName.optional().meta({ description: 'Sprint' }),
    storyPoints: fieldName.optional().meta({ description: 'Story points' }),
    acceptanceCriteria: fieldName.optional().meta({ description: 'Acceptance criteria' }),
    development: fieldName
      .optional()
      .meta({ description: 'The development panel: its pull requests and branches are listed' }),
  })
  .meta({
    description:
      'Custom fields that are told to Claude: the id (`customfield_10016`) or the exact name of each. With an id JIRA has less to send',
  });

const JiraConnection = z
  .strictObject({
    type: z.enum(['cloud', 'server']).default('cloud').meta({
      description:
        '`server` for Server and Data Center: REST v2, wiki markup, and a personal access token instead of an API token',
    }),
    url: z.url({ protocol: /^https?$/ }).meta({ description: 'Address of the JIRA site' }),
    apiUrl: z
      .url({ protocol: /^https?$/ })
      .optional()
      .meta({
        description:
          'Address of the API when it is another one: `https://api.atlassian.com/ex/jira/<cloud id>` for API tokens with scopes',
      }),
    email: z.email().meta({ description: 'Account that Dexter reads and comments as' }),
    tokenEnv: environmentName.meta({
      description: 'Environment variable that holds the API token of that account',
    }),
    secretEnv: environmentName.meta({
      description:
        'Environment variable that holds the secret of the automation rule or of the admin webhook',
    }),
    fields: JiraFields.optional(),
    label: z
      .string()
      .min(1)
      .default('dexter')
      .meta({ description: 'Label that starts Dexter when it is added to a ticket' }),
    projects: z
      .record(
        z.string().regex(/^[A-Z][A-Z0-9_]+$/, 'a JIRA project key'),
        z.union(
          [repositoryName, z.array(repositoryName).min(1)],
          'a repository as `owner/name`, or a list of them',
        ),
      )
      .default({})
      .meta({ description: 'JIRA project key to repository, or to several to choose from' }),
    people: z
      .record(z.string().min(1), z.string().regex(/^[A-Za-z0-9-]{1,39}$/, 'a GitHub login'))
      .default({})
      .meta({ description: 'JIRA account id to GitHub login: who may command Dexter from JIRA' }),
  })
  .meta({ description: 'One JIRA site' });

/** A sealed conversation is of use to nobody for longer than some years. */
const days = 'a whole number of days from 1 to 3650, or `never`';
const retentionDays = z.union([z.int(days).min(1, days).max(3650, days), z.literal('never')], days);

const Retention = z
  .strictObject({
    afterCloseDays: retentionDays.default(7).meta({
      description:
        'Days after which the session of a ticket is forgotten once the ticket, issue or pull request is closed, or `never`',
    }),
    maxAgeDays: retentionDays
      .default(30)
      .meta({ description: 'Days without use after which a session is forgotten, or `never`' }),
  })
  .meta({ description: 'How long sessions are kept' });

const minutes = 'a whole number of minutes from 0 to 1440';

const Context = z
  .strictObject({
    whenJiraFails: z.enum(['go-on', 'fail'], '`go-on` or `fail`').default('go-on').meta({
      description:
        'What becomes of a command when JIRA does not answer, nothing is cached of the ticket, and the wait is over: it goes on without the ticket and says so (`go-on`), or it fails (`fail`)',
    }),
    waitMinutes: z.int(minutes).min(0, minutes).max(1440, minutes).default(10).meta({
      description: 'How long such a command waits for JIRA before that; 0 does not wait',
    }),
    refreshAfterMinutes: z.int(minutes).min(0, minutes).max(1440, minutes).default(5).meta({
      description:
        'After how long a job that waits for its runner is told of the ticket and the pull request as they are by then; 0 always asks again',
    }),
  })
  .meta({ description: 'What a command is told of its ticket' });

const repositoryBudgets = {
  run: BudgetAmount.optional().meta({ description: 'Most that one run may cost' }),
  issue: BudgetAmount.optional().meta({
    description: 'Most that one issue may cost, all of its runs together',
  }),
  repositoryPerMonth: BudgetAmount.optional().meta({
    description: 'Most that each repository may cost in a month (UTC)',
  }),
};

const Budgets = z
  .strictObject({
    ...repositoryBudgets,
    personPerDay: BudgetAmount.optional().meta({
      description: 'Most that one person may spend in a day (UTC), in all repositories together',
    }),
    repositories: z
      .record(
        repositoryName,
        z.strictObject({
          ...repositoryBudgets,
          repositoryPerMonth: BudgetAmount.optional().meta({
            description: 'Most that it may cost in a month (UTC)',
          }),
        }),
      )
      .default({})
      .meta({ description: 'What holds in a repository (`owner/name`) in place of the above' }),
  })
  .meta({
    description:
      'What may be spent, in US dollars; with 0 nothing is begun, and what is not named has no limit. The `.github/dexter.yml` of a repository and the flag `--max-budget` can only lower it',
  });
export type AppBudgets = z.infer<typeof Budgets>;

const administrator = 'a GitHub login, or the number of an account';

const Dashboard = z
  .strictObject({
    administrators: z
      .array(
        z.union(
          [z.string().regex(/^[A-Za-z0-9-]{1,39}(?:_[A-Za-z0-9]+)?$/, administrator), z.int().positive()],
          administrator,
        ),
      )
      .default([])
      .meta({
        description:
          'Who sees everything: GitHub logins, or the numbers of accounts (`gh api users/<login> --jq .id`). A login that is given up can be taken by somebody else; a number stays',
      }),
  })
  .meta({ description: 'The dashboard' });

/** `dexter.yml`, the configuration file of the app. Published as `dexter.schema.json`. */
export const DexterConfig = z
  .strictObject({
    jira: z
      .record(
        z
          .string()
          .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower case letters, digits and dashes: it is part of a URL'),
        JiraConnection,
      )
      .default({})
      .meta({
        description: 'JIRA sites by the name that stands in their webhook address, POST /jira/<name>',
      }),
    sessions: Retention.prefault({}),
    context: Context.prefault({}),
    budgets: Budgets.prefault({}),
    dashboard: Dashboard.prefault({}),
    engine: EngineSetting.optional().meta({
      description:
        'What talks to the model when neither the command nor the repository names anything: `claude-code` or `anthropic-api`, for all commands or by kind. Without it the runner decides (docs/engines.md)',
    }),
    prices: PriceOverrides.optional(),
    alerts: AlertSettings.prefault({}),
    allowedTools: z.array(z.string().min(1)).optional().meta({
      description:
        'Permission rules for the engine, in the syntax of the CLI; for local runs. On GitHub Actions they are an input of the action',
    }),
  })
  .meta({ title: 'dexter.yml', description: 'Configuration of the Dexter app' });
export type DexterConfig = z.infer<typeof DexterConfig>;

export interface JiraConnectionConfig extends z.infer<typeof JiraConnection> {
  name: string;
  token: string;
  secret: string;
}

export interface AppConfig {
  name: string;
  host: string;
  port: number;
  /** Address under which runners and people reach the app, without a slash at the end. */
  url: string;
  dataDirectory: string;
  databaseUrl?: string;
  logLevel: string;
  /** Where it is absent: lines for people on a terminal, JSON elsewhere and in production. */
  logFormat?: 'json' | 'pretty';
  /** How long a stop may take, and how long of it the process still listens for a balancer to turn away. */
  stop: { withinSeconds: number; delaySeconds: number };
  apiToken?: string;
  /** Without it metrics are for this machine alone. */
  metricsToken?: string;
  /** `open` shows it to everybody on this machine without signing in. */
  dashboard: { mode: 'on' | 'open' | 'off' } & z.infer<typeof Dashboard>;
  /** What sessions are sealed under; absent where the app makes a key of its own in its data directory. */
  sessionKeys?: MasterKeys;
  github: {
    appId: number;
    privateKey: string;
    webhookSecret: string;
    apiUrl: string;
    serverUrl: string;
    /** Pauses between writes, as github.com asks for. */
    throttle: boolean;
    oidcIssuer: string;
    /** The app's own OAuth, by which people sign in to the dashboard; absent where nobody can. */
    client?: { id: string; secret: string };
  };
  /** After how long people are told that no runner has taken a run. */
  runnerNoticeMinutes: number;
  dispatcher:
    | { kind: 'actions'; workflow: string; ref?: string; jobWorkflow?: string }
    | { kind: 'local'; local: LocalRunnerConfig };
  jira: JiraConnectionConfig[];
  /** The pull request that adds the workflow to repositories that the app is installed on. */
  onboarding: {
    isOn: boolean;
    /** `owner/name@ref` that the workflow is to use, when it is not what the example names. */
    action?: string | undefined;
  };
  /** When sessions are forgotten without anybody asking; `everyMs` is for tests in a hurry. */
  retention: z.infer<typeof Retention> & { everyMs?: number };
  /** What may be spent. */
  budgets: AppBudgets;
  /** Of commands for which nobody named one; absent leaves it to the runner. */
  engine?: EngineSetting;
  /** Prices that win over the price list. */
  prices: PriceOverrides;
  /** When to warn, and where besides the log; `everyMs` is for tests in a hurry. */
  alerts: { settings: AlertSettings; webhook?: string; everyMs?: number };
  context: z.infer<typeof Context> & {
    /** The cache that processes share; the memory of each one where there is none. */
    redisUrl?: string;
    /** How long a snapshot of a ticket is kept. */
    ttlHours: number;
  };
}

/** What a run on this machine gets besides the job: the inputs that a workflow file would set. */
export interface LocalRunnerConfig {
  workspace: string;
  claudePath?: string;
  anthropicApiKey?: string;
  anthropicBaseUrl?: string;
  allowedTools?: string[];
  timeoutMinutes: number;
  store: StoreName;
  /** Where S3 is, by the names that the action's inputs have; nothing for another store. */
  s3: Record<string, string>;
}

export interface EnvironmentDoc {
  name: string;
  required: boolean;
  default: string;
  description: string;
}

/** S3 for local runs and for the command line, each with the input of the action that it becomes. */
const s3Variables: Record<string, { input: string; description: string; fallback: string }> = {
  DEXTER_S3_BUCKET: { input: 's3-bucket', description: 'Bucket of the store `s3`', fallback: 'none' },
  DEXTER_S3_REGION: { input: 's3-region', description: 'Its region', fallback: "the SDK's" },
  DEXTER_S3_ENDPOINT: {
    input: 's3-endpoint',
    description: 'Address of an S3-compatible server',
    fallback: "AWS's",
  },
  DEXTER_S3_PREFIX: {
    input: 's3-prefix',
    description: 'What all object keys begin with',
    fallback: '`dexter`',
  },
  DEXTER_S3_PATH_STYLE: {
    input: 's3-path-style',
    description: '`true` when the bucket stands in the path and not in the host name',
    fallback: '`false`',
  },
  DEXTER_S3_KMS_KEY_ID: {
    input: 's3-kms-key-id',
    description: 'KMS key for server-side encryption',
    fallback: "the bucket's",
  },
};

/** Every environment variable that the app reads; the README's table is generated from it. */
export const environmentDocs: EnvironmentDoc[] = [
  doc('APP_ID', 'Id of the GitHub App', { required: true }),
  doc('PRIVATE_KEY', 'Private key of the GitHub App (PEM); or give its file as `PRIVATE_KEY_PATH`', {
    required: true,
  }),
  doc('WEBHOOK_SECRET', 'Secret that GitHub signs webhooks with', { required: true }),
  doc('DEXTER_URL', 'Address under which runners reach the app', { default: '`http://<HOST>:<PORT>`' }),
  doc('HOST', 'Address to listen on', { default: '`localhost`' }),
  doc('PORT', 'Port to listen on', { default: '`3000`' }),
  doc('DEXTER_NAME', 'Name that Dexter listens to, after the `@`', { default: '`dexter`' }),
  doc('DEXTER_CONFIG', 'Configuration file', { default: '`dexter.yml`' }),
  doc('DEXTER_DATA', 'Directory of the embedded database and of local runs', { default: '`.dexter`' }),
  doc('DATABASE_URL', 'Postgres to use instead of the embedded database', { default: 'embedded PGlite' }),
  doc('REDIS_URL', 'Redis that keeps the context of tickets for all processes (`redis://` or `rediss://`)', {
    default: 'the memory of the process',
  }),
  doc('DEXTER_CONTEXT_TTL_HOURS', 'How long the context of a ticket is cached', { default: '`24`' }),
  doc('DEXTER_SESSION_KEY', 'Key that sessions are sealed under; `dexter key new` makes one', {
    default: 'made and kept in `<DEXTER_DATA>/session-key`; **required** with `DATABASE_URL`',
  }),
  doc('DEXTER_SESSION_KEY_PREVIOUS', 'Earlier keys, separated by commas, until `dexter key rotate` has run', {
    default: 'none',
  }),
  doc('DEXTER_DISPATCHER', '`actions`: GitHub Actions runners; `local`: this machine', {
    default: '`actions`',
  }),
  doc('DEXTER_WORKFLOW', 'File name of the workflow that is dispatched', { default: '`dexter.yml`' }),
  doc('DEXTER_WORKFLOW_REF', 'Branch whose workflow file is run', { default: 'the default branch' }),
  doc(
    'DEXTER_JOB_WORKFLOW',
    'Reusable workflow that the job of a run has to be of, `owner/repository/.github/workflows/file.yml`, and `@` with its full ref or commit to pin that too',
    { default: 'whatever the workflow calls' },
  ),
  doc(
    'DEXTER_RUNNER_NOTICE_MINUTES',
    'How long a run may wait for its runner before the issue is told which labels it waits for',
    { default: '`10`' },
  ),
  doc(
    'DEXTER_ONBOARDING',
    '`off`: no pull request that adds the workflow to repositories that the app is installed on',
    { default: '`on`' },
  ),
  doc(
    'DEXTER_ACTION',
    'What `uses:` names in that workflow, `owner/name@` and the 40 hex digits of a commit: a copy of Dexter, or the commit to pin',
    { default: 'as in [examples/dexter.yml](examples/dexter.yml)' },
  ),
  doc(
    'DEXTER_API_TOKEN',
    'Bearer token for `GET /api/…`, which the command line asks too (`dexter status`, `logs`, `cost`)',
    {
      default: 'no such pages',
    },
  ),
  doc(
    'DEXTER_METRICS_TOKEN',
    'Bearer token for `GET /metrics` and `GET /metrics/cache`, of at least 16 characters',
    { default: 'none: this machine alone may read them, and only where `DEXTER_URL` names it too' },
  ),
  doc(
    'DEXTER_DASHBOARD',
    '`off`: no dashboard; `open`: without signing in, for whoever sits at this machine (`HOST` must be a loopback address)',
    { default: '`on`' },
  ),
  doc(
    'DEXTER_ALERT_WEBHOOK',
    'Address of a webhook, such as one of Slack, that each change of an alert is posted to; whoever knows it can post there, so it is a secret',
    { default: 'none' },
  ),
  doc('GITHUB_CLIENT_ID', 'Client id of the GitHub App, by which people sign in to the dashboard', {
    default: 'nobody can sign in',
  }),
  doc('GITHUB_CLIENT_SECRET', 'A client secret of the GitHub App; another one signs everybody out', {
    default: 'nobody can sign in',
  }),
  doc('GITHUB_API_URL', 'Address of the GitHub API', { default: '`https://api.github.com`' }),
  doc(
    'GITHUB_THROTTLE',
    '`off` for a GitHub Enterprise Server without rate limits: no pauses between writes',
    {
      default: '`on`',
    },
  ),
  doc('GITHUB_SERVER_URL', 'Address of GitHub for people and git', { default: '`https://github.com`' }),
  doc('DEXTER_OIDC_ISSUER', 'Issuer of the tokens that runners identify themselves with', {
    default: "GitHub's",
  }),
  doc(
    'DEXTER_STOP_SECONDS',
    'Longest that a stop may take; what is not finished by then is handed to another process',
    { default: '`25`' },
  ),
  doc(
    'DEXTER_STOP_DELAY_SECONDS',
    'How long a process that stops still listens at least, with 503 at `/readyz`, for a balancer to turn away',
    { default: '`0`' },
  ),
  doc('LOG_LEVEL', '`debug`, `info`, `warn` or `error`', { default: '`info`' }),
  doc('LOG_FORMAT', '`json`: one object a line, for programs; `pretty`: lines for people', {
    default: '`pretty` on a terminal where `NODE_ENV` is not `production`, else `json`',
  }),
  doc('ANTHROPIC_API_KEY', 'Key for local runs; on GitHub Actions it is a secret of the repository', {
    default: 'none',
  }),
  doc('ANTHROPIC_BASE_URL', 'Address of the model for local runs', { default: "the provider's" }),
  doc('DEXTER_CLAUDE_PATH', 'The Claude Code CLI for local runs', { default: '`claude` on the `PATH`' }),
  doc('DEXTER_WORKSPACE', 'Directory of sessions and checkouts of local runs', {
    default: '`<DEXTER_DATA>/workspace`',
  }),
  doc('DEXTER_TIMEOUT_MINUTES', 'Longest local run', { default: '`60`' }),
  doc('DEXTER_STORE', 'Where local runs keep sessions: `workspace`, `s3` or `actions-cache`', {
    default: '`workspace`',
  }),
  ...Object.entries(s3Variables).map(([name, { description, fallback }]) =>
    doc(name, `${description}; for local runs and the command line`, { default: fallback }),
  ),
];

function doc(
  name: string,
  description: string,
  { required = false, default: fallback = '' }: { required?: boolean; default?: string } = {},
): EnvironmentDoc {
  return { name, required, default: fallback, description };
}

/** The three values without which no webhook can be believed and no token be had. */
export const credentialNames = ['WEBHOOK_SECRET', 'APP_ID', 'PRIVATE_KEY'] as const;

export type Environment = Record<string, string | undefined>;

/** Which of the three are not set; all three missing means that the app was never set up. */
export function missingCredentials(env: Environment): string[] {
  return credentialNames.filter((name) => !env[name] && !(name === 'PRIVATE_KEY' && env.PRIVATE_KEY_PATH));
}

const webhookSecret = z
  .string()
  .min(16, 'at least 16 characters')
  .refine((secret) => secret !== 'development', 'another one than the well-known default');

const Environment = z.object({
  APP_ID: z.coerce.number('a number').int('a whole number').positive('a positive number'),
  PRIVATE_KEY: z.string().includes('PRIVATE KEY', { error: 'a PEM private key' }),
  WEBHOOK_SECRET: webhookSecret,
  HOST: z.string().default('localhost'),
  PORT: z.coerce.number('a port number').int().min(0).max(65_535).default(3000),
  DEXTER_URL: z.url({ protocol: /^https?$/, error: 'an http(s) address' }).optional(),
  DEXTER_NAME: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,38}$/, 'a letter, then letters, digits or dashes, at most 39')
    .default('dexter'),
  DEXTER_CONFIG: z.string().default('dexter.yml'),
  DEXTER_DATA: z.string().default('.dexter'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'a postgres:// address')
    .optional(),
  REDIS_URL: z
    .string()
    .refine(
      isRedisUrl,
      'a redis:// or rediss:// address, with nothing or the number of a database as its path',
    )
    .optional(),
  DEXTER_CONTEXT_TTL_HOURS: z.coerce
    .number('a number of hours')
    .min(0.01, 'at least 0.01 hours')
    .max(720, 'at most 720 hours')
    .default(24),
  DEXTER_DISPATCHER: z.enum(['actions', 'local'], '`actions` or `local`').default('actions'),
  DEXTER_WORKFLOW: z
    .string()
    .regex(/^[\w.-]+\.ya?ml$/, 'the file name of a workflow')
    .default('dexter.yml'),
  DEXTER_WORKFLOW_REF: z
    .string()
    .regex(/^(?!refs\/)\S+$/, 'the name of a branch, without `refs/heads/`')
    .optional(),
  DEXTER_JOB_WORKFLOW: z
    .string()
    .regex(
      /^[A-Za-z0-9-]{1,39}\/[A-Za-z0-9._-]{1,100}\/\.github\/workflows\/[\w.-]+\.ya?ml(?:@(?:refs\/(?:heads|tags)\/\S+|[0-9a-f]{40}))?$/,
      'owner/repository/.github/workflows/file.yml, which `@refs/heads/…`, `@refs/tags/…` or `@` and a full commit id may follow',
    )
    .optional(),
  DEXTER_RUNNER_NOTICE_MINUTES: z.coerce
    .number('a number of minutes')
    .min(1, 'at least 1 minute')
    .max(1440, 'at most 1440 minutes')
    .default(10),
  DEXTER_ONBOARDING: z.enum(['on', 'off'], '`on` or `off`').default('on'),
  DEXTER_ACTION: ActionReference.optional(),
  DEXTER_API_TOKEN: z.string().min(16, 'at least 16 characters').optional(),
  DEXTER_METRICS_TOKEN: z.string().min(16, 'at least 16 characters').optional(),
  DEXTER_DASHBOARD: z.enum(['on', 'open', 'off'], '`on`, `open` or `off`').default('on'),
  DEXTER_ALERT_WEBHOOK: z.url({ protocol: /^https?$/, error: 'an http(s) address' }).optional(),
  GITHUB_CLIENT_ID: z.string().optional(),
  GITHUB_CLIENT_SECRET: z.string().min(16, 'at least 16 characters').optional(),
  DEXTER_SESSION_KEY: SessionMasterKey.optional(),
  DEXTER_SESSION_KEY_PREVIOUS: PreviousMasterKeys.default([]),
  DEXTER_STORE: z.enum(StoreName.options, '`workspace`, `s3` or `actions-cache`').default('workspace'),
  GITHUB_API_URL: z
    .url({ protocol: /^https?$/, error: 'an http(s) address' })
    .default('https://api.github.com'),
  GITHUB_SERVER_URL: z
    .url({ protocol: /^https?$/, error: 'an http(s) address' })
    .default('https://github.com'),
  GITHUB_THROTTLE: z.enum(['on', 'off'], '`on` or `off`').default('on'),
  DEXTER_OIDC_ISSUER: z
    .url({ protocol: /^https?$/, error: 'an http(s) address' })
    .default('https://token.actions.githubusercontent.com'),
  DEXTER_STOP_SECONDS: z.coerce
    .number('a number of seconds')
    .min(1, 'at least 1 second')
    .max(3600, 'at most 3600 seconds')
    .default(25),
  DEXTER_STOP_DELAY_SECONDS: z.coerce
    .number('a number of seconds')
    .min(0, 'at least 0 seconds')
    .max(600, 'at most 600 seconds')
    .default(0),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error'], 'a log level').default('info'),
  LOG_FORMAT: z.enum(['json', 'pretty'], '`json` or `pretty`').optional(),
  ANTHROPIC_API_KEY: z.string().optional(),
  ANTHROPIC_BASE_URL: z.url({ protocol: /^https?$/, error: 'an http(s) address' }).optional(),
  DEXTER_CLAUDE_PATH: z.string().optional(),
  DEXTER_WORKSPACE: z.string().optional(),
  DEXTER_TIMEOUT_MINUTES: z.coerce
    .number('a number of minutes')
    .int('a whole number of minutes')
    .min(1, 'at least 1 minute')
    .max(7200, 'at most 7200 minutes')
    .default(60),
});

/**
 * The only parser of the app's surroundings: environment, and the text of `dexter.yml` when there is one.
 * @throws AppError `config-invalid` that lists every problem at once, each with its place.
 */
export function parseConfig(env: Environment, dexterYml: string | undefined): AppConfig {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const problems: string[] = [];
  const variables = readAs(Environment, present);
  if (variables.outcome === 'wrong') {
    problems.push(
      ...variables.mistakes.map(({ path: [name = ''], says }) => describeVariable(name, says, present)),
    );
  }
  problems.push(...missingSessionKey(present), ...halfAClient(present), ...openToOthers(present));
  if (
    variables.outcome === 'read' &&
    variables.value.DEXTER_STOP_DELAY_SECONDS >= variables.value.DEXTER_STOP_SECONDS
  )
    problems.push('DEXTER_STOP_DELAY_SECONDS must be less than DEXTER_STOP_SECONDS, which it is a part of');
  const file = parseFile(dexterYml, present.DEXTER_CONFIG ?? 'dexter.yml', present, problems);
  if (variables.outcome === 'wrong' || !file || problems.length > 0) {
    throw new AppError('config-invalid', {
      message: `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
      hint: 'Every setting is explained in the README under "Configuration" and in docs/install.md.',
    });
  }
  const values = variables.value;
  const dataDirectory = resolve(values.DEXTER_DATA);
  return {
    name: values.DEXTER_NAME,
    host: values.HOST,
    port: values.PORT,
    url: withoutSlash(values.DEXTER_URL ?? `http://${values.HOST}:${values.PORT}`),
    dataDirectory,
    databaseUrl: values.DATABASE_URL,
    logLevel: values.LOG_LEVEL,
    ...(values.LOG_FORMAT === undefined ? {} : { logFormat: values.LOG_FORMAT }),
    stop: { withinSeconds: values.DEXTER_STOP_SECONDS, delaySeconds: values.DEXTER_STOP_DELAY_SECONDS },
    apiToken: values.DEXTER_API_TOKEN,
    metricsToken: values.DEXTER_METRICS_TOKEN,
    dashboard: { mode: values.DEXTER_DASHBOARD, ...file.dashboard },
    ...(values.DEXTER_SESSION_KEY === undefined
      ? {}
      : {
          sessionKeys: {
            current: values.DEXTER_SESSION_KEY,
            previous: values.DEXTER_SESSION_KEY_PREVIOUS,
          },
        }),
    github: {
      appId: values.APP_ID,
      privateKey: values.PRIVATE_KEY.replaceAll('\\n', '\n'),
      webhookSecret: values.WEBHOOK_SECRET,
      apiUrl: withoutSlash(values.GITHUB_API_URL),
      serverUrl: withoutSlash(values.GITHUB_SERVER_URL),
      throttle: values.GITHUB_THROTTLE === 'on',
      oidcIssuer: withoutSlash(values.DEXTER_OIDC_ISSUER),
      ...clientOf(values.GITHUB_CLIENT_ID, values.GITHUB_CLIENT_SECRET),
    },
    runnerNoticeMinutes: values.DEXTER_RUNNER_NOTICE_MINUTES,
    dispatcher:
      values.DEXTER_DISPATCHER === 'actions'
        ? {
            kind: 'actions',
            workflow: values.DEXTER_WORKFLOW,
            ref: values.DEXTER_WORKFLOW_REF,
            ...(values.DEXTER_JOB_WORKFLOW === undefined ? {} : { jobWorkflow: values.DEXTER_JOB_WORKFLOW }),
          }
        : {
            kind: 'local',
            local: {
              workspace: resolve(values.DEXTER_WORKSPACE ?? `${dataDirectory}/workspace`),
              claudePath: values.DEXTER_CLAUDE_PATH,
              anthropicApiKey: values.ANTHROPIC_API_KEY,
              anthropicBaseUrl: values.ANTHROPIC_BASE_URL,
              allowedTools: file.allowedTools,
              timeoutMinutes: values.DEXTER_TIMEOUT_MINUTES,
              store: values.DEXTER_STORE,
              s3: s3Inputs(present),
            },
          },
    jira: connect(file, present),
    onboarding: { isOn: values.DEXTER_ONBOARDING === 'on', action: values.DEXTER_ACTION },
    retention: file.sessions,
    budgets: file.budgets,
    ...(file.engine === undefined ? {} : { engine: file.engine }),
    prices: file.prices ?? {},
    alerts: {
      settings: file.alerts,
      ...(values.DEXTER_ALERT_WEBHOOK === undefined ? {} : { webhook: values.DEXTER_ALERT_WEBHOOK }),
    },
    context: {
      ...file.context,
      ...(values.REDIS_URL === undefined ? {} : { redisUrl: values.REDIS_URL }),
      ttlHours: values.DEXTER_CONTEXT_TTL_HOURS,
    },
  };
}

function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname } = new URL(text);
  return /^rediss?:$/.test(protocol) && hostname !== '' && /^\/?\d*$/.test(pathname);
}

/** Several processes on one database must open each other's sessions: a key in a directory is not enough. */
function missingSessionKey(env: Environment): string[] {
  if (env.DEXTER_SESSION_KEY) return [];
  if (env.DEXTER_SESSION_KEY_PREVIOUS)
    return ['DEXTER_SESSION_KEY_PREVIOUS is set and DEXTER_SESSION_KEY is not'];
  if (!env.DATABASE_URL) return [];
  return ['DEXTER_SESSION_KEY is not set; with DATABASE_URL it is required, and `dexter key new` makes one'];
}

/** The id says which app, the secret that it is the app: one is of no use without the other. */
function halfAClient(env: Environment): string[] {
  const names = ['GITHUB_CLIENT_ID', 'GITHUB_CLIENT_SECRET'];
  const missing = names.filter((name) => !env[name]);
  const [name] = missing;
  return missing.length === 1
    ? [`${name} is not set and ${names.find((one) => one !== name)} is: signing in takes both`]
    : [];
}

function clientOf(id: string | undefined, secret: string | undefined): Pick<AppConfig['github'], 'client'> {
  return id === undefined || secret === undefined ? {} : { client: { id, secret } };
}

/** Without signing in, whoever reaches the address would see everything. */
function openToOthers(env: Environment): string[] {
  if (env.DEXTER_DASHBOARD !== 'open') return [];
  const host = env.HOST === undefined || isLoopbackHost(env.HOST) ? [] : ['HOST'];
  // A proxy that others reach may ask as if it sat here itself.
  const url = !env.DEXTER_URL || !URL.canParse(env.DEXTER_URL) ? undefined : new URL(env.DEXTER_URL);
  const names = url === undefined || isLoopbackHost(url.hostname) ? host : [...host, 'DEXTER_URL'];
  return names.map(
    (name) =>
      `DEXTER_DASHBOARD must not be \`open\` where ${name} is not of this machine alone: localhost, 127.0.0.1 or ::1`,
  );
}

function s3Inputs(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(s3Variables).flatMap(([name, { input }]) => {
      const value = env[name];
      return value === undefined ? [] : [[input, value] as const];
    }),
  );
}

function describeVariable(name: string, says: string, env: Environment): string {
  return `${name} ${env[name] === undefined ? 'is not set' : says}`;
}

function parseFile(
  text: string | undefined,
  path: string,
  env: Environment,
  problems: string[],
): DexterConfig | undefined {
  let content: unknown;
  try {
    content = text === undefined ? {} : (parseYaml(text) ?? {});
  } catch (error) {
    problems.push(`${path} is not valid YAML: ${firstLineOf(error)}`);
    return undefined;
  }
  const read = readAs(DexterConfig, content);
  const config = read.outcome === 'read' ? read.value : undefined;
  if (read.outcome === 'wrong')
    problems.push(...read.mistakes.map((mistake) => `${path}: ${mistakeText(mistake, 'the file')}`));
  problems.push(...missingSecrets(content, env), ...sharedProjects(config, path));
  return config;
}

/** The variables that connections name, as far as they can be read, so that a mistake elsewhere hides none. */
const NamedSecrets = z
  .looseObject({
    jira: z.record(
      z.string(),
      z
        .looseObject({
          tokenEnv: environmentName.optional().catch(undefined),
          secretEnv: environmentName.optional().catch(undefined),
        })
        .catch({}),
    ),
  })
  .catch({ jira: {} });

/** An issue key names one piece of work: two sites with the same project key could not be told apart. */
function sharedProjects(config: DexterConfig | undefined, path: string): string[] {
  const seen = new Map<string, string>();
  return Object.entries(config?.jira ?? {}).flatMap(([name, { projects }]) =>
    Object.keys(projects).flatMap((project) => {
      const other = seen.get(project);
      seen.set(project, name);
      return other === undefined
        ? []
        : [`${path}: the project ${project} stands under two connections, ${other} and ${name}`];
    }),
  );
}

function missingSecrets(content: unknown, env: Environment): string[] {
  return Object.entries(NamedSecrets.parse(content).jira).flatMap(([name, { tokenEnv, secretEnv }]) => {
    const uses: [string | undefined, string][] = [
      [tokenEnv, 'API token'],
      [secretEnv, 'webhook secret'],
    ];
    return uses.flatMap(([variable, use]) =>
      variable === undefined || env[variable]
        ? []
        : [`${variable} is not set; it holds the ${use} of the JIRA connection "${name}"`],
    );
  });
}

function connect(file: DexterConfig, env: Environment): JiraConnectionConfig[] {
  return Object.entries(file.jira).map(([name, connection]) => ({
    ...connection,
    name,
    url: withoutSlash(connection.url),
    token: env[connection.tokenEnv] ?? '',
    secret: env[connection.secretEnv] ?? '',
  }));
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
