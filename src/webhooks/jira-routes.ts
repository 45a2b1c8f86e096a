import { createHmac } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { contextKey } from '../caches/context-cache.ts';
import { withLogContext } from '../core/log-context.ts';
import { sameSecret } from '../core/same-secret.ts';
import { acceptCommand } from '../jobs/accept.ts';
import type { JiraConnection, Services } from '../jobs/services.ts';
import { deliveryIdOf } from './delivery-id.ts';
import { readJiraEvent } from './jira.ts';
import { changedTickets } from './jira-changes.ts';

/** A ticket with all its fields and comments; JIRA's own limit is not documented. */
const maxBytes = 10_000_000;

/** Where JIRA delivers: `POST /jira/<connection>`, from the automation rule or from the admin webhook. */
export function jiraRoutes(services: Services): Hono {
  const routes = new Hono();
  routes.use(
    '/jira/*',
    bodyLimit({
      maxSize: maxBytes,
      onError: (c) => c.json({ error: 'The body is larger than 10 MB.' }, 413),
    }),
  );
  routes.use('/jira/*', (c, next) => withLogContext({ deliveryId: deliveryIdOf(c) }, next));
  routes.post('/jira/:connection', async (c) => {
    const connection = services.jira.get(c.req.param('connection'));
    const body = await c.req.text();
    if (!connection || !isAuthentic(c, body, connection)) {
      services.log.warn(
        { connection: c.req.param('connection') },
        'JIRA event with a wrong or missing secret',
      );
      return c.json({ error: 'Unknown connection, or its secret or signature is missing or wrong.' }, 401);
    }
    return receive(c, services, connection, body);
  });
  return routes;
}

/** The rule sends the secret as it is; the admin webhook signs the raw body with it. */
function isAuthentic(c: Context, body: string, { secret }: JiraConnection): boolean {
  const sent = c.req.header('x-dexter-secret');
  if (sent !== undefined) return sameSecret(sent, secret);
  const signature = c.req.header('x-hub-signature');
  if (signature === undefined) return false;
  return sameSecret(signature, `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
}

async function receive(
  c: Context,
  services: Services,
  connection: JiraConnection,
  body: string,
): Promise<Response> {
  const own = { name: services.name, accountId: connection.jira.knownAccountId() };
  // Before anything is answered or queued: whoever reads the ticket from now on must not find it as it was.
  for (const { issueKey, isAddition } of changedTickets(body)) {
    const key = contextKey(connection.jira.site.name, issueKey);
    await (isAddition ? services.tickets.outdate(key) : services.tickets.forget(key));
  }
  const reading = readJiraEvent(body, {
    connection: connection.jira.site.name,
    label: connection.label,
    own,
  });
  switch (reading.outcome) {
    case 'invalid':
      services.log.warn(
        { connection: connection.jira.site.name, reason: reading.reason },
        'JIRA event not understood',
      );
      return c.json({ error: reading.reason }, 400);
    case 'ignored':
      services.log.debug(
        { connection: connection.jira.site.name, reason: reading.reason },
        'JIRA event ignored',
      );
      return c.json({ ok: true, ignored: reading.reason });
    case 'command':
      try {
        await acceptCommand(services, reading.command);
        return c.json({ ok: true });
      } catch (error) {
        // JIRA delivers again after a 503.
        services.log.error({ commandId: reading.command.id, err: error }, 'JIRA event not kept');
        return c.json({ error: 'Dexter could not keep this event. Deliver it again.' }, 503);
      }
  }
}
