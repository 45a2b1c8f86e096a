import { sql } from 'kysely';
import { type Actor, type Ask, actorKey } from '../core/command.ts';
import type { EngineName } from '../core/engine.ts';
import type { Job } from '../core/job.ts';
import { noUsage, type Report, type Usage } from '../core/report.ts';
import { storable } from '../core/storable.ts';
import { type Db, repositoryOf } from './commands.ts';
import type { CommandRow, RunCostRow, RunOutcome } from './tables.ts';

/**
 * Keeps what a run cost, in the transaction that ends its command. Without a report the cost is unknown, and the run
 * is counted as such; a report that comes late takes the place of that.
 */
export async function keepRunCost(
  db: Db,
  row: CommandRow,
  job: Job,
  report: Report | undefined,
): Promise<void> {
  const repository = repositoryOf(row);
  if (row.installation_id === null || !repository || job.session.mode === 'forget') return;
  const { session, saving, usage = noUsage } = report ?? {};
  const model = session?.model ?? job.session.model;
  await db
    .insertInto('run_costs')
    .values({
      command_id: row.id,
      installation_id: row.installation_id,
      repository_id: repository.id,
      repository_owner: repository.owner,
      repository_name: repository.name,
      issue_key: row.issue_key,
      actor: storable(actorKey(row.actor)),
      model: model === undefined ? null : storable(model),
      choice: session?.resumption?.choice ?? (session?.mode === 'fresh' ? 'fresh' : null),
      outcome: report?.outcome ?? 'lost',
      cost_usd: report?.costUsd ?? null,
      input_tokens: usage.inputTokens,
      cache_read_tokens: usage.cacheReadTokens,
      cache_write_tokens: usage.cacheWriteTokens,
      cache_write_hour_tokens: usage.cacheWriteHourTokens ?? 0,
      output_tokens: usage.outputTokens,
      baseline_cost_usd: saving?.baselineCostUsd ?? null,
      estimated_cost_saved: saving?.estimatedCostSaved ?? null,
      estimated_tokens_saved: saving?.estimatedTokensSaved ?? null,
      ended_at: sql`now()`,
    })
    .onConflict((conflict) =>
      conflict
        .column('command_id')
        .doUpdateSet((kept) => ({
          model: kept.ref('excluded.model'),
          choice: kept.ref('excluded.choice'),
          outcome: kept.ref('excluded.outcome'),
          cost_usd: kept.ref('excluded.cost_usd'),
          input_tokens: kept.ref('excluded.input_tokens'),
          cache_read_tokens: kept.ref('excluded.cache_read_tokens'),
          cache_write_tokens: kept.ref('excluded.cache_write_tokens'),
          cache_write_hour_tokens: kept.ref('excluded.cache_write_hour_tokens'),
          output_tokens: kept.ref('excluded.output_tokens'),
          baseline_cost_usd: kept.ref('excluded.baseline_cost_usd'),
          estimated_cost_saved: kept.ref('excluded.estimated_cost_saved'),
          estimated_tokens_saved: kept.ref('excluded.estimated_tokens_saved'),
        }))
        .where('run_costs.outcome', '=', 'lost'),
    )
    .execute();
}

/** What several runs came to. */
export interface CostSum {
  runs: number;
  /** Those of which nobody can say what they cost: they are in no other figure of dollars. */
  unknownRuns: number;
  costUsd: number;
  usage: Required<Usage>;
  /** Those that are compared with a cold start, and what such ones are estimated to have cost. */
  comparedRuns: number;
  baselineCostUsd: number;
  estimatedCostSaved: number;
  /** Also of runs whose tokens alone are compared. */
  estimatedTokensSaved: number;
}

/** A run as the cost of its issue tells it. */
export interface IssueRun {
  commandId: string;
  /** `owner/name`. */
  repository: string;
  endedAt: Date;
  actor: Actor;
  ask: Ask | null;
  model: string | null;
  choice: RunCostRow['choice'];
  /** What talked to the model; null where no report says it. */
  engine?: EngineName | null;
  outcome: RunOutcome;
  costUsd: number | null;
  usage: Required<Usage>;
  baselineCostUsd: number | null;
  estimatedCostSaved: number | null;
  estimatedTokensSaved: number | null;
}

export interface IssueCost {
  total: CostSum;
  /** The newest, oldest first. */
  runs: IssueRun[];
}

/** What an issue cost, in one repository or in all of them: the sum of all runs, and up to `newest` of them. */
export async function costOfIssue(
  db: Db,
  { issueKey, repositoryId }: { issueKey: string; repositoryId?: number | undefined },
  newest: number,
): Promise<IssueCost> {
  const ofIssue = db
    .selectFrom('run_costs as run')
    .where('run.issue_key', '=', issueKey)
    .$if(repositoryId !== undefined, (query) => query.where('run.repository_id', '=', repositoryId ?? 0));
  const total = await ofIssue.select(sums).executeTakeFirstOrThrow();
  const rows = await ofIssue
    .innerJoin('commands as command', 'command.id', 'run.command_id')
    .leftJoin('runs as executed', 'executed.command_id', 'run.command_id')
    .selectAll('run')
    .select(['command.actor as who', 'command.ask as asked'])
    .select(sql<EngineName | null>`executed.report->>'engine'`.as('engine'))
    .orderBy('run.ended_at', 'desc')
    .orderBy('run.command_id')
    .limit(newest)
    .execute();
  const runs = rows.map(
    (row): IssueRun => ({
      commandId: row.command_id,
      repository: `${row.repository_owner}/${row.repository_name}`,
      endedAt: row.ended_at,
      actor: row.who,
      ask: row.asked,
      model: row.model,
      choice: row.choice,
      engine: row.engine,
      outcome: row.outcome,
      costUsd: row.cost_usd,
      usage: usageOf(row),
      baselineCostUsd: row.baseline_cost_usd,
      estimatedCostSaved: row.estimated_cost_saved,
      estimatedTokensSaved: row.estimated_tokens_saved,
    }),
  );
  return { total: toSum(total), runs: runs.reverse() };
}

