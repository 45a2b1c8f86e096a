import { sql } from 'kysely';
import { sourceOf } from '../core/command.ts';
import { costOfCommand } from '../core/cost-of-command.ts';
import type { CommandFacts, CommandLine, StatusFacts } from '../core/facts.ts';
import type { Report } from '../core/report.ts';
import { idBegins } from './command-ids.ts';
import { openByStatus } from './command-pages.ts';
import { type Db, repositoryOf } from './commands.ts';
import { type CostGroup, costOfIssue, costsBy, type GroupCost, type IssueCost } from './costs.ts';
import { costsByDay, type DayOfCosts } from './daily-figures.ts';
import { isOpen } from './open-commands.ts';
import { getRun } from './runs.ts';
import type { CommandRow, RunRow } from './tables.ts';
import { timelineOf } from './timeline.ts';

/** Commands that a status names one by one. */
const namedNow = 50;
const namedEnded = 10;

/** What administrators ask of Dexter from outside of its pages, wherever the answer comes from. */
export interface Facts {
  status(): Promise<StatusFacts>;
  /**
   * The command that is meant by its id, by the beginning of it (six characters at least), or by the key of its issue:
   * then the newest of it. Several when the beginning is that of several; none where nothing is meant.
   */
  commandsMeant(meant: string): Promise<CommandFacts[]>;
  /** In one repository or in all of them. */
  costOfIssue(issue: { issueKey: string; repositoryId?: number | undefined }): Promise<IssueCost>;
  /** One page, after the key that the page before named. */
  costsBy(by: CostGroup, since: Date, after?: string): Promise<{ sums: GroupCost[]; next?: string }>;
}

/** More runs than an issue has. */
const mostRuns = 1_000;

/** Sums that are read at once. */
const pageOfCosts = 200;

export function factsOfLedger(db: Db, now = () => new Date()): Facts {
  return {
    status: () => statusFacts(db, now()),
    commandsMeant: (meant) => commandsMeant(db, meant),
    costOfIssue: (issue) => costOfIssue(db, issue, mostRuns),
    costsBy: (by, since, after) => costsBy(db, by, { since }, { after, limit: pageOfCosts }),
  };
}

/** What goes on now, what ended last, and what it cost. Of all repositories: it is for administrators. */
async function statusFacts(db: Db, now: Date): Promise<StatusFacts> {
  const dayAgo = new Date(now.getTime() - 24 * 60 * 60_000);
  const startOfMonth = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
  const [open, running, ended, lastDay, costs] = await Promise.all([
    openByStatus(db, 'all'),
    lines(db).where(isOpen('command')).orderBy('command.created_at').limit(namedNow).execute(),
    lines(db)
      .where('command.ended_at', 'is not', null)
      .orderBy('command.ended_at', 'desc')
      .limit(namedEnded)
      .execute(),
    db
      .selectFrom('commands')
      .select(['status', sql<number>`count(*)::int`.as('commands')])
      .where('ended_at', '>=', dayAgo)
      .groupBy('status')
      .orderBy('status')
      .execute(),
    costsByDay(db, { scope: 'all', since: startOfMonth }),
  ]);
  return {
    at: now.toISOString(),
    open,
    now: running.map(toLine),
    ended: ended.map(toLine),
    lastDay,
    today: sumOf(costs.filter(({ day }) => day === now.toISOString().slice(0, 10))),
    month: sumOf(costs),
  };
}

function sumOf(days: readonly DayOfCosts[]): StatusFacts['today'] {
  return days.reduce(
    (total, { runs, costUsd, savedUsd }) => ({
      runs: total.runs + runs,
      costUsd: total.costUsd + costUsd,
      estimatedCostSaved: total.estimatedCostSaved + savedUsd,
    }),
    { runs: 0, costUsd: 0, estimatedCostSaved: 0 },
  );
}

async function commandsMeant(db: Db, meant: string): Promise<CommandFacts[]> {
  const begins = idBegins(meant);
  const ids = begins
    ? await db.selectFrom('commands').select('id').where(begins).limit(severalMeant).execute()
    : [];
  const found =
    ids.length > 0
      ? ids
      : await db
          .selectFrom('commands')
          .select('id')
          .where('issue_key', '=', meant)
          .orderBy('created_at', 'desc')
          .orderBy('id', 'desc')
          .limit(1)
          .execute();
  return Promise.all(found.map(({ id }) => commandFacts(db, id)));
}

/** Enough to say that there are several. */
const severalMeant = 5;

async function commandFacts(db: Db, id: string): Promise<CommandFacts> {
  const [line, row, run] = await Promise.all([
    lines(db).where('command.id', '=', id).executeTakeFirstOrThrow(),
    db.selectFrom('commands').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    getRun(db, id),
  ]);
  return {
    command: toLine(line),
    timeline: timelineOf(row, run).map(({ what, at }) => ({ what, at: at.toISOString() })),
    untold: row.untold,
    answer: row.answer,
    runUrl: run?.run_url || null,
    progress: run?.progress ?? null,
    report: run?.report ?? null,
  };
}

function lines(db: Db) {
  return db
    .selectFrom('commands as command')
    .leftJoin('runs as run', 'run.command_id', 'command.id')
    .selectAll('command')
    .select(['run.progress', 'run.report']);
}

type LineRow = CommandRow & Pick<RunRow, 'progress' | 'report'>;

function toLine(row: LineRow): CommandLine {
  const repository = repositoryOf(row);
  const report: Report | null = row.report;
  return {
    id: row.id,
    status: row.status,
    waitsForJira: row.resume_at !== null,
    source: sourceOf(row.origin),
    issueKey: row.issue_key,
    repository: repository ? `${repository.owner}/${repository.name}` : null,
    actor: row.actor,
    ask: row.ask,
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
    step: row.ended_at === null ? (row.progress?.step ?? null) : null,
    costUsd: costOfCommand({
      reportedUsd: report?.costUsd,
      toldUsd: row.progress?.costUsd,
      isEnded: row.ended_at !== null,
    }),
    problem: row.problem,
  };
}
