import { type Kysely, sql } from 'kysely';
import type { Tables } from '../../src/ledger/tables.ts';

/** What a seeded ledger holds beside its number of commands, for whoever asks it. */
export const seeded = {
  installationId: 5,
  /** Three of five commands belong to it, and nearly no other name that is filtered by is as frequent. */
  largestRepository: 9_001,
  /** Has twenty commands, all of them old. */
  smallestRepository: 9_012,
  repositories: Array.from({ length: 12 }, (_, index) => 9_001 + index),
  /** In every instruction. */
  commonWord: 'please',
  /** In one of a thousand. */
  rareWord: 'zebra',
  /** In those of the older half alone. */
  oldWord: 'legacy',
  /** The most frequent one of 400. */
  busyPerson: 'person-0',
  /** Asked ten times, long ago. */
  quietPerson: 'once-upon-a-time',
} as const;

const atOnce = 10_000;

/**
 * Fills an empty ledger as years of use would: commands of several repositories and people with their runs, reports,
 * costs, generations and sessions, and the measures of a month. The newest hundred have contexts as large as they get.
 */
export async function seedLedger(db: Kysely<Tables>, commands: number): Promise<void> {
  for (let from = 1; from <= commands; from += atOnce) {
    const to = Math.min(commands, from + atOnce - 1);
    await sql`${insertCommands(from, to, commands)}`.execute(db);
    await sql`${insertRuns(from, to, commands)}`.execute(db);
    await insertCosts(from, to).execute(db);
  }
  await insertGenerations.execute(db);
  await insertSessions.execute(db);
  await insertPullRequests.execute(db);
  await insertMeasures.execute(db);
  await sql`analyze`.execute(db);
}

/** Facts of each command from its place alone. Every second one was made at the same moment as the one before it. */
const facts = (from: number, to: number, all: number) => sql`
  select i, md5('command-' || i)::uuid as id,
    date_trunc('minute', now()) - ((${all}::int - i) / 2) * interval '53 seconds' as created_at,
    case when i % 500 = 0 then null
      when i <= 20 then 9012
      when i % 100 < 60 then 9001 when i % 100 < 85 then 9002 when i % 100 < 95 then 9003
      else 9004 + i / 100 % 8 end::bigint as repository_id,
    case when i % 50 = 7 then 'dexter' when i % 5 < 3 then 'github' else 'jira' end as source,
    case when i <= 10 then 'once-upon-a-time' when i % 7 = 0 then 'person-0' else 'person-' || i % 400 end as person,
    'SHOP-' || i / 8 + 1 as issue_key,
    case when ${all}::int - i < 20 then 'running' when ${all}::int - i < 60 then 'queued'
      when i % 100 < 80 then 'done' when i % 100 < 90 then 'failed' when i % 100 < 95 then 'refused'
      when i % 100 < 99 then 'cancelled' else 'expired' end as status,
    case when i % 1000 = 13 then repeat('A long story. ', 1400)
      else 'please add tests for the coupon number ' || i || ' of module-' || i % 97 end
      || case when i % 1000 = 11 then ' zebra' else '' end
      || case when i <= ${all}::int / 2 then ' legacy' else '' end as instruction
  from generate_series(${from}::int, ${to}::int) as i`;

