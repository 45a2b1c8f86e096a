import { z } from 'zod';
import type { EstimateParameters } from '../../pricing/estimate/estimate.ts';
import { type Gap, parseGaps } from '../../pricing/estimate/gaps.ts';
import type { Source } from '../flag-values.ts';

/** A flag with a value, as `--help` and docs/estimate.md show it. */
export interface ValueFlag {
  flag: `--${string}`;
  value: string;
  says: string;
  default: string;
  /** Where the default comes from, as Markdown. */
  from: string;
}

function number(least: number, most: number, isWhole: boolean) {
  const what = `a ${isWhole ? 'whole ' : ''}number from ${least.toLocaleString('en-US')} to ${most.toLocaleString('en-US')}`;
  return z
    .string()
    .regex(isWhole ? /^\d{1,10}$/ : /^\d{1,10}(?:\.\d{1,9})?$/, what)
    .transform(Number)
    .refine((count) => count >= least && count <= most, what);
}

const whole = (least: number, most: number) => number(least, most, true).optional();
const some = (least: number, most: number) => number(least, most, false).optional();

const gapsWanted =
  'gaps such as `2m,1h,1d`, or with a weight on each `2m:50,1h:30,1d:20` (s, m, h, d or w; at most 50 of them)';

const gaps = z.string().transform((text, context): Gap[] => {
  const parsed = parseGaps(text);
  if (parsed) return parsed;
  context.addIssue({ code: 'custom', message: gapsWanted });
  return z.NEVER;
});

const id = (what: string) => z.string().max(200, what).optional();

/** What each flag may say. Those that are left out are measured, where the ledger is asked, or have their default. */
export const FlagValues = z.object({
  tickets: whole(1, 1_000_000),
  followUps: some(0, 100),
  gaps: gaps.optional(),
  model: id('the name of a model'),
  cacheLife: z.enum(['5m', '1h'], '`5m` or `1h`').optional(),
  contextTokens: whole(1000, 10_000_000),
  baseTokens: whole(0, 500_000),
  compactedTokens: whole(1000, 1_000_000),
  summaryTokens: whole(0, 200_000),
  firstRequests: some(1, 10_000),
  requests: some(1, 10_000),
  newTokens: whole(0, 1_000_000),
  outputTokens: whole(0, 1_000_000),
  ticketKb: some(0, 100_000),
  repositoryGb: some(0, 10_000),
  sessionMb: some(0, 100_000),
  archiveMb: some(0, 100_000),
  scale: some(1, 10_000),
  storage: id('the id of a storage price'),
  disk: id('the id of a storage price'),
  redis: id('the id of a storage price'),
  prices: z.string().optional(),
});
export type FlagValues = z.infer<typeof FlagValues>;

