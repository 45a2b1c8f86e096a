/** What a figure is measured in; thresholds of `dexter.yml` may be in a larger unit. */
export type AlertUnit = 'share' | 'bytes' | 'ms' | 'seconds' | 'times';

/** How a value gets worse, and whether the threshold itself is bad already. */
export type Worse = 'above' | 'at least' | 'below';

export interface AlertKind {
  unit: AlertUnit;
  worse: Worse;
  /** Thresholds without other settings, in the unit of the settings. */
  warning: number;
  critical: number;
  /** What one of the settings is, for the schema: `megabytes`, `a share from 0 to 1`. */
  settingUnit: string;
  /** Base units in one of the settings. */
  factor: number;
  /** Whether it is only said of as many readings as `alerts.minimumSample` asks for. */
  isSampled: boolean;
  /** What it says when nothing is heard of a label: that all is well, or nothing, as of a runner that is idle. */
  silence: 'well' | 'unknown';
  /** For a heading. */
  title: string;
  /** What is looked at, for the schema and the documentation. */
  looksAt: string;
  meaning: string;
  whatToDo: string;
}

const share = { unit: 'share', settingUnit: 'a share from 0 to 1', factor: 1 } as const;
const duration = { unit: 'seconds', settingUnit: 'minutes', factor: 60 } as const;
const count = { unit: 'times', settingUnit: 'a number', factor: 1 } as const;
const latency = { unit: 'ms', settingUnit: 'milliseconds', factor: 1 } as const;

/**
 * Everything that Dexter warns of, by the name that it has in `dexter.yml`, in the log, in the table and in
 * `/metrics`. docs/operations.md explains each under the same name.
 */