const insertCommands = (from: number, to: number, all: number) => sql`
  insert into commands (id, dedupe_key, origin, actor, issue_key, queue_key, installation_id, repository_id,
    repository_owner, repository_name, claimed_text, ask, status, problem, seen_at, acknowledgement, shown_at,
    published_at, created_at, started_at, ended_at)
  select id, 'seed-' || i,
    case source
      when 'github' then jsonb_build_object('kind', 'github-comment', 'installationId', 5, 'number', i / 8 + 1,
        'commentId', i, 'repository', jsonb_build_object('id', repository_id, 'owner', 'acme',
          'name', 'repository-' || repository_id))
      when 'jira' then jsonb_build_object('kind', 'jira-comment', 'connection', 'acme', 'issueKey', issue_key,
        'commentId', i::text)
      else '{"kind": "retention"}'::jsonb end,
    case source
      when 'github' then jsonb_build_object('from', 'github', 'id', i % 400, 'login', person, 'type', 'User')
      when 'jira' then jsonb_build_object('from', 'jira', 'accountId', i % 400, 'displayName', person)
      else '{"from": "dexter"}'::jsonb end,
    issue_key, issue_key, 5, repository_id, case when repository_id is not null then 'acme' end,
    'repository-' || repository_id, '@dexter ' || instruction,
    case source when 'dexter' then '{"kind": "control", "word": "forget"}'::jsonb
      else jsonb_build_object('kind', 'instruction', 'instruction', instruction, 'flags', '{}'::jsonb) end,
    status,
    case when status not in ('done', 'running', 'queued') then
      '{"code": "engine-failed", "message": "The engine ended with an error.", "hint": "Try again."}'::jsonb end,
    created_at + interval '2 seconds', '{"kind": "issue", "id": "77"}'::jsonb, created_at + interval '2 minutes',
    case when status not in ('running', 'queued') then created_at + interval '4 minutes' end,
    created_at,
    case when status <> 'queued' then created_at + interval '1 second' end,
    case when status not in ('running', 'queued') then created_at + interval '3 minutes' end
  from (${facts(from, to, all)}) as fact`;

const report = JSON.stringify({
  summary:
    '## What I did\n\nCoupons take a percentage now.\n\n- `src/coupon.ts`: the sum is rounded once\n- tests for it\n',
  engine: 'claude-code',
  usage: { inputTokens: 10, cacheReadTokens: 20_000, cacheWriteTokens: 3_000, outputTokens: 500 },
  costUsd: 0.11,
  turns: 7,
  durationMs: 72_000,
  commits: [{ sha: 'a'.repeat(40), title: 'SHOP-42: Coupons' }],
  denials: ['Bash(curl)'],
  mcp: [{ server: 'docs', calls: 3, savedCalls: 2 }],
  notices: ['The branch has moved.'],
  saving: {
    baseline: 'cold-start',
    baselineCostUsd: 0.3,
    baselineTokens: 90_000,
    goingOnCostUsd: 0.05,
    method: 'What the first run of the session cost.',
    estimatedTokensSaved: 60_000,
    estimatedCostSaved: 0.19,
  },
});

const insertRuns = (from: number, to: number, all: number) => sql`
  insert into runs (command_id, job, context, person, run_id, run_url, branch, fence, claimed_at, claimant, progress,
    progress_at, report, created_at)
  select id,
    jsonb_build_object('commandId', id, 'issueKey', issue_key, 'instruction', instruction, 'context', 'claim:',
      'session', jsonb_build_object('installationId', 5, 'repositoryId', coalesce(repository_id, 1), 'mode', 'resume',
        'generation', i % 8, 'model', 'claude-sonnet-4-5'),
      'target', jsonb_build_object('branch', 'dexter/' || issue_key, 'base', '', 'title', 'Coupons',
        'ticketUrl', 'https://acme.example/browse/' || issue_key, 'requestedBy', '@' || person),
      'appUrl', 'https://dexter.example'),
    jsonb_build_object('text', repeat('Ticket text of some length. ',
        case when ${all}::int - i < 100 then 2000 else 10 end), 'attachments', '[]'::jsonb,
      'seen', '{"fields": {}, "comments": {}}'::jsonb),
    'github:' || i % 400, i::text, 'https://github.example/acme/shop/actions/runs/' || i, 'main', 1,
    created_at + interval '30 seconds', md5('claimant-' || i)::uuid,
    '{"step": "Working", "turns": 4, "lines": ["Read src/coupon.ts", "Edit src/coupon.ts"], "costUsd": 0.05}'::jsonb,
    created_at + interval '100 seconds',
    case when status <> 'running' then ${report}::jsonb || jsonb_build_object(
      'outcome', case status when 'done' then 'done' else 'failed' end,
      'session', jsonb_build_object('id', md5(issue_key)::uuid, 'mode', 'resume', 'generation', i % 8 + 1,
        'bytes', 100000 + i % 1000, 'contextTokens', 20000 + i % 1000, 'engineVersion', '2.1.330',
        'model', 'claude-sonnet-4-5', 'resumption', '{"choice": "warm", "reason": "The cache is warm.",
          "expectedUsd": {"warm": 0.05, "compacted": 0.07, "fresh": 0.2}, "expectedCacheRead": 18000}'::jsonb)) end,
    created_at + interval '3 seconds'
  from (${facts(from, to, all)}) as fact
  where status in ('done', 'failed', 'running') and source <> 'dexter'`;

