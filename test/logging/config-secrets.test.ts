import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { configSecrets } from '../../src/logging/config-secrets.ts';

it('knows every secret of the configuration, and those that only the environment has', () => {
  const environment = {
    APP_ID: '1',
    PRIVATE_KEY: '-----BEGIN PRIVATE KEY-----\\nabc\\n-----END PRIVATE KEY-----',
    WEBHOOK_SECRET: 'webhook-secret-0123',
    DEXTER_API_TOKEN: 'api-token-0123456789',
    GITHUB_CLIENT_ID: 'Iv1.0123',
    GITHUB_CLIENT_SECRET: 'client-secret-0123456789',
    DEXTER_METRICS_TOKEN: 'metrics-token-0123456789',
    DEXTER_ALERT_WEBHOOK: 'https://hooks.example/services/T0123/key-of-the-hook',
    DEXTER_SESSION_KEY: `dxk1_${'A'.repeat(43)}`,
    DEXTER_SESSION_KEY_PREVIOUS: `dxk1_${'B'.repeat(43)},dxk1_${'C'.repeat(43)}`,
    DATABASE_URL: 'postgres://dexter:pass%2Fword@db.example/dexter',
    REDIS_URL: 'rediss://:redis-password@cache.example',
    DEXTER_DISPATCHER: 'local',
    ANTHROPIC_API_KEY: 'the-key-of-the-model',
    ACME_JIRA: 'jira-token-0123',
    ACME_HOOK: 'jira-secret-0123',
    AWS_SECRET_ACCESS_KEY: 'secret-of-the-bucket',
    HTTPS_PROXY: 'http://proxy:proxy-password@proxy.example',
  };
  const config = parseConfig(
    environment,
    'jira: {acme: {url: "https://acme.example", email: dexter@acme.example, tokenEnv: ACME_JIRA, secretEnv: ACME_HOOK}}',
  );
  expect(configSecrets(config, environment)).toEqual(
    expect.arrayContaining([
      '-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----',
      'webhook-secret-0123',
      'api-token-0123456789',
      'client-secret-0123456789',
      'metrics-token-0123456789',
      'https://hooks.example/services/T0123/key-of-the-hook',
      'key-of-the-hook',
      ...['A', 'B', 'C'].map((letter) => `dxk1_${letter.repeat(43)}`),
      'pass%2Fword',
      'pass/word',
      'redis-password',
      'the-key-of-the-model',
      'jira-token-0123',
      'jira-secret-0123',
      Buffer.from('dexter@acme.example:jira-token-0123').toString('base64'),
      'secret-of-the-bucket',
      'proxy-password',
    ]),
  );
});
