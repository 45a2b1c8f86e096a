import { AlertSettings } from '../../src/alerts/settings.ts';
import type { AppConfig } from '../../src/config.ts';
import { newMasterKey } from '../../src/core/session-key.ts';

/** With nothing left out, so that whoever adds a setting has to give it a value here. */
type Whole<T> = T extends string | number | boolean
  ? T
  : T extends readonly (infer Item)[]
    ? Whole<Item>[]
    : { [Key in keyof T]-?: Whole<NonNullable<T[Key]>> };

/** No two share six characters with each other or with anything that a page says. */
const marked = {
  privateKey: 'QZ1vX7pKq9mWz2RtYb',
  webhookSecret: 'jH8wPx3nVq5kLz6TgQ',
  clientSecret: 'uB4yNf9sKd2xWq7HvM',
  apiToken: 'eR6cJm1gZx8pTk3YwL',
  metricsToken: 'oF5hDv2bQs9nXj4KzU',
  databasePassword: 'aG7tWk4yCm1rPv8XqE',
  redisPassword: 'iS3zLb6fHx9jNq2VwR',
  webhook: 'T0Zq4Kx/B9wYv7/mJ5nHs2cD8',
  jiraToken: 'lK2pQw8xRz5vBn7CyT',
  jiraSecret: 'dM9fXs1kGt6hZj4WqP',
  anthropicKey: 'sk-ant-yV3gNc7bKx5qJw',
  user: 'wX5rUz8qKj',
  password: 'gP2vHy6nLs',
  query: 'xC9mTk3dWf',
};

const current = newMasterKey();
const previous = newMasterKey();

/** Everything in the configuration below that nobody may read. */
export const secrets: readonly string[] = [...Object.values(marked), current.slice(5), previous.slice(5)];

/** An address with what may be secret in one. */
function at(host: string): string {
  return `https://${marked.user}:${marked.password}@${host}/path?key=${marked.query}#${marked.query}`;
}

const { repositories, ...amounts } = {
  run: 5,
  issue: 50,
  repositoryPerMonth: 500,
  personPerDay: 25,
  repositories: { 'acme/shop': { run: 1, issue: 10, repositoryPerMonth: 100 } },
};

export const dispatchers: Whole<AppConfig['dispatcher']>[] = [
  {
    kind: 'actions',
    workflow: 'dexter.yml',
    ref: 'main',
    jobWorkflow: 'acme/ci/.github/workflows/dexter.yml',
  },
  {
    kind: 'local',
    local: {
      workspace: '/srv/workspace',
      claudePath: '/opt/claude',
      anthropicApiKey: marked.anthropicKey,
      anthropicBaseUrl: at('model.example'),
      allowedTools: ['Bash(npm test)', 'Edit'],
      timeoutMinutes: 45,
      store: 's3',
      s3: { 's3-bucket': 'sessions', 's3-endpoint': at('s3.example') },
    },
  },
];

/** Everything set that can be set; with the first of the dispatchers. */
export const wholeConfig: Whole<AppConfig> = {
  name: 'dexter',
  host: 'localhost',
  port: 3000,
  url: at('dexter.example'),
  dataDirectory: '/srv/dexter',
  databaseUrl: `postgres://${marked.user}:${marked.databasePassword}@db.example/dexter`,
  logLevel: 'info',
  logFormat: 'json',
  stop: { withinSeconds: 25, delaySeconds: 5 },
  apiToken: marked.apiToken,
  metricsToken: marked.metricsToken,
  dashboard: { mode: 'on', administrators: ['maria', 583_231] },
  sessionKeys: { current, previous: [previous] },
  github: {
    appId: 7,
    privateKey: `-----BEGIN PRIVATE KEY-----\n${marked.privateKey}\n-----END PRIVATE KEY-----\n`,
    webhookSecret: marked.webhookSecret,
    apiUrl: at('api.github.example'),
    serverUrl: at('github.example'),
    throttle: true,
    oidcIssuer: at('tokens.example'),
    client: { id: 'Iv23abc', secret: marked.clientSecret },
  },
  runnerNoticeMinutes: 11,
  dispatcher: dispatchers[0] as Whole<AppConfig['dispatcher']>,
  jira: [
    {
      name: 'acme',
      type: 'server',
      url: at('jira.example'),
      apiUrl: at('api.jira.example'),
      email: 'dexter@acme.example',
      tokenEnv: 'JIRA_TOKEN',
      secretEnv: 'JIRA_SECRET',
      token: marked.jiraToken,
      secret: marked.jiraSecret,
      fields: {
        sprint: 'customfield_1',
        storyPoints: 'customfield_2',
        acceptanceCriteria: 'customfield_3',
        development: 'customfield_4',
      },
      label: 'dexter',
      projects: { SHOP: 'acme/shop', OPS: ['acme/one', 'acme/two'] },
      people: { '557058:1': 'maria' },
    },
  ],
  onboarding: { isOn: true, action: `acme/dexter@${'a'.repeat(40)}` },
  retention: { afterCloseDays: 8, maxAgeDays: 31, everyMs: 1_000 },
  budgets: { ...amounts, repositories },
  engine: { instruction: 'claude-code', plan: 'anthropic-api' },
  prices: {
    'claude-sonnet-4-5': {
      input: 3,
      output: 15,
      cacheWrite5m: 3.75,
      cacheWrite1h: 6,
      cacheRead: 0.3,
      minimumCacheableTokens: 1_024,
    },
  },
  alerts: {
    settings: AlertSettings.parse({}) as Whole<AlertSettings>,
    webhook: `https://hooks.example/services/${marked.webhook}`,
    everyMs: 1_000,
  },
  context: {
    whenJiraFails: 'go-on',
    waitMinutes: 9,
    refreshAfterMinutes: 4,
    redisUrl: `redis://:${marked.redisPassword}@redis.example/0`,
    ttlHours: 23,
  },
};
