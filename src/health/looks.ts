import { pingRedis } from '../caches/ping-redis.ts';
import type { AppConfig, LocalRunnerConfig } from '../config.ts';
import { gitHubInspection } from '../github/inspect.ts';
import { jiraInspection } from '../jira/inspect.ts';
import type { Db } from '../ledger/commands.ts';
import { measuresByHour } from '../ledger/measures.ts';
import type { S3StoreOptions } from '../stores/s3/options.ts';
import { roomFor } from '../workspace/room-for.ts';
import { type Look, type LookedAtPart, lookOf } from './part-health.ts';

/** Reports that are older say nothing of now. */
const newestReportsMs = 24 * 60 * 60 * 1000;

/** With less on its disk no run gets anywhere. */
const leastBytes = 10_000_000;

export interface LooksOptions {
  config: AppConfig;
  db: Db;
  /** What local runs get of the environment. */
  machine: Readonly<Record<string, string>>;
  now?: () => number;
}

/** The parts of this configuration, each with the cheapest question that proves that it works. */
export function looksAt({ config, db, machine, now = Date.now }: LooksOptions): LookedAtPart[] {
  const { context, dispatcher, github, jira } = config;
  const app = gitHubInspection(github);
  const { redisUrl } = context;
  return [
    {
      part: 'github',
      async look() {
        const answer = await app.app();
        if (answer.outcome !== 'unsigned') return lookOf(answer);
        return { state: 'refused', said: 'the private key is none' };
      },
    },
    ...jira.map((site): LookedAtPart => {
      const inspection = jiraInspection(site);
      return {
        part: 'jira',
        name: site.name,
        async look() {
          const answer = await inspection.account();
          const isGone = answer.outcome === 'answered' && !answer.value.active;
          return isGone ? { state: 'refused', said: 'the account is deactivated' } : lookOf(answer);
        },
      };
    }),
    ...(redisUrl === undefined
      ? []
      : [{ part: 'redis' as const, look: async () => lookOf(await pingRedis(redisUrl)) }]),
    {
      part: 'store',
      look: () => (dispatcher.kind === 'local' ? ownStore(dispatcher.local, machine) : toldStore(db, now())),
    },
  ];
}

async function ownStore(local: LocalRunnerConfig, machine: LooksOptions['machine']): Promise<Look> {
  switch (local.store) {
    case 'workspace': {
      const room = await roomFor(local.workspace);
      if (room.outcome === 'blocked') return { state: 'refused', said: room.reason };
      return room.freeBytes < leastBytes ? { state: 'refused', said: 'the disk is full' } : { state: 'ok' };
    }
    case 's3': {
      // Its SDK is large, and others do without.
      const { reachBucket } = await import('../stores/s3/reach.ts');
      return lookOf(await reachBucket(s3Options(local.s3, machine)));
    }
    case 'actions-cache':
      return { state: 'unknown' };
  }
}

function s3Options(s3: LocalRunnerConfig['s3'], machine: LooksOptions['machine']): S3StoreOptions {
  return {
    bucket: s3['s3-bucket'] ?? '',
    region: s3['s3-region'] ?? machine.AWS_REGION ?? machine.AWS_DEFAULT_REGION ?? '',
    endpoint: s3['s3-endpoint'],
    prefix: s3['s3-prefix'],
    forcePathStyle: s3['s3-path-style'] === 'true',
    proxy: machine,
  };
}

/** One save that fails may be the runner's fault, or that of another run that saved first. */
const leastFailures = 3;

/** What runs elsewhere last said of their stores: each one by the newest hour that somebody saved something in it. */
async function toldStore(db: Db, now: number): Promise<Look> {
  const hours = await measuresByHour(db, {
    names: ['cache_write', 'cache_write_failed'],
    since: new Date(now - newestReportsMs),
    scope: 'all',
  });
  const newest = new Map<string, { hour: number; tries: number; failed: number }>();
  for (const { name, label, hour, count } of hours) {
    if (!label.startsWith('session/')) continue;
    const before = newest.get(label);
    const told = before?.hour === hour.getTime() ? before : { hour: hour.getTime(), tries: 0, failed: 0 };
    if (name === 'cache_write') told.tries += count;
    else told.failed += count;
    newest.set(label, told);
  }
  const failing = [...newest].filter(([, { tries, failed }]) => failed >= Math.max(leastFailures, tries));
  if (failing.length > 0) {
    const said = failing.map(([label, { failed }]) => `${failed} times nothing was saved (${label})`);
    return { state: 'no answer', said: said.join(', ') };
  }
  return { state: newest.size > 0 ? 'ok' : 'unknown' };
}
