import type { AppConfig, Environment } from '../config.ts';
import { secretValues } from '../core/secret-values.ts';

/** Everything in the configuration that must not be seen, and what the environment holds of that kind. */
export function configSecrets(config: AppConfig, environment: Environment = {}): string[] {
  const { github, jira, sessionKeys, dispatcher } = config;
  const addresses = { databaseUrl: config.databaseUrl, redisUrl: config.context.redisUrl };
  const all = [
    github.webhookSecret,
    github.privateKey,
    github.client?.secret,
    config.apiToken,
    config.metricsToken,
    ...addressOf(config.alerts.webhook),
    sessionKeys?.current,
    ...(sessionKeys?.previous ?? []),
    ...jira.flatMap(({ email, token, secret }) => [
      token,
      secret,
      // As it goes over the wire.
      Buffer.from(`${email}:${token}`).toString('base64'),
    ]),
    dispatcher.kind === 'local' ? dispatcher.local.anthropicApiKey : undefined,
    ...secretValues(addresses),
    ...secretValues(environment),
  ];
  return [...new Set(all.filter((value) => value !== undefined && value !== ''))] as string[];
}

/** Whoever knows the address of a webhook can post there; its path holds the key. */
function addressOf(webhook: string | undefined): string[] {
  return webhook === undefined ? [] : [webhook, ...(new URL(webhook).pathname.match(/[^/]{8,}/g) ?? [])];
}
