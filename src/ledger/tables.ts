import type { ColumnType, Generated, JSONColumnType, Selectable } from 'kysely';
import type { AlertLevel } from '../core/alert.ts';
import type { Actor, Ask, Origin } from '../core/command.ts';
import type { KeptContext } from '../core/context.ts';
import type { Problem } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { GaugeName, MeasureName } from '../core/measure.ts';
import type { Progress, Report } from '../core/report.ts';
import type { ResumeChoice, StoreName } from '../core/session.ts';
import type { CommandStatus } from '../core/status.ts';
import type { WaitingFor } from '../core/waiting-for.ts';

type Timestamp = ColumnType<Date, Date | string, Date | string>;
type NullableTimestamp = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
type Json<T extends object> = JSONColumnType<T, string, string>;
type NullableJson<T extends object> = ColumnType<T | null, string | null | undefined, string | null>;

/** Where a status comment stands, so that it is edited and not posted again. */
export interface PostedComment {
  kind: 'issue' | 'review' | 'jira';
  id: string;
}

/** One row per command; its lifecycle is `status`, which only moves forward. */
export interface CommandsTable {
  id: string;
  /** What the signed body says happened; a second delivery of the same has the same key. */
  dedupe_key: string;
  origin: Json<Origin>;
  actor: Json<Actor>;
  issue_key: string;
  /** Key of the queue: the IssueKey, or the command's own id for words that Dexter answers itself. */
  queue_key: string;
  installation_id: ColumnType<number | null, number | null | undefined, number>;
  repository_id: ColumnType<number | null, number | null | undefined, number>;
  repository_owner: ColumnType<string | null, string | null | undefined, string>;
  repository_name: ColumnType<string | null, string | null | undefined, string>;
  /** What the payload claimed the comment says; compared with what it says when it is read again. */
  claimed_text: string | null;
  ask: NullableJson<Ask>;
  status: CommandStatus;
  problem: NullableJson<Problem>;
  /** What Dexter itself answered, Markdown: for help, status and the like. */
  answer: ColumnType<string | null, string | null | undefined, string | null>;
  stop_requested: Generated<boolean>;
  /** How often preparing was begun; a command that breaks it every time is given up. */
  attempts: Generated<number>;
  /** How often it was put back because JIRA could not answer or its process ended; such a beginning is no failed one. */
  waits: Generated<number>;
  /** When a command that was put back is begun again; null while it is not put back. */
  resume_at: NullableTimestamp;
  /** From when on it is not put back any more. */
  give_up_at: NullableTimestamp;
  /** Until when the process or runner that has the command is believed to live. */
  lease_until: NullableTimestamp;
  /** When a command that has to wait was shown to be seen. */
  seen_at: NullableTimestamp;
  acknowledgement: NullableJson<PostedComment>;
  /** When the status comment was last written. */
  shown_at: NullableTimestamp;
  /** When the end was told everywhere it has to be, or telling it was given up. */
  published_at: NullableTimestamp;
  /** Why telling the end was given up; null where it was not. */
  untold: ColumnType<string | null, string | null | undefined, string | null>;
  created_at: Timestamp;
  started_at: NullableTimestamp;
  ended_at: NullableTimestamp;
}

/** The execution of a command on a runner. */
export interface RunsTable {
  command_id: string;
  job: Json<Job>;
  /** What was known of the ticket and the pull request; null for a run that needs nothing of it. */
  context: NullableJson<KeptContext>;
  /** Whose spending it counts for; null for a run that an earlier version planned. */
  person: ColumnType<string | null, string | null | undefined, string | null>;
  run_id: ColumnType<string | null, string | null | undefined, string | null>;
  run_url: ColumnType<string | null, string | null | undefined, string | null>;
  /** Branch whose workflow file was dispatched. */
  branch: ColumnType<string | null, string | null | undefined, string | null>;
  /** How the workflow run ended, as GitHub says; null while it goes on, or while nobody told. */
  conclusion: ColumnType<string | null, string | null | undefined, string | null>;
  /** What holds it, once people were told that no runner has taken it. */
  waiting_for: NullableJson<WaitingFor>;
  /** 0 until a runner has claimed the run; whoever claims it gets the next number. */
  fence: Generated<number>;
  /** When it was given to a dispatcher; null before that, and for a run of an earlier version. */
  dispatched_at: NullableTimestamp;
  claimed_at: NullableTimestamp;
  /** The run that has claimed it. */
  claimant: ColumnType<string | null, string | null | undefined, string | null>;
  progress: NullableJson<Progress>;
  progress_at: NullableTimestamp;
  report: NullableJson<Report>;
  created_at: Timestamp;
}

