import { verify } from '@octokit/webhooks-methods';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Logger } from 'pino';
import type { Probot } from 'probot';
import { z } from 'zod';
import { githubEvents } from './index.ts';
import { BadPayload } from './payload.ts';

export interface GitHubRoutesOptions {
  app: Probot;
  secret: string;
  log: Logger;
}

/** GitHub sends at most 25 MB. https://docs.github.com/en/webhooks/webhook-events-and-payloads */
export const maxWebhookBytes = 25_999_999;

export const webhookPath = '/api/github/webhooks';

/** What Probot's set-up page writes into the app as its webhook address. */
const setupWebhookPath = '/';

/**
 * Where GitHub delivers. Octokit's own middleware reads bodies of any size, answers 202 to work that fails
 * later, and 400 to a wrong signature; here the answer is given when the handler is done and means what it says.
 */
export function githubRoutes({ app, secret, log }: GitHubRoutesOptions): Hono {
  const routes = new Hono();
  const paths = [webhookPath, setupWebhookPath];
  for (const path of paths) routes.use(path, bodyLimit({ maxSize: maxWebhookBytes, onError: tooLarge }));
  routes.on('POST', paths, async (c) => {
    const body = await c.req.text();
    const signature = c.req.header('x-hub-signature-256');
    if (!signature || !(await isSigned(secret, body, signature))) {
      log.warn({ delivery: c.req.header('x-github-delivery') }, 'webhook with a wrong or missing signature');
      return c.json(
        { error: 'The signature is missing or wrong; check the webhook secret of the app.' },
        401,
      );
    }
    const payload = parseJson(body);
    if (payload === undefined) return c.json({ error: 'The body is not JSON.' }, 400);
    const name = c.req.header('x-github-event');
    if (!name) return c.json({ error: 'The header X-GitHub-Event is missing.' }, 400);
    // Nobody signed the header: `issue_comment.created` on a signed edit would reach the handler of new comments.
    if (!githubEvents.includes(name))
      return c.json({ ok: true, ignored: 'nothing is done about this event' });
    return deliver(c, app, log, { id: c.req.header('x-github-delivery') ?? '', name, payload });
  });
  return routes;
}

async function deliver(
  c: Context,
  app: Probot,
  log: Logger,
  event: { id: string; name: string; payload: Record<string, unknown> },
): Promise<Response> {
  try {
    // The event's name is a header that nobody signed; the handlers check the shape of what they get.
    await app.receive(event as Parameters<Probot['receive']>[0]);
    return c.json({ ok: true });
  } catch (error) {
    const causes = error instanceof AggregateError ? error.errors : [error];
    const bad = causes.find((cause) => cause instanceof BadPayload);
    if (bad) {
      log.warn({ delivery: event.id, event: event.name, reason: bad.message }, 'webhook of the wrong shape');
      return c.json({ error: 'The payload does not have the shape of the event.' }, 400);
    }
    log.error({ delivery: event.id, event: event.name, err: error }, 'webhook not kept');
    return c.json({ error: 'Dexter could not keep this event. Deliver it again.' }, 503);
  }
}

async function isSigned(secret: string, body: string, signature: string): Promise<boolean> {
  // `verify` throws on anything that does not look like a signature.
  if (!/^sha256=[0-9a-f]{64}$/.test(signature)) return false;
  return body !== '' && verify(secret, body, signature);
}

function parseJson(body: string): Record<string, unknown> | undefined {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(body));
  } catch {
    return undefined;
  }
}

function tooLarge(c: Context): Response {
  return c.json({ error: 'The body is larger than 25 MB.' }, 413);
}