const insertCosts = (from: number, to: number) => sql`
  insert into run_costs (command_id, installation_id, repository_id, repository_owner, repository_name, issue_key,
    actor, model, choice, outcome, cost_usd, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
    baseline_cost_usd, estimated_cost_saved, estimated_tokens_saved, ended_at)
  select c.id, 5, c.repository_id, c.repository_owner, c.repository_name, c.issue_key, r.person, 'claude-sonnet-4-5',
    'warm', r.report->>'outcome', 0.11, 10, 20000, 3000, 500, 0.3, 0.19, 60000, c.ended_at
  from generate_series(${from}::int, ${to}::int) as i
  join commands as c on c.id = md5('command-' || i)::uuid
  join runs as r on r.command_id = c.id
  where c.ended_at is not null and c.repository_id is not null`;

/** Numbered within their session, as saves of its runs were; all but the newest three are kept no more. */
const insertGenerations = sql`
  insert into generations (installation_id, repository_id, issue_key, generation, session_id, command_id, bytes,
    context_tokens, store, dropped, created_at)
  select 5, c.repository_id, c.issue_key,
    row_number() over (partition by c.repository_id, c.issue_key order by c.created_at, c.id),
    md5(c.issue_key)::uuid, c.id, 100000, 20000, case when c.repository_id % 2 = 0 then 's3' else 'workspace' end,
    row_number() over (partition by c.repository_id, c.issue_key order by c.created_at desc, c.id desc) > 3,
    c.ended_at
  from commands as c join runs as r on r.command_id = c.id
  where c.status = 'done' and c.repository_id is not null`;

const insertSessions = sql`
  insert into sessions (installation_id, repository_id, repository_owner, repository_name, issue_key, used_at)
  select 5, repository_id, 'acme', 'repository-' || repository_id, issue_key, max(created_at)
  from generations group by repository_id, issue_key`;

const insertPullRequests = sql`
  insert into pull_requests (repository_id, number, issue_key, branch, url)
  select repository_id, row_number() over (partition by repository_id order by issue_key), issue_key,
    'dexter/' || issue_key, 'https://github.example/acme/shop/pull/1'
  from sessions`;

const insertMeasures = sql`
  insert into measures (name, label, repository_id, hour, count, sum, buckets)
  select kind.name, kind.label, repository_id, date_trunc('hour', now()) - hours * interval '1 hour', 20, 400,
    case when kind.is_timed then array_fill(1::bigint, array[18]) else '{}'::bigint[] end
  from (values ('cache_hit', 'context', false), ('cache_miss', 'context', false), ('cache_read', 'context', true),
      ('cache_hit', 'session/s3', false), ('cache_miss', 'session/s3', false), ('cache_hit', 'prompt', false),
      ('cache_miss', 'prompt', false), ('command_ended', 'github/done', false),
      ('command_ended', 'jira/failed', false), ('run_duration', 'github/done', true),
      ('dispatch_latency', 'github', true)) as kind(name, label, is_timed),
    generate_series(9001, 9012) as repository_id, generate_series(0, 30 * 24 - 1) as hours`;