/** One row per saved generation of a session. */
export interface GenerationsTable {
  installation_id: number;
  repository_id: number;
  issue_key: string;
  generation: number;
  session_id: string;
  command_id: string;
  /** What the store calls it, when that is more than its number. */
  entry: ColumnType<string | null, string | null | undefined, string | null>;
  bytes: number;
  context_tokens: number;
  /** Where it was saved; null where no report said it. */
  store: ColumnType<StoreName | null, StoreName | null | undefined, StoreName | null>;
  /** Its store keeps newer ones in its place. */
  dropped: Generated<boolean>;
  created_at: Timestamp;
}

/** One row per session that a store may hold something of: from the plan of its first run until it is forgotten. */
export interface SessionsTable {
  installation_id: number;
  repository_id: number;
  repository_owner: string;
  repository_name: string;
  issue_key: string;
  /** When a run was last planned or ended. */
  used_at: Timestamp;
  /** When it was last asked whether the session is due to be forgotten. */
  looked_at: NullableTimestamp;
}

/** Which piece of work a pull request belongs to. */
export interface PullRequestsTable {
  repository_id: number;
  number: number;
  issue_key: string;
  branch: string;
  url: string;
}

/** Tokens by which runs identified themselves, until they have expired: each is good for one claim. */
export interface ShownTokensTable {
  id: string;
  claim: string;
  expires_at: Timestamp;
}

/** One row per repository that the app was installed on: whether its onboarding pull request is to be looked at. */
export interface OnboardingsTable {
  repository_id: number;
  installation_id: number;
  repository_owner: string;
  repository_name: string;
  /** Version of the template that was last dealt with, or that is wanted; null until there is one. */
  template: ColumnType<string | null, string | null | undefined, string | null>;
  /** From when on the repository is to be looked at; null when nothing is to be done. */
  due_at: NullableTimestamp;
  /** Until when the process that looks at it is believed to live. */
  taken_until: NullableTimestamp;
  /** When something was last written to it, for the pace. */
  wrote_at: NullableTimestamp;
  /** How often it was taken since it became due. */
  attempts: Generated<number>;
  /** What became of it last. */
  outcome: ColumnType<string | null, string | null | undefined, string | null>;
}

/**
 * What a run cost: one row per run that a runner took, also for one that failed, was stopped, or never reported. US
 * dollars are null where nobody can say.
 */
export interface RunCostsTable {
  command_id: string;
  installation_id: number;
  repository_id: number;
  repository_owner: string;
  repository_name: string;
  issue_key: string;
  /** Who asked, as `actorKey` names them; whose spending it is says `person` of the run, where it is known. */
  actor: string;
  model: ColumnType<string | null, string | null | undefined, string | null>;
  /** How the run went on; null where its report did not say. */
  choice: ColumnType<ResumeChoice | null, ResumeChoice | null | undefined, ResumeChoice | null>;
  /** `lost`: a runner had it and no report came. */
  outcome: RunOutcome;
  cost_usd: ColumnType<number | null, number | null | undefined, number | null>;
  input_tokens: Generated<number>;
  cache_read_tokens: Generated<number>;
  /** Of all lives; those of an hour are counted once more beside it. */
  cache_write_tokens: Generated<number>;
  cache_write_hour_tokens: Generated<number>;
  output_tokens: Generated<number>;
  /** What a new start is estimated to have cost; null where that cannot be said, like the two after it. */
  baseline_cost_usd: ColumnType<number | null, number | null | undefined, number | null>;
  estimated_cost_saved: ColumnType<number | null, number | null | undefined, number | null>;
  estimated_tokens_saved: ColumnType<number | null, number | null | undefined, number | null>;
  ended_at: Timestamp;
}

