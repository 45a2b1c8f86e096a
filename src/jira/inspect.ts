import { isApiError, isNetworkError } from 'jira.js';
import { z } from 'zod';
import { type Answer, answered, unreachable } from '../core/answer.ts';
import type { JiraSite } from './site.ts';
import { jiraTransport, NoAnswer } from './transport.ts';

const Account = z.looseObject({
  accountId: z.string().optional(),
  /** Server and Data Center have no account ids. */
  name: z.string().optional(),
  displayName: z.string().default(''),
  active: z.boolean().default(true),
});
export type LookedAtAccount = z.infer<typeof Account>;

const Project = z.looseObject({ key: z.string(), name: z.string().default('') });

const Permissions = z.looseObject({
  permissions: z.record(z.string(), z.looseObject({ havePermission: z.boolean() })),
});

const Fields = z.array(z.looseObject({ id: z.string(), name: z.string() }));
export type LookedAtField = z.infer<typeof Fields>[number];

/** What Dexter needs in each project. https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-permissions/ */
export const neededPermissions = {
  BROWSE_PROJECTS: 'Browse projects',
  ADD_COMMENTS: 'Add comments',
} as const;

export type ProjectPermission = keyof typeof neededPermissions;

/** Questions to a site that change nothing. Each answers with what JIRA said, and throws nothing. */
export interface JiraInspection {
  account(): Promise<Answer<LookedAtAccount>>;
  /** One that the account may not browse is answered with 404, as if there were none. */
  project(key: string): Promise<Answer<{ key: string }>>;
  /** Of `neededPermissions`, those that the account lacks in the project. */
  lacking(project: string): Promise<Answer<ProjectPermission[]>>;
  fields(): Promise<Answer<LookedAtField[]>>;
}

export function jiraInspection(site: JiraSite): JiraInspection {
  const { get } = jiraTransport(site, {});

  async function ask<T>(
    schema: z.ZodType<T>,
    path: string,
    query: Record<string, string> = {},
  ): Promise<Answer<T>> {
    try {
      return answered(schema, await get(`/rest/api/3/${path}`, query));
    } catch (error) {
      if (isApiError(error)) return { outcome: 'refused', status: error.status, said: '' };
      if (error instanceof NoAnswer)
        return { outcome: 'unreachable', code: 'ETIMEDOUT', said: error.message };
      if (isNetworkError(error)) return unreachable(error);
      throw error;
    }
  }

  return {
    account: () => ask(Account, 'myself'),
    project: (key) => ask(Project, `project/${encodeURIComponent(key)}`),
    async lacking(projectKey) {
      const names = z.enum(['BROWSE_PROJECTS', 'ADD_COMMENTS']).options;
      const answer = await ask(Permissions, 'mypermissions', { projectKey, permissions: names.join(',') });
      if (answer.outcome !== 'answered') return answer;
      const { permissions } = answer.value;
      return {
        outcome: 'answered',
        value: names.filter((name) => permissions[name]?.havePermission !== true),
      };
    },
    fields: () => ask(Fields, 'field'),
  };
}
