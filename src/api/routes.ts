import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { z } from 'zod';
import type { CommandsMeant } from '../core/facts.ts';
import { type Mistake, mistakeText, readAs } from '../core/read-as.ts';
import { sameSecret } from '../core/same-secret.ts';
import type { Db } from '../ledger/commands.ts';
import { costGroups } from '../ledger/costs.ts';
import { factsOfLedger } from '../ledger/facts.ts';
import { commandListRoutes } from './command-list.ts';

/** What scripts and the command line ask of an app that runs, with the token of administrators. There only with one. */
export function apiRoutes(services: { db: Db }, token: string | undefined): Hono {
  const routes = new Hono();
  if (token === undefined) return routes;
  const facts = factsOfLedger(services.db);
  const guard = needing(token);
  routes.get('/api/commands', guard);
  routes.route('/', commandListRoutes(services));
  routes.get('/api/status', guard, async (c) => c.json(await facts.status()));
  routes.get('/api/commands/:meant', guard, async (c) => {
    const commands: CommandsMeant['commands'] = await facts.commandsMeant(c.req.param('meant'));
    return c.json({ commands });
  });
  routes.get('/api/costs', guard, async (c) => {
    const query = readAs(CostQuery, c.req.query());
    if (query.outcome === 'wrong') return refused(c, query.mistakes);
    const { by, since, after } = query.value;
    return c.json(await facts.costsBy(by, since, after));
  });
  routes.get('/api/costs/:issueKey', guard, async (c) => {
    const query = readAs(IssueQuery, c.req.query());
    if (query.outcome === 'wrong') return refused(c, query.mistakes);
    return c.json(await facts.costOfIssue({ issueKey: c.req.param('issueKey'), ...query.value }));
  });
  return routes;
}

const CostQuery = z.strictObject({
  by: z.enum(costGroups, '`day`, `repository` or `person`'),
  since: z.iso.datetime('a time as ISO 8601').transform((text) => new Date(text)),
  after: z.string().optional(),
});

const IssueQuery = z.strictObject({
  repositoryId: z
    .string()
    .regex(/^[1-9]\d{0,15}$/, 'the id of a repository')
    .transform(Number)
    .optional(),
});

function refused(c: Context, mistakes: readonly Mistake[]) {
  const told = mistakes.map((mistake) => mistakeText(mistake, 'the query'));
  return c.json({ error: `The query is wrong: ${told.join('; ')}.` }, 400);
}

function needing(token: string): MiddlewareHandler {
  return async (c, next) => {
    if (!sameSecret(c.req.header('authorization') ?? '', `Bearer ${token}`)) {
      return c.json({ error: 'Send the token of DEXTER_API_TOKEN as a bearer token.' }, 401);
    }
    c.header('cache-control', 'no-store');
    return next();
  };
}