/** What sums are made of. A day is one of UTC, `2026-05-04`. */
export const costGroups = ['day', 'repository', 'person'] as const;
export type CostGroup = (typeof costGroups)[number];

export interface GroupCost extends CostSum {
  /** The day, the id of the repository, or the person as budgets name them: `github:123`, `jira:<account id>`. */
  key: string;
  /** The same for people, as it was called last. */
  name: string;
}

export interface CostPeriod {
  /** From here on, by the end of the run. */
  since: Date;
  /** Before here. */
  until?: Date | undefined;
  installationId?: number | undefined;
}

/** One page of sums: days newest first, the others in the order of their keys. `next` is the `after` of the next one. */
export async function costsBy(
  db: Db,
  group: CostGroup,
  { since, until, installationId }: CostPeriod,
  page: { after?: string | undefined; limit: number },
): Promise<{ sums: GroupCost[]; next?: string }> {
  const { key, name, isNewestFirst } = groups[group];
  const { after } = page;
  const rows = await db
    .selectFrom('run_costs as run')
    // Large rows, which of people alone are needed.
    .$if(group === 'person', (query) =>
      query
        .innerJoin('commands as command', 'command.id', 'run.command_id')
        .leftJoin('runs as planned', 'planned.command_id', 'run.command_id'),
    )
    .where('run.ended_at', '>=', since)
    .$if(until !== undefined, (query) => query.where('run.ended_at', '<', until ?? since))
    .$if(installationId !== undefined, (query) =>
      query.where('run.installation_id', '=', installationId ?? 0),
    )
    .$if(after !== undefined, (query) => query.where(key, isNewestFirst ? '<' : '>', after ?? ''))
    .select([key.as('key'), name.as('name'), ...sums])
    .groupBy(key)
    .orderBy(key, isNewestFirst ? 'desc' : 'asc')
    .limit(page.limit + 1)
    .execute();
  const sumsOfPage = rows
    .slice(0, page.limit)
    .map((row) => ({ key: row.key, name: row.name, ...toSum(row) }));
  const last = sumsOfPage.at(-1);
  return { sums: sumsOfPage, ...(rows.length > page.limit && last ? { next: last.key } : {}) };
}

// In the order of bytes, which is the same in every database.
const groups = {
  day: {
    key: sql<string>`to_char(run.ended_at at time zone 'UTC', 'YYYY-MM-DD') collate "C"`,
    name: sql<string>`min(to_char(run.ended_at at time zone 'UTC', 'YYYY-MM-DD'))`,
    isNewestFirst: true,
  },
  repository: {
    key: sql<string>`run.repository_id::text collate "C"`,
    name: sql<string>`(array_agg(run.repository_owner || '/' || run.repository_name order by run.ended_at desc))[1]`,
    isNewestFirst: false,
  },
  // The same people as those of budgets: who asks from JIRA too is one, by the name of the GitHub account.
  person: {
    key: sql<string>`coalesce(planned.person, run.actor) collate "C"`,
    name: sql<string>`(array_agg(coalesce(command.actor->>'login', command.actor->>'displayName', 'dexter')
      order by command.actor->>'login' is null, run.ended_at desc))[1]`,
    isNewestFirst: false,
  },
};

const sumOf = (column: string) => sql<number>`coalesce(sum(${sql.ref(`run.${column}`)}), 0)::float8`;

const sums = [
  sql<number>`count(*)::int`.as('runs'),
  sql<number>`(count(*) filter (where run.cost_usd is null))::int`.as('unknown_runs'),
  sumOf('cost_usd').as('cost_usd'),
  sumOf('input_tokens').as('input_tokens'),
  sumOf('cache_read_tokens').as('cache_read_tokens'),
  sumOf('cache_write_tokens').as('cache_write_tokens'),
  sumOf('cache_write_hour_tokens').as('cache_write_hour_tokens'),
  sumOf('output_tokens').as('output_tokens'),
  sql<number>`count(run.baseline_cost_usd)::int`.as('compared_runs'),
  sumOf('baseline_cost_usd').as('baseline_cost_usd'),
  sumOf('estimated_cost_saved').as('estimated_cost_saved'),
  sumOf('estimated_tokens_saved').as('estimated_tokens_saved'),
] as const;

type TokenColumns = Pick<
  RunCostRow,
  'input_tokens' | 'cache_read_tokens' | 'cache_write_tokens' | 'cache_write_hour_tokens' | 'output_tokens'
>;

interface SumRow extends TokenColumns {
  runs: number;
  unknown_runs: number;
  cost_usd: number;
  compared_runs: number;
  baseline_cost_usd: number;
  estimated_cost_saved: number;
  estimated_tokens_saved: number;
}

function toSum(row: SumRow): CostSum {
  return {
    runs: row.runs,
    unknownRuns: row.unknown_runs,
    costUsd: row.cost_usd,
    usage: usageOf(row),
    comparedRuns: row.compared_runs,
    baselineCostUsd: row.baseline_cost_usd,
    estimatedCostSaved: row.estimated_cost_saved,
    estimatedTokensSaved: row.estimated_tokens_saved,
  };
}

function usageOf(row: TokenColumns): Required<Usage> {
  return {
    inputTokens: row.input_tokens,
    cacheReadTokens: row.cache_read_tokens,
    cacheWriteTokens: row.cache_write_tokens,
    cacheWriteHourTokens: row.cache_write_hour_tokens,
    outputTokens: row.output_tokens,
  };
}