export const alertKinds = {
  contextHitRate: {
    ...share,
    worse: 'below',
    warning: 0.5,
    critical: 0.25,
    isSampled: true,
    silence: 'unknown',
    title: 'The context cache seldom has the ticket',
    looksAt:
      'Share of readings of tickets in the window that found the ticket in the context cache, as it is or as it was before it changed: a comment of Dexter is a change too, and no cache spares reading what changed',
    meaning:
      'Most commands read a ticket that the cache does not know: on a first command that is so, else something loses it. Nothing stands in for it while JIRA is away.',
    whatToDo:
      'Let several processes share one cache (`REDIS_URL`), see that Redis evicts nothing, and look whether DEXTER_CONTEXT_TTL_HOURS is shorter than the pause between two commands of a ticket.',
  },
  sessionHitRate: {
    ...share,
    worse: 'below',
    warning: 0.5,
    critical: 0.25,
    isSampled: true,
    silence: 'unknown',
    title: 'Few sessions can be restored',
    looksAt: 'Share of runs in the window that had a session to restore and restored it, by store',
    meaning: 'Follow-ups begin anew and buy again what an earlier run has read already.',
    whatToDo:
      'See the notices of the runs for why. Most often a runner does not reach the store, another runner keeps the `workspace`, the Actions cache has evicted it, or the session key has changed.',
  },
  redisMemory: {
    unit: 'bytes',
    worse: 'above',
    warning: 500,
    critical: 1_000,
    settingUnit: 'megabytes',
    factor: 1e6,
    isSampled: false,
    silence: 'unknown',
    title: 'Redis takes much memory',
    looksAt: 'What the whole Redis of the context cache takes, whoever else uses it',
    meaning: 'A Redis that reaches its limit evicts tickets or refuses to keep them.',
    whatToDo:
      'Look who else keeps something there, shorten DEXTER_CONTEXT_TTL_HOURS, or give Redis more memory. `maxmemory-policy volatile-ttl` or `allkeys-lru` keeps it from refusing.',
  },
  workspace: {
    unit: 'bytes',
    worse: 'above',
    warning: 500,
    critical: 1_000,
    settingUnit: 'gigabytes',
    factor: 1e9,
    isSampled: false,
    silence: 'unknown',
    title: 'A workspace is large',
    looksAt: 'What the workspace of a runner takes on its disk, by runner',
    meaning: 'A full disk ends runs, and with them the save of their sessions.',
    whatToDo:
      'Set the input `workspace-max-size` of the action, or give the runner a larger disk. `dexter workspace` on the runner shows what takes it and removes what is not used.',
  },
  contextReadLatency: {
    ...latency,
    worse: 'above',
    warning: 100,
    critical: 500,
    isSampled: true,
    silence: 'unknown',
    title: 'The context cache answers slowly',
    looksAt: '99th percentile of how long a reading of the context cache took in the window',
    meaning: 'A cache that is as slow as JIRA is of no use, and every command waits for it.',
    whatToDo: 'See that Redis is near the app and not busy with something else (`redis-cli --latency`).',
  },
  sessionReadLatency: {
    ...latency,
    worse: 'above',
    warning: 10_000,
    critical: 30_000,
    isSampled: true,
    silence: 'unknown',
    title: 'Sessions are restored slowly',
    looksAt:
      '99th percentile of how long restoring a session took in the window, by store: a whole archive is fetched, opened and unpacked, which takes seconds where a cached ticket takes milliseconds',
    meaning: 'Every follow-up waits that long before it begins.',
    whatToDo:
      'Put the store near the runners (the same region as the bucket), and see whether the sessions are very large: `dexter session`.',
  },
  waitingForDexter: {
    ...duration,
    worse: 'at least',
    warning: 5,
    critical: 15,
    isSampled: false,
    silence: 'well',
    title: 'A command waits and nobody takes it',
    looksAt: 'Age of the oldest command that nothing holds: no earlier command of its issue is under way',
    meaning: 'The app does not work off its queue: people wait without any sign.',
    whatToDo:
      'See in the log of the app whether its loops fail or hang (`a worker loop failed`), and whether the database answers: `/readyz`. More processes take more at once.',
  },
  waitingForTurn: {
    ...duration,
    worse: 'at least',
    warning: 360,
    critical: 1_440,
    isSampled: false,
    silence: 'well',
    title: 'A command waits for its turn for hours',
    looksAt:
      'Age of the oldest command that waits because an earlier one of its issue is under way: that may take as long as a run does',
    meaning: 'An earlier command of the issue holds it. After 7 days it is given up.',
    whatToDo: '`status` on the issue shows which one; `stop` ends it.',
  },
  waitingForRunner: {
    ...duration,
    worse: 'at least',
    warning: 15,
    critical: 60,
    isSampled: false,
    silence: 'well',
    title: 'No runner takes a run',
    looksAt: 'Age of the oldest run that was dispatched and that no runner has taken, by repository',
    meaning: 'After 24 hours GitHub gives the run up, and its command fails.',
    whatToDo:
      'Start a runner with the labels that `runs-on` of the workflow names, or see whether those that there are work on something else.',
  },
  deadLetters: {
    ...count,
    worse: 'at least',
    warning: 1,
    critical: 10,
    isSampled: false,
    silence: 'well',
    title: 'Commands were given up',
    looksAt:
      'Commands in the window that expired, broke inside Dexter, or whose run was lost, and ends that could not be told to whoever asked',
    meaning: 'Somebody asked for something and did not get it, or does not know how it ended.',
    whatToDo:
      'The list of commands says why each failed; mend that and `retry`. Of an end that could not be told its command’s page has the reason, and the log (`could not be told`): a locked issue, a ticket that is not there, a missing permission.',
  },
  saveFailures: {
    ...count,
    worse: 'at least',
    warning: 3,
    critical: 10,
    isSampled: false,
    silence: 'well',
    title: 'Sessions were not saved',
    looksAt: 'Runs in the window whose session could not be saved, by store',
    meaning: 'What these runs have learned is lost, and the next ones go on from before.',
    whatToDo:
      'The notices of the runs say why: no permission, no space, no connection, or two runs of one issue at once.',
  },
  canary: {
    ...share,
    worse: 'above',
    warning: 0.1,
    critical: 0.25,
    isSampled: true,
    silence: 'unknown',
    title: 'The prompt cache is missed',
    looksAt:
      'Share of the runs in the window that expected to read their conversation from the prompt cache and read far less of it',
    meaning: 'The conversation is paid for again: up to ten times the price of a reading.',
    whatToDo:
      'The notices name the cause: another version of the CLI, other tools or flags, another model, or a pause longer than the cache lives. docs/prompt-cache.md says what keeps it.',
  },
  repositoryBudget: {
    ...share,
    settingUnit: 'a share of the limit',
    worse: 'at least',
    warning: 0.8,
    critical: 1,
    isSampled: false,
    silence: 'well',
    title: 'The budget of a repository is nearly spent',
    looksAt: 'What a repository has spent in this month (UTC), as a share of its limit under `budgets`',
    meaning: 'At the limit no more runs begin there until the month is over.',
    whatToDo: 'Raise `budgets.repositoryPerMonth`, or look with `dexter cost` what took so much.',
  },
  personBudget: {
    ...share,
    settingUnit: 'a share of the limit',
    worse: 'at least',
    warning: 0.8,
    critical: 1,
    isSampled: false,
    silence: 'well',
    title: "A person's budget of the day is nearly spent",
    looksAt: 'What a person has spent today (UTC), as a share of `budgets.personPerDay`',
    meaning: 'At the limit nothing more begins that this person asks for until the day is over.',
    whatToDo: 'Raise `budgets.personPerDay`, or wait until tomorrow.',
  },
  parts: {
    ...duration,
    worse: 'at least',
    warning: 1,
    critical: 5,
    isSampled: false,
    silence: 'unknown',
    title: 'A part does not answer',
    looksAt:
      'How long something that the app needs has not answered, or has refused to: GitHub, JIRA, Redis, the store',
    meaning: 'Commands that need it wait or fail.',
    whatToDo: '`/readyz` says which part, and `dexter doctor` says what is wrong and how to mend it.',
  },
} as const satisfies Record<string, AlertKind>;

export type AlertName = keyof typeof alertKinds;

export const alertNames = Object.keys(alertKinds) as AlertName[];

export function kindOf(name: AlertName): AlertKind {
  return alertKinds[name];
}
