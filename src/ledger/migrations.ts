import { type Kysely, type Migration, sql } from 'kysely';
import { commandSource } from './command-words.ts';
import { countingHours } from './hourly-costs.ts';
import { isWithinDay } from './measures.ts';

/** Below the time after which Postgres looks for two that wait for each other, and ends one of them. */
const lockTimeoutMs = 500;

/**
 * The tables' history, oldest first. A migration that was released is never edited. Migrations only add: the version
 * before works on the tables of this one, while it is rolled out and when somebody goes back. What an old version does
 * not write needs a default; what nobody reads any more goes with the version after the next. Indexes of large tables
 * are in `indexes.ts`.
 */
export const migrations: Record<string, Migration> = {
  '0001-commands': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('commands')
        .addColumn('id', 'uuid', (column) => column.primaryKey())
        .addColumn('dedupe_key', 'text', (column) => column.notNull().unique())
        .addColumn('origin', 'jsonb', (column) => column.notNull())
        .addColumn('actor', 'jsonb', (column) => column.notNull())
        .addColumn('issue_key', 'text', (column) => column.notNull())
        .addColumn('queue_key', 'text', (column) => column.notNull())
        .addColumn('installation_id', 'bigint')
        .addColumn('repository_id', 'bigint')
        .addColumn('repository_owner', 'text')
        .addColumn('repository_name', 'text')
        .addColumn('claimed_text', 'text')
        .addColumn('ask', 'jsonb')
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('problem', 'jsonb')
        .addColumn('answer', 'text')
        .addColumn('stop_requested', 'boolean', (column) => column.notNull().defaultTo(false))
        .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('lease_until', 'timestamptz')
        .addColumn('seen_at', 'timestamptz')
        .addColumn('acknowledgement', 'jsonb')
        .addColumn('shown_at', 'timestamptz')
        .addColumn('published_at', 'timestamptz')
        .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
        .addColumn('started_at', 'timestamptz')
        .addColumn('ended_at', 'timestamptz')
        .execute();
      await db.schema
        .createIndex('commands_by_issue')
        .on('commands')
        .columns(['issue_key', 'created_at'])
        .execute();
      await sql`create index commands_open on commands (status, lease_until) where published_at is null`.execute(
        db,
      );
      await db.schema
        .createTable('runs')
        .addColumn('command_id', 'uuid', (column) => column.primaryKey().references('commands.id'))
        .addColumn('job', 'jsonb', (column) => column.notNull())
        .addColumn('context', 'jsonb')
        .addColumn('run_id', 'text')
        .addColumn('run_url', 'text')
        .addColumn('fence', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('claimed_at', 'timestamptz')
        .addColumn('claimant', 'uuid')
        .addColumn('progress', 'jsonb')
        .addColumn('progress_at', 'timestamptz')
        .addColumn('report', 'jsonb')
        .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
        .execute();
      await db.schema
        .createTable('generations')
        .addColumn('installation_id', 'bigint', (column) => column.notNull())
        .addColumn('repository_id', 'bigint', (column) => column.notNull())
        .addColumn('issue_key', 'text', (column) => column.notNull())
        .addColumn('generation', 'integer', (column) => column.notNull())
        .addColumn('session_id', 'uuid', (column) => column.notNull())
        .addColumn('command_id', 'uuid', (column) => column.notNull().references('commands.id'))
        .addColumn('entry', 'text')
        .addColumn('bytes', 'bigint', (column) => column.notNull())
        .addColumn('context_tokens', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
        .addPrimaryKeyConstraint('generations_key', [
          'installation_id',
          'repository_id',
          'issue_key',
          'generation',
        ])
        .execute();
      await db.schema
        .createTable('sessions')
        .addColumn('installation_id', 'bigint', (column) => column.notNull())
        .addColumn('repository_id', 'bigint', (column) => column.notNull())
        .addColumn('repository_owner', 'text', (column) => column.notNull())
        .addColumn('repository_name', 'text', (column) => column.notNull())
        .addColumn('issue_key', 'text', (column) => column.notNull())
        .addColumn('used_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
        .addColumn('looked_at', 'timestamptz')
        .addPrimaryKeyConstraint('sessions_key', ['installation_id', 'repository_id', 'issue_key'])
        .execute();
      await db.schema.createIndex('sessions_by_use').on('sessions').column('used_at').execute();
      await db.schema
        .createTable('pull_requests')
        .addColumn('repository_id', 'bigint', (column) => column.notNull())
        .addColumn('number', 'integer', (column) => column.notNull())
        .addColumn('issue_key', 'text', (column) => column.notNull())
        .addColumn('branch', 'text', (column) => column.notNull())
        .addColumn('url', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('pull_requests_key', ['repository_id', 'number'])
        .execute();
    },
  },
  '0002-waiting-for-jira': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .alterTable('commands')
        .addColumn('waits', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('resume_at', 'timestamptz')
        .addColumn('give_up_at', 'timestamptz')
        .execute();
      await sql`create index commands_waiting on commands (resume_at) where resume_at is not null`.execute(
        db,
      );
    },
  },
  '0003-run-identity': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('shown_tokens')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('claim', 'text', (column) => column.notNull())
        .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('shown_tokens_by_end').on('shown_tokens').column('expires_at').execute();
      await db.schema
        .alterTable('runs')
        .addColumn('branch', 'text')
        .addColumn('conclusion', 'text')
        .addColumn('waiting_for', 'jsonb')
        .execute();
      await db.schema.createIndex('runs_by_run').on('runs').column('run_id').execute();
    },
  },
  '0004-onboarding': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('onboardings')
        .addColumn('repository_id', 'bigint', (column) => column.primaryKey())
        .addColumn('installation_id', 'bigint', (column) => column.notNull())
        .addColumn('repository_owner', 'text', (column) => column.notNull())
        .addColumn('repository_name', 'text', (column) => column.notNull())
        .addColumn('template', 'text')
        .addColumn('due_at', 'timestamptz')
        .addColumn('taken_until', 'timestamptz')
        .addColumn('wrote_at', 'timestamptz')
        .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('outcome', 'text')
        .execute();
      await sql`create index onboardings_due on onboardings (due_at) where due_at is not null`.execute(db);
      await sql`create index onboardings_wrote on onboardings (wrote_at) where wrote_at is not null`.execute(
        db,
      );
    },
  },
  '0005-costs': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('run_costs')
        .addColumn('command_id', 'uuid', (column) => column.primaryKey().references('commands.id'))
        .addColumn('installation_id', 'bigint', (column) => column.notNull())
        .addColumn('repository_id', 'bigint', (column) => column.notNull())
        .addColumn('repository_owner', 'text', (column) => column.notNull())
        .addColumn('repository_name', 'text', (column) => column.notNull())
        .addColumn('issue_key', 'text', (column) => column.notNull())
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('model', 'text')
        .addColumn('choice', 'text')
        .addColumn('outcome', 'text', (column) => column.notNull())
        .addColumn('cost_usd', 'double precision')
        .addColumn('input_tokens', 'bigint', (column) => column.notNull().defaultTo(0))
        .addColumn('cache_read_tokens', 'bigint', (column) => column.notNull().defaultTo(0))
        .addColumn('cache_write_tokens', 'bigint', (column) => column.notNull().defaultTo(0))
        .addColumn('cache_write_hour_tokens', 'bigint', (column) => column.notNull().defaultTo(0))
        .addColumn('output_tokens', 'bigint', (column) => column.notNull().defaultTo(0))
        .addColumn('baseline_cost_usd', 'double precision')
        .addColumn('estimated_cost_saved', 'double precision')
        .addColumn('estimated_tokens_saved', 'bigint')
        .addColumn('ended_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
        .execute();
      await db.schema
        .createIndex('run_costs_by_issue')
        .on('run_costs')
        .columns(['repository_id', 'issue_key', 'ended_at'])
        .execute();
      await db.schema
        .createIndex('run_costs_by_repository')
        .on('run_costs')
        .columns(['installation_id', 'repository_id', 'ended_at'])
        .execute();
      await db.schema
        .createIndex('run_costs_by_actor')
        .on('run_costs')
        .columns(['installation_id', 'actor', 'ended_at'])
        .execute();
      await db.schema.createIndex('run_costs_by_end').on('run_costs').column('ended_at').execute();
      // What the runs before this cost: their reports said it, without a baseline.
      await sql`
        insert into run_costs (command_id, installation_id, repository_id, repository_owner, repository_name,
          issue_key, actor, model, choice, outcome, cost_usd, input_tokens, cache_read_tokens, cache_write_tokens,
          output_tokens, ended_at)
        select c.id, c.installation_id, c.repository_id, c.repository_owner, c.repository_name, c.issue_key,
          case c.actor->>'from'
            when 'github' then 'github:' || (c.actor->>'id')
            when 'jira' then 'jira:' || (c.actor->>'accountId')
            else 'dexter' end,
          coalesce(r.report->'session'->>'model', r.job->'session'->>'model'),
          case when r.report->'session'->>'mode' = 'fresh' then 'fresh' end,
          coalesce(r.report->>'outcome', 'lost'),
          (r.report->>'costUsd')::float8,
          coalesce((r.report->'usage'->>'inputTokens')::bigint, 0),
          coalesce((r.report->'usage'->>'cacheReadTokens')::bigint, 0),
          coalesce((r.report->'usage'->>'cacheWriteTokens')::bigint, 0),
          coalesce((r.report->'usage'->>'outputTokens')::bigint, 0),
          c.ended_at
        from commands as c join runs as r on r.command_id = c.id
        where c.ended_at is not null and c.installation_id is not null and c.repository_id is not null
          and c.repository_owner is not null and c.repository_name is not null
          and r.job->'session'->>'mode' <> 'forget'
          and (r.report is not null or r.claimed_at is not null)`.execute(db);
    },
  },
  '0006-budgets': {
    async up(db: Kysely<unknown>) {
      await db.schema.alterTable('runs').addColumn('person', 'text').execute();
      // What an issue has cost is asked of all repositories, before each of its runs.
      await db.schema.createIndex('run_costs_by_key').on('run_costs').column('issue_key').execute();
    },
  },
  '0007-observability': {
    async up(db: Kysely<unknown>) {
      // What a large ledger holds takes longer than a statement may take otherwise.
      await sql`set local statement_timeout = 0`.execute(db);
      await db.schema
        .createTable('measures')
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('label', 'text', (column) => column.notNull())
        .addColumn('repository_id', 'bigint', (column) => column.notNull())
        .addColumn('hour', 'timestamptz', (column) => column.notNull())
        .addColumn('count', 'bigint', (column) => column.notNull())
        .addColumn('sum', 'double precision', (column) => column.notNull())
        .addColumn('buckets', sql`bigint[]`, (column) => column.notNull())
        .addPrimaryKeyConstraint('measures_key', ['name', 'label', 'repository_id', 'hour'])
        .execute();
      await db.schema.createIndex('measures_by_hour').on('measures').column('hour').execute();
      await sql`create index measures_within_day on measures (hour) where ${isWithinDay}`.execute(db);
      // Dollars as decimals: what is taken back leaves nothing behind.
      await db.schema
        .createTable('hourly_costs')
        .addColumn('repository_id', 'bigint', (column) => column.notNull())
        .addColumn('hour', 'timestamptz', (column) => column.notNull())
        .addColumn('repository_owner', 'text', (column) => column.notNull())
        .addColumn('repository_name', 'text', (column) => column.notNull())
        .addColumn('runs', 'bigint', (column) => column.notNull())
        .addColumn('unknown_runs', 'bigint', (column) => column.notNull())
        .addColumn('cost_usd', 'numeric', (column) => column.notNull())
        .addColumn('compared_runs', 'bigint', (column) => column.notNull())
        .addColumn('baseline_cost_usd', 'numeric', (column) => column.notNull())
        .addColumn('estimated_cost_saved', 'numeric', (column) => column.notNull())
        .addPrimaryKeyConstraint('hourly_costs_key', ['repository_id', 'hour'])
        .execute();
      await db.schema.createIndex('hourly_costs_by_hour').on('hourly_costs').column('hour').execute();
      await db.schema
        .createTable('gauges')
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('label', 'text', (column) => column.notNull())
        .addColumn('value', 'double precision', (column) => column.notNull())
        .addColumn('at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
        .addPrimaryKeyConstraint('gauges_key', ['name', 'label'])
        .execute();
      await db.schema
        .createTable('alerts')
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('label', 'text', (column) => column.notNull())
        .addColumn('repository_id', 'bigint')
        .addColumn('level', 'text', (column) => column.notNull())
        .addColumn('value', 'double precision')
        .addColumn('threshold', 'double precision')
        .addColumn('since', 'timestamptz', (column) => column.notNull())
        .addColumn('seen_at', 'timestamptz', (column) => column.notNull())
        .addColumn('failing_since', 'timestamptz')
        .addColumn('pending_level', 'text')
        .addColumn('pending_looks', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('posted_level', 'text')
        .addPrimaryKeyConstraint('alerts_key', ['name', 'label'])
        .execute();
      await db.schema
        .createTable('leases')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('holder', 'uuid', (column) => column.notNull())
        .addColumn('until', 'timestamptz', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('audit')
        .addColumn('id', 'uuid', (column) => column.primaryKey())
        .addColumn('at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
        .addColumn('viewer', 'text', (column) => column.notNull())
        .addColumn('viewer_id', 'bigint')
        .addColumn('action', 'text', (column) => column.notNull())
        .addColumn('repository_id', 'bigint')
        .addColumn('issue_key', 'text')
        .addColumn('command_id', 'uuid')
        .addColumn('detail', 'text')
        .addColumn('outcome', 'text', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('audit_by_time').on('audit').columns(['at', 'id']).execute();
      // How commands ended before this.
      await sql`
        insert into measures (name, label, repository_id, hour, count, sum, buckets)
        select 'command_ended', ${commandSource} || '/' || status, coalesce(repository_id, 0),
          date_trunc('hour', ended_at, 'UTC'), count(*), 0, '{}'
        from commands where ended_at is not null group by 2, 3, 4`.execute(db);
      // Last, because nobody else uses these tables from here to the end. The version before may hold one of them and wait
      // for the other, in whatever order: who would wait for long gives up, and `migrate` tries again.
      await sql`set local lock_timeout = ${sql.lit(`${lockTimeoutMs}ms`)}`.execute(db);
      for (const statement of countingHours) await statement.execute(db);
      await db.schema.alterTable('commands').addColumn('untold', 'text').execute();
      await db.schema.alterTable('runs').addColumn('dispatched_at', 'timestamptz').execute();
      await db.schema
        .alterTable('generations')
        .addColumn('store', 'text')
        .addColumn('dropped', 'boolean', (column) => column.notNull().defaultTo(false))
        .execute();
      await sql`
        update generations as g set dropped = true from (
          select installation_id, repository_id, issue_key, generation, row_number() over (
            partition by installation_id, repository_id, issue_key
            order by created_at desc, generation desc) as place
          from generations) as saved
        where saved.place > 3 and g.installation_id = saved.installation_id
          and g.repository_id = saved.repository_id and g.issue_key = saved.issue_key
          and g.generation = saved.generation`.execute(db);
    },
  },
};
