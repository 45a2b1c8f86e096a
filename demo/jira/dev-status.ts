import type { Context } from 'hono';
import type { JiraIssue, Store } from './store.ts';

/** What an application such as GitHub for JIRA told of a ticket. */
export type Development = {
  /** How the application is called in the addresses of its answers. */
  application: string;
  pullRequests: { name: string; url: string; status: 'OPEN' | 'MERGED' | 'DECLINED' }[];
  branches: { name: string; url: string }[];
};

/** The custom field that counts it, as JIRA writes it: the text of an object of the server with JSON at its end. */
export function developmentField({ application, pullRequests, branches }: Development): string {
  const counted = (count: number) => ({
    overall: { count, lastUpdated: null },
    byInstanceType: count === 0 ? {} : { [application]: { count, name: 'GitHub' } },
  });
  const json = {
    cachedValue: {
      errors: [],
      summary: { pullrequest: counted(pullRequests.length), branch: counted(branches.length) },
    },
    isStale: true,
  };
  return `{pullrequest={dataType=pullrequest, state=OPEN, stateCount=${pullRequests.length}}, json=${JSON.stringify(json)}}`;
}

/** `GET /rest/dev-status/latest/issue/detail`, which JIRA's own pages ask; nothing for another application. */
export function developmentDetail(c: Context, store: Store): Response {
  const { issueId, applicationType, dataType } = c.req.query();
  const issue: JiraIssue | undefined = store.issues().find(({ id }) => id === issueId);
  const found = issue?.development?.application === applicationType ? issue?.development : undefined;
  const shown = {
    pullRequests: dataType === 'pullrequest' ? (found?.pullRequests ?? []) : [],
    branches: dataType === 'branch' ? (found?.branches ?? []) : [],
  };
  return c.json({ errors: [], detail: found === undefined ? [] : [shown] });
}