/** What the runs of a repository came to that ended in an hour of UTC: the database keeps it equal to `run_costs`. */
export interface HourlyCostsTable {
  repository_id: number;
  hour: Date;
  /** As the repository was called last. */
  repository_owner: string;
  repository_name: string;
  runs: number;
  /** Those of which nobody can say what they cost. */
  unknown_runs: number;
  /** US dollars as decimals, which the driver gives as text; so are the others. */
  cost_usd: string;
  /** Those that are compared with a cold start; what follows is of them. */
  compared_runs: number;
  baseline_cost_usd: string;
  estimated_cost_saved: string;
}

export type RunOutcome = Report['outcome'] | 'lost';

/**
 * What happened in an hour of UTC, counted: a histogram where something was measured. Rows only grow, until after some
 * months those of a day become one, which has its first hour.
 */
export interface MeasuresTable {
  name: MeasureName;
  /** Which of those; what it means depends on the name. */
  label: string;
  /** 0 for what belongs to no repository. */
  repository_id: number;
  hour: Timestamp;
  count: number;
  /** Of the values, in the unit of the name; 0 where there are none. */
  sum: number;
  /** How many values fell into each bucket of the unit; empty where there are none. */
  buckets: ColumnType<number[], string, string>;
}

/** Something that is as large as it was seen last. */
export interface GaugesTable {
  name: GaugeName;
  label: string;
  value: number;
  at: Timestamp;
}

/** One row per alert that was raised or is about to be; `ok` when it is over, for some days more. */
export interface AlertsTable {
  name: string;
  /** Which of those: a store, a repository, a runner; empty where there is one alone. */
  label: string;
  /** Whose it is; null for what concerns administrators alone. */
  repository_id: number | null;
  level: AlertLevel;
  /** Null where nobody has heard of it for long. */
  value: number | null;
  /** What the value was held against: of its level, or of the level that was left. */
  threshold: number | null;
  /** When it came to this level. */
  since: Timestamp;
  /** When something was last heard of it. */
  seen_at: Timestamp;
  /** Since when it has failed, of what either fails or does not. */
  failing_since: NullableTimestamp;
  /** The level that it is about to come to, and how many looks in a row were for that. */
  pending_level: AlertLevel | null;
  pending_looks: number;
  /** Level that was last posted to the webhook; null when none was. */
  posted_level: ColumnType<AlertLevel | null, AlertLevel | null | undefined, AlertLevel | null>;
}

/** What one process at a time does, and which one that is. */
export interface LeasesTable {
  name: string;
  holder: string;
  /** Until when it is believed to live. */
  until: Timestamp;
}

/** What people did on the dashboard, also what was refused. */
export interface AuditTable {
  id: string;
  at: Timestamp;
  /** GitHub login, or what stands for somebody who did not sign in. */
  viewer: string;
  viewer_id: ColumnType<number | null, number | null | undefined, number | null>;
  action: string;
  repository_id: ColumnType<number | null, number | null | undefined, number | null>;
  issue_key: ColumnType<string | null, string | null | undefined, string | null>;
  command_id: ColumnType<string | null, string | null | undefined, string | null>;
  detail: ColumnType<string | null, string | null | undefined, string | null>;
  outcome: string;
}

export interface Tables {
  measures: MeasuresTable;
  gauges: GaugesTable;
  alerts: AlertsTable;
  leases: LeasesTable;
  audit: AuditTable;
  onboardings: OnboardingsTable;
  commands: CommandsTable;
  runs: RunsTable;
  generations: GenerationsTable;
  sessions: SessionsTable;
  pull_requests: PullRequestsTable;
  shown_tokens: ShownTokensTable;
  run_costs: RunCostsTable;
  hourly_costs: HourlyCostsTable;
}

export type CommandRow = Selectable<CommandsTable>;
export type RunRow = Selectable<RunsTable>;
export type RunCostRow = Selectable<RunCostsTable>;
