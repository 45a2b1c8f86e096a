import { Hono } from 'hono';
import { sourceOf } from '../core/command.ts';
import type { Services } from '../jobs/services.ts';
import { recentCommands } from '../ledger/commands.ts';
import { getRun } from '../ledger/runs.ts';
import type { CommandRow, RunRow } from '../ledger/tables.ts';

/** How many commands the list holds at most. */
const listed = 100;

/** `GET /api/commands`: what became of the newest commands, for scripts. */
export function commandListRoutes(services: Pick<Services, 'db'>): Hono {
  const routes = new Hono();
  routes.get('/api/commands', async (c) => {
    const rows = await recentCommands(services.db, listed);
    const commands = await Promise.all(
      rows.map(async (row) => describe(row, await getRun(services.db, row.id))),
    );
    return c.json({ commands });
  });
  return routes;
}

function describe(row: CommandRow, run: RunRow | undefined) {
  return {
    id: row.id,
    source: sourceOf(row.origin),
    issueKey: row.issue_key,
    status: row.status,
    ask: row.ask,
    problem: row.problem,
    told: row.published_at !== null && row.untold === null,
    untold: row.untold,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    runUrl: run?.run_url ?? null,
    progress: run?.progress ?? null,
    report: run?.report ?? null,
  };
}
