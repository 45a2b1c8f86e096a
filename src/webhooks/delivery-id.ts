import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';

/** What GitHub and JIRA's admin webhook call one delivery; an automation rule of JIRA names none. */
const headers = ['x-github-delivery', 'x-atlassian-webhook-identifier'];

/** The id that the log has of a webhook. Nobody has signed it: what does not look like one is not repeated. */
export function deliveryIdOf(c: Context): string {
  const sent = headers.map((name) => c.req.header(name)).find((id) => id && /^[\w-]{1,64}$/.test(id));
  return sent ?? randomUUID();
}
