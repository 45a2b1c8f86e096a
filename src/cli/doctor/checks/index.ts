import type { Check } from '../check.ts';
import { actionsEnabled } from './actions-enabled.ts';
import { claudeCode } from './claude-code.ts';
import { configuration } from './configuration.ts';
import { database } from './database.ts';
import { deliveries } from './deliveries.ts';
import { githubApp } from './github-app.ts';
import { installation } from './installation.ts';
import { jiraAccount, jiraFields, jiraPermissions, jiraProjects, jiraSecret } from './jira.ts';
import { model } from './model.ts';
import { permissions } from './permissions.ts';
import { redis } from './redis.ts';
import { repository } from './repository.ts';
import { runner } from './runner.ts';
import { secrets } from './secrets.ts';
import { server } from './server.ts';
import { sessionKey } from './session-key.ts';
import { store } from './store.ts';
import { webhookAddress, webhookSecret } from './webhook.ts';
import { workflow, workflowActive } from './workflow.ts';

/** Every check, in the order in which they are shown. */
export const checks: readonly Check[] = [
  configuration,
  database,
  server,
  redis,
  sessionKey,
  store,
  model,
  claudeCode,
  githubApp,
  webhookAddress,
  webhookSecret,
  deliveries,
  installation,
  permissions,
  jiraAccount,
  jiraProjects,
  jiraPermissions,
  jiraFields,
  jiraSecret,
  repository,
  workflow,
  workflowActive,
  actionsEnabled,
  secrets,
  runner,
];
