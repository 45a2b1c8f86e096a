import type { AppBudgets } from '../config.ts';
import { deadLetters, oldestWaiting } from '../ledger/alert-figures.ts';
import type { Db } from '../ledger/commands.ts';
import { gauges, sumMeasures } from '../ledger/measures.ts';
import { spentByPerson, spentByRepository } from '../ledger/spending.ts';
import type { Part, Seen, SpentOf } from './figures-of.ts';
import { measuresOfAlerts } from './figures-of.ts';

/** A process says what Redis takes every minute. */
const redisSeenSeconds = 10 * 60;

/** A runner says what its workspace takes once a day, if it has anything to do. */
const workspaceSeenSeconds = 7 * 24 * 60 * 60;

export interface SeeOptions {
  db: Db;
  budgets: AppBudgets;
  /** Whether what the app needs answers; as other parts of it have found, without asking again. */
  parts: () => Part[];
  windowHours: number;
}

/** Looks at everything that there may be rules about. */
export async function see({ db, budgets, parts, windowHours }: SeeOptions, now: Date): Promise<Seen> {
  const since = new Date(now.getTime() - windowHours * 3_600_000);
  return {
    measures: await sumMeasures(db, { names: measuresOfAlerts, since, scope: 'all' }),
    redisBytes: await gauges(db, 'redis_memory_bytes', { seconds: redisSeenSeconds }),
    workspaces: await gauges(db, 'workspace_bytes', { seconds: workspaceSeenSeconds }),
    waiting: await oldestWaiting(db),
    deadLetters: await deadLetters(db, since),
    repositories: await repositoriesOf(db, budgets),
    people: await peopleOf(db, budgets),
    parts: parts(),
  };
}

async function repositoriesOf(db: Db, budgets: AppBudgets): Promise<SpentOf[]> {
  const limits = Object.entries(budgets.repositories).flatMap(([name, own]) =>
    own.repositoryPerMonth === undefined ? [] : [[name.toLowerCase(), own.repositoryPerMonth] as const],
  );
  if (limits.length === 0 && budgets.repositoryPerMonth === undefined) return [];
  const own = new Map(limits);
  return (await spentByRepository(db)).flatMap(({ repositoryId, name, usd }) => {
    const limitUsd = own.get(name.toLowerCase()) ?? budgets.repositoryPerMonth;
    return limitUsd === undefined ? [] : [{ label: name, repositoryId, spentUsd: usd, limitUsd }];
  });
}

async function peopleOf(db: Db, { personPerDay }: AppBudgets): Promise<SpentOf[]> {
  if (personPerDay === undefined) return [];
  return (await spentByPerson(db)).map(({ person, name, usd }) => ({
    label: `${name} (${person})`,
    spentUsd: usd,
    limitUsd: personPerDay,
  }));
}
