import { z } from 'zod';
import { Actor, Ask } from './command.ts';
import { EngineName } from './engine.ts';
import { Problem } from './errors.ts';
import { Progress, Report, Usage } from './report.ts';
import { ResumeChoice } from './session.ts';
import { CommandStatus } from './status.ts';

/** What the app tells scripts and the command line of itself: answers of `/api/…`. Times are ISO 8601. */
const time = z.iso.datetime();

/** One command in a list. */
export const CommandLine = z.object({
  id: z.uuid(),
  status: CommandStatus,
  /** It is put back until JIRA answers. */
  waitsForJira: z.boolean(),
  source: z.string(),
  issueKey: z.string(),
  /** `owner/name`; null until it is known. */
  repository: z.string().nullable(),
  actor: Actor,
  ask: Ask.nullable(),
  createdAt: time,
  startedAt: time.nullable(),
  endedAt: time.nullable(),
  /** What is being done now; null while nothing is told. */
  step: z.string().nullable(),
  costUsd: z.number().nullable(),
  problem: Problem.nullable(),
});
export type CommandLine = z.infer<typeof CommandLine>;

const Sum = z.object({ runs: z.number(), costUsd: z.number(), estimatedCostSaved: z.number() });

/** `GET /api/status`. */
export const StatusFacts = z.object({
  at: time,
  open: z.array(z.object({ status: CommandStatus, commands: z.number() })),
  /** Of the commands without an end, oldest first. */
  now: z.array(CommandLine),
  /** Ended ones, newest first. */
  ended: z.array(CommandLine),
  /** How many ended how in the last 24 hours. */
  lastDay: z.array(z.object({ status: CommandStatus, commands: z.number() })),
  /** Of the day and the month of UTC. */
  today: Sum,
  month: Sum,
});
export type StatusFacts = z.infer<typeof StatusFacts>;

/** One step of a command on its way. `seen`: it was shown that it waits for its turn. `untold`: telling the end was given up. */
export const TimelineStep = z.object({
  at: time,
  what: z.enum([
    'received',
    'seen',
    'begun',
    'planned',
    'dispatched',
    'claimed',
    'progress',
    'ended',
    'told',
    'untold',
  ]),
});
export type TimelineStep = z.infer<typeof TimelineStep>;

/** `GET /api/commands/<id>`. */
export const CommandFacts = z.object({
  command: CommandLine,
  /** Oldest first. */
  timeline: z.array(TimelineStep),
  /** Why telling the end was given up; null where it was not. */
  untold: z.string().nullable(),
  /** What Dexter itself answered, Markdown; null for a run. */
  answer: z.string().nullable(),
  runUrl: z.string().nullable(),
  progress: Progress.nullable(),
  report: Report.nullable(),
});
export type CommandFacts = z.infer<typeof CommandFacts>;

const RequiredUsage = Usage.required();

const CostSum = z.object({
  runs: z.number(),
  unknownRuns: z.number(),
  costUsd: z.number(),
  usage: RequiredUsage,
  comparedRuns: z.number(),
  baselineCostUsd: z.number(),
  estimatedCostSaved: z.number(),
  estimatedTokensSaved: z.number(),
});

/** `GET /api/costs/<issue key>`: the sum of all runs of an issue, and the newest of them, oldest first. */
export const IssueCostFacts = z.object({
  total: CostSum,
  runs: z.array(
    z.object({
      commandId: z.uuid(),
      repository: z.string(),
      endedAt: z.coerce.date(),
      actor: Actor,
      ask: Ask.nullable(),
      model: z.string().nullable(),
      choice: ResumeChoice.nullable(),
      engine: EngineName.nullish(),
      outcome: z.enum([...Report.shape.outcome.options, 'lost']),
      costUsd: z.number().nullable(),
      usage: RequiredUsage,
      baselineCostUsd: z.number().nullable(),
      estimatedCostSaved: z.number().nullable(),
      estimatedTokensSaved: z.number().nullable(),
    }),
  ),
});

/** `GET /api/costs`: one page of sums; `next` is the `after` of the next one. */
export const CostPageFacts = z.object({
  sums: z.array(CostSum.extend({ key: z.string(), name: z.string() })),
  next: z.string().optional(),
});

export const CommandsMeant = z.object({ commands: z.array(CommandFacts) });
export type CommandsMeant = z.infer<typeof CommandsMeant>;
