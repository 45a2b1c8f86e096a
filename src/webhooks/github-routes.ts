import { verify } from '@octokit/webhooks-methods';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Logger } from 'pino';
import type { Probot } from 'probot';
import { z } from 'zod';
import { withLogContext } from '../core/log-context.ts';
import { deliveryIdOf } from './delivery-id.ts';
import { readers } from './index.ts';
import { BadPayload } from './payload.ts';

export interface GitHubRoutesOptions {
  app: Probot;
  secret: string;
  log: Logger;
}

/** GitHub sends at most 25 MB. https://docs.github.com/en/webhooks/webhook-events-and-payloads */
const maxWebhookBytes = 25_999_999;

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
  routes.on('POST', paths, (c, next) => withLogContext({ deliveryId: deliveryIdOf(c) }, next));
  routes.on('POST', paths, async (c) => {
    const body = await c.req.text();
    const signature = c.req.header('x-hub-signature-256');
    if (!signature || !(await isSigned(secret, body, signature))) {
      log.warn('webhook with a wrong or missing signature');
      return c.json(
        { error: 'The signature is missing or wrong; check the webhook secret of the app.' },
        401,
      );
    }
    return deliver(c, app, log, parseJson(body));
  });
  return routes;
}

async function deliver(
  c: Context,
  app: Probot,
  log: Logger,
  payload: Record<string, unknown> | undefined,
): Promise<Response> {
  const id = c.req.header('x-github-delivery') ?? '';
  const name = c.req.header('x-github-event') ?? '';
  const refuse = (reason: string) => {
    log.warn({ webhook: name, reason }, 'webhook not understood');
    return c.json({ error: reason }, 400);
  };
  if (payload === undefined) return refuse('The body is not a JSON object.');
  if (name === '') return refuse('The header X-GitHub-Event is missing.');
  // Nobody signed the header, so what is handled is looked up here, and its shape is checked before anything.
  const read = readers.get(`${name}.${payload.action}`);
  if (!read) {
    log.info({ webhook: name, action: payload.action }, 'webhook ignored: nothing is done about it');
    return c.json({ ok: true, ignored: 'nothing is done about this event' });
  }
  try {
    read(payload);
    await app.receive({ id, name, payload } as unknown as Parameters<Probot['receive']>[0]);
    return c.json({ ok: true });
  } catch (error) {
    if (error instanceof BadPayload) return refuse('The payload does not have the shape of the event.');
    log.error({ webhook: name, err: error }, 'webhook not kept');
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
