import { sql } from 'kysely';

/** What a row of `run_costs` adds to `hourly_costs`, once or as often as `times` says. */
const counted = (row: string, times: 1 | -1) =>
  sql.raw(
    [
      '1',
      `(${row}.cost_usd is null)::int`,
      `coalesce(${row}.cost_usd, 0)::numeric`,
      `(${row}.baseline_cost_usd is not null)::int`,
      `coalesce(${row}.baseline_cost_usd, 0)::numeric`,
      `coalesce(${row}.estimated_cost_saved, 0)::numeric`,
    ]
      .map((value) => `${times} * ${value}`)
      .join(', '),
  );

const addedUp = sql`runs = kept.runs + excluded.runs,
  unknown_runs = kept.unknown_runs + excluded.unknown_runs,
  cost_usd = kept.cost_usd + excluded.cost_usd,
  compared_runs = kept.compared_runs + excluded.compared_runs,
  baseline_cost_usd = kept.baseline_cost_usd + excluded.baseline_cost_usd,
  estimated_cost_saved = kept.estimated_cost_saved + excluded.estimated_cost_saved`;

const columns = sql`(repository_id, hour, repository_owner, repository_name,
  runs, unknown_runs, cost_usd, compared_runs, baseline_cost_usd, estimated_cost_saved)`;

/**
 * Keeps `hourly_costs` equal to the sums of `run_costs`, whatever is done to a row of that, and by whatever version of
 * Dexter: a run that is told late, for example. A month of runs takes too long to sum up for a page or a budget.
 * Statements of a migration, in order.
 */
export const countingHours = [
  sql`
    create function count_run_cost() returns trigger language plpgsql as $$
    begin
      if tg_op <> 'INSERT' then
        insert into hourly_costs as kept ${columns}
        values (old.repository_id, date_trunc('hour', old.ended_at, 'UTC'), old.repository_owner,
          old.repository_name, ${counted('old', -1)})
        on conflict (repository_id, hour) do update set ${addedUp};
      end if;
      if tg_op <> 'DELETE' then
        insert into hourly_costs as kept ${columns}
        values (new.repository_id, date_trunc('hour', new.ended_at, 'UTC'), new.repository_owner,
          new.repository_name, ${counted('new', 1)})
        on conflict (repository_id, hour) do update set repository_owner = excluded.repository_owner,
          repository_name = excluded.repository_name, ${addedUp};
      end if;
      return null;
    end $$`,
  // Until the end of the transaction nobody else writes a cost: none is missed by the sums below.
  sql`
    create trigger count_run_cost after insert or update or delete on run_costs
    for each row execute function count_run_cost()`,
  sql`
    insert into hourly_costs ${columns}
    select repository_id, date_trunc('hour', ended_at, 'UTC') as hour,
      (array_agg(repository_owner order by ended_at desc))[1],
      (array_agg(repository_name order by ended_at desc))[1],
      count(*), count(*) - count(cost_usd), coalesce(sum(cost_usd::numeric), 0), count(baseline_cost_usd),
      coalesce(sum(baseline_cost_usd::numeric), 0), coalesce(sum(estimated_cost_saved::numeric), 0)
    from run_costs group by repository_id, hour`,
];
