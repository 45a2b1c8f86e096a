import type { AlertRule } from '../alerts/evaluate.ts';
import { rulesOf } from '../alerts/settings.ts';
import type { AppBudgets, AppConfig, JiraConnectionConfig } from '../config.ts';

/** One setting by the name under which it is set, as it is in force. Lines stand one under the other. */
export interface ShownSetting {
  name: string;
  value: string | string[];
}

export interface SettingGroup {
  title: string;
  settings: ShownSetting[];
}

/** The configuration as people may read it. No secret is in it, nor how long one is. */
export interface ShownSettings {
  groups: SettingGroup[];
  /** Alerts that are switched on, with their thresholds. */
  rules: AlertRule[];
}

/** What is told of the configuration: of secrets, and of addresses that hold some, only whether they are set. */
export function shownSettings(config: AppConfig): ShownSettings {
  return {
    groups: [
      app(config),
      github(config),
      dashboard(config),
      jira(config),
      runs(config),
      sessions(config),
      context(config),
      budgets(config.budgets),
      engine(config),
      alerts(config),
    ],
    rules: rulesOf(config.alerts.settings),
  };
}

function app(config: AppConfig): SettingGroup {
  const { stop } = config;
  return group('App', {
    DEXTER_NAME: config.name,
    DEXTER_URL: address(config.url),
    HOST: config.host,
    PORT: config.port,
    DEXTER_DATA: config.dataDirectory,
    DATABASE_URL: secret(config.databaseUrl),
    LOG_LEVEL: config.logLevel,
    LOG_FORMAT: config.logFormat ?? 'as the terminal asks for',
    DEXTER_STOP_SECONDS: stop.withinSeconds,
    DEXTER_STOP_DELAY_SECONDS: stop.delaySeconds,
    DEXTER_API_TOKEN: secret(config.apiToken),
    DEXTER_ONBOARDING: onOff(config.onboarding.isOn),
    DEXTER_ACTION: config.onboarding.action ?? 'as in the example',
  });
}

function github({ github }: AppConfig): SettingGroup {
  return group('GitHub', {
    APP_ID: github.appId,
    PRIVATE_KEY: secret(github.privateKey),
    WEBHOOK_SECRET: secret(github.webhookSecret),
    GITHUB_API_URL: address(github.apiUrl),
    GITHUB_SERVER_URL: address(github.serverUrl),
    GITHUB_THROTTLE: onOff(github.throttle),
    DEXTER_OIDC_ISSUER: address(github.oidcIssuer),
    GITHUB_CLIENT_ID: github.client?.id ?? notSet,
    GITHUB_CLIENT_SECRET: secret(github.client?.secret),
  });
}

function dashboard({ dashboard }: AppConfig): SettingGroup {
  return group('Dashboard', {
    DEXTER_DASHBOARD: dashboard.mode,
    'dashboard.administrators': dashboard.administrators.map(String),
  });
}

function jira({ jira }: AppConfig): SettingGroup {
  const connections = jira.map((site) => group('', connection(site)).settings);
  return {
    title: 'JIRA connections',
    settings: connections.length === 0 ? [{ name: 'jira', value: 'none' }] : connections.flat(),
  };
}

function connection(site: JiraConnectionConfig): Record<string, Value> {
  const { name, fields = {} } = site;
  const settings: Record<string, Value> = {
    type: site.type,
    url: address(site.url),
    apiUrl: site.apiUrl === undefined ? 'the same' : address(site.apiUrl),
    email: site.email,
    tokenEnv: `${site.tokenEnv}: ${secret(site.token)}`,
    secretEnv: `${site.secretEnv}: ${secret(site.secret)}`,
    fields: pairs(fields),
    label: site.label,
    projects: Object.entries(site.projects).map(([project, to]) => `${project}: ${[to].flat().join(', ')}`),
    people: pairs(site.people),
  };
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [`jira.${name}.${key}`, value]));
}