export const valueFlags: readonly ValueFlag[] = [
  {
    flag: '--tickets',
    value: '<count>',
    says: 'new tickets a month',
    default: '100',
    from: 'the research note',
  },
  {
    flag: '--follow-ups',
    value: '<count>',
    says: 'follow-ups of each ticket; a mean such as 1.5 will do',
    default: '3',
    from: 'the research note',
  },
  {
    flag: '--gaps',
    value: '<times>',
    says: 'how long after the run before the follow-ups come, equally often or with weights: 2m:50,1h:30,1d:20',
    default: '2m,1h,1d',
    from: 'the distances of [the benchmark](economics.md#the-benchmark)',
  },
  {
    flag: '--model',
    value: '<name>',
    says: 'model whose prices count',
    default: 'claude-sonnet-4-5',
    from: 'the research note',
  },
  {
    flag: '--cache-life',
    value: '<time>',
    says: 'how long the prompt cache keeps what is written: 5m or 1h',
    default: '5m',
    from: 'what Claude Code asks for with a key: [prompt-cache.md](prompt-cache.md#five-minutes-or-an-hour)',
  },
  {
    flag: '--context-tokens',
    value: '<count>',
    says: 'tokens that the first run of a ticket reads: ticket and code',
    default: '131250',
    from: 'the research note: 6,250 of a ticket, 125,000 of code; the benchmark has 117,000',
  },
  {
    flag: '--base-tokens',
    value: '<count>',
    says: 'tokens of tools and system prompt',
    default: '7760',
    from: 'measured, with `tools: auto` and the default rules: [prompt-cache.md](prompt-cache.md#what-is-offered-to-the-model)',
  },
  {
    flag: '--compacted-tokens',
    value: '<count>',
    says: 'tokens of a compacted copy, with the base',
    default: '15000',
    from: 'the large session of [resume-policy.md](resume-policy.md#what-is-chosen-when): the benchmark has 11,000, and a real summary may be longer',
  },
  {
    flag: '--summary-tokens',
    value: '<count>',
    says: 'tokens that the model writes to make one',
    default: '3000',
    from: 'the most that the instructions for one allow; the benchmark has 2,600',
  },
  {
    flag: '--first-requests',
    value: '<count>',
    says: 'requests of the first run',
    default: '30',
    from: 'the benchmark',
  },
  {
    flag: '--requests',
    value: '<count>',
    says: 'requests of a follow-up that knows its way',
    default: '4',
    from: 'the benchmark',
  },
  {
    flag: '--new-tokens',
    value: '<count>',
    says: 'tokens that each follow-up adds: what is new to it',
    default: '7000',
    from: 'the benchmark, which has 6,300 to 6,800',
  },
  {
    flag: '--output-tokens',
    value: '<count>',
    says: 'tokens that the model writes in a run',
    default: '2000',
    from: 'assumed: the model of the benchmark does not think, and writes 3,000 in the first run and 500 in a follow-up',
  },
  {
    flag: '--ticket-kb',
    value: '<size>',
    says: 'size of a ticket with its comments, in KB',
    default: '25',
    from: 'the research note',
  },
  {
    flag: '--repository-gb',
    value: '<size>',
    says: 'size of a checkout, in GB',
    default: '3.1',
    from: 'the research note',
  },
  {
    flag: '--session-mb',
    value: '<size>',
    says: 'size of a session directory, in MB',
    default: '150',
    from: 'the research note',
  },
  {
    flag: '--archive-mb',
    value: '<size>',
    says: 'size of its sealed archive, in MB',
    default: '4.4 % of --session-mb',
    from: 'measured: 150 MB came to 6.6 MB',
  },
  {
    flag: '--scale',
    value: '<factor>',
    says: 'how many times as many tickets the tables at scale have',
    default: '10',
    from: 'the research note',
  },
  {
    flag: '--storage',
    value: '<id>',
    says: 'where sessions are kept: the id of a price below',
    default: 's3-standard',
    from: 'the research note',
  },
  {
    flag: '--disk',
    value: '<id>',
    says: 'the same for workspaces',
    default: 'ebs-gp3',
    from: 'the research note',
  },
  {
    flag: '--redis',
    value: '<id>',
    says: 'the same for cached tickets',
    default: 'elasticache-t3-micro',
    from: 'the research note',
  },
  {
    flag: '--prices',
    value: '<file>',
    says: 'YAML or JSON with other prices, of `models` and of `storage`',
    default: 'the price lists',
    from: '[prices.md](prices.md), and the storage prices below',
  },
];

const camelCase = (flag: string) =>
  flag.replace(/^--/, '').replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

export const flagSources: Readonly<Record<string, Source>> = Object.fromEntries(
  valueFlags.map(({ flag }) => [camelCase(flag), { flag }]),
);

/** What was measured or given, in place of `before`. */
export function withFlags(
  before: EstimateParameters,
  values: FlagValues,
  archiveShare: number,
): EstimateParameters {
  const { ticketKb, sessionMb, contextTokens, followUps } = values;
  const ticket = ticketKb === undefined ? before.ticketKb : ([ticketKb, ticketKb] as const);
  const session = sessionMb === undefined ? before.sessionMb : ([sessionMb, sessionMb] as const);
  const taskTokens = contextTokens ?? before.taskTokens;
  // The note's tables know the code by its size: it is what the ticket leaves of the task.
  const codeKb = Math.max(0, (taskTokens * before.charactersPerToken) / 1000 - ticket[1]);
  return {
    ...before,
    ...given(values, [
      'tickets',
      'followUps',
      'gaps',
      'cacheLife',
      'baseTokens',
      'compactedTokens',
      'summaryTokens',
      'firstRequests',
      'requests',
      'newTokens',
      'outputTokens',
      'repositoryGb',
      'scale',
    ]),
    ...(followUps === undefined ? {} : { restoresPerSession: followUps }),
    ticketKb: ticket,
    sessionMb: session,
    taskTokens,
    codeKb,
    archiveMb: values.archiveMb ?? (sessionMb === undefined ? before.archiveMb : sessionMb * archiveShare),
  };
}

function given<Name extends keyof FlagValues>(values: FlagValues, names: readonly Name[]) {
  return Object.fromEntries(
    names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
  ) as Partial<EstimateParameters>;
}