function runs({ dispatcher, runnerNoticeMinutes }: AppConfig): SettingGroup {
  const title = 'Runs';
  const all = { DEXTER_DISPATCHER: dispatcher.kind, DEXTER_RUNNER_NOTICE_MINUTES: runnerNoticeMinutes };
  if (dispatcher.kind === 'actions')
    return group(title, {
      ...all,
      DEXTER_WORKFLOW: dispatcher.workflow,
      DEXTER_WORKFLOW_REF: dispatcher.ref ?? 'the default branch',
      DEXTER_JOB_WORKFLOW: dispatcher.jobWorkflow ?? 'whatever the workflow calls',
    });
  const { local } = dispatcher;
  return group(title, {
    ...all,
    DEXTER_WORKSPACE: local.workspace,
    DEXTER_CLAUDE_PATH: local.claudePath ?? 'claude',
    ANTHROPIC_API_KEY: secret(local.anthropicApiKey),
    ANTHROPIC_BASE_URL:
      local.anthropicBaseUrl === undefined ? "the provider's" : address(local.anthropicBaseUrl),
    allowedTools: local.allowedTools ?? [],
    DEXTER_TIMEOUT_MINUTES: local.timeoutMinutes,
    DEXTER_STORE: local.store,
    DEXTER_S3: pairs(local.s3, (name, value) => (name === 's3-endpoint' ? address(value) : value)),
  });
}

function sessions({ sessionKeys, retention }: AppConfig): SettingGroup {
  return group('Sessions and retention', {
    DEXTER_SESSION_KEY: sessionKeys ? secret(sessionKeys.current) : 'not set: the app keeps one of its own',
    DEXTER_SESSION_KEY_PREVIOUS: secret(sessionKeys?.previous.join('')),
    'sessions.afterCloseDays': retention.afterCloseDays,
    'sessions.maxAgeDays': retention.maxAgeDays,
  });
}

function context({ context }: AppConfig): SettingGroup {
  return group('Context and cache', {
    REDIS_URL: secret(context.redisUrl),
    DEXTER_CONTEXT_TTL_HOURS: context.ttlHours,
    'context.whenJiraFails': context.whenJiraFails,
    'context.waitMinutes': context.waitMinutes,
    'context.refreshAfterMinutes': context.refreshAfterMinutes,
  });
}

function budgets({ repositories, ...all }: AppBudgets): SettingGroup {
  return group('Budgets', {
    'budgets.run': dollars(all.run),
    'budgets.issue': dollars(all.issue),
    'budgets.repositoryPerMonth': dollars(all.repositoryPerMonth),
    'budgets.personPerDay': dollars(all.personPerDay),
    'budgets.repositories': Object.entries(repositories).map(
      ([name, limits]) => `${name}: ${pairs(limits, (_, limit) => dollars(limit)).join(', ')}`,
    ),
  });
}

function engine({ engine, prices }: AppConfig): SettingGroup {
  return group('Engine and prices', {
    engine: engine === undefined ? 'the runner decides' : typeof engine === 'string' ? engine : pairs(engine),
    prices: Object.entries(prices).map(([model, price]) => `${model}: ${pairs(price).join(', ')}`),
  });
}

function alerts({ alerts, metricsToken }: AppConfig): SettingGroup {
  return group('Alerts and metrics', {
    'alerts.windowHours': alerts.settings.windowHours,
    'alerts.minimumSample': alerts.settings.minimumSample,
    DEXTER_ALERT_WEBHOOK: secret(alerts.webhook),
    DEXTER_METRICS_TOKEN: secret(metricsToken),
  });
}

type Value = string | number | string[];

function group(title: string, settings: Record<string, Value>): SettingGroup {
  return {
    title,
    settings: Object.entries(settings).map(([name, value]) => ({
      name,
      value: typeof value === 'number' ? String(value) : value.length === 0 ? 'none' : value,
    })),
  };
}

function pairs<T>(
  record: Record<string, T>,
  show: (name: string, value: T) => string = (_, value) => String(value),
) {
  return Object.entries(record).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${show(name, value)}`],
  );
}

const notSet = 'not set';

/** Whether there is one: not a character of it, and not how long it is. */
function secret(value: string | undefined): string {
  return value ? 'set' : notSet;
}

/** Where it leads, without what may be a secret: user and password, query and fragment. */
function address(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return secret(url);
  return `${parsed.origin}${parsed.pathname === '/' ? '' : parsed.pathname}`;
}

function onOff(isOn: boolean): string {
  return isOn ? 'on' : 'off';
}

function dollars(amount: number | undefined): string {
  return amount === undefined ? 'no limit' : `$${amount}`;
}
