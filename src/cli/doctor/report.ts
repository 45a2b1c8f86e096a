import { z } from 'zod';
import { Level } from './verdict.ts';

export const CheckResult = z.object({
  check: z.string().meta({ description: 'Id of the check; docs/doctor.md lists them' }),
  title: z.string(),
  area: z.enum(['app', 'jira', 'repository']),
  subject: z
    .string()
    .nullable()
    .meta({ description: 'Name of the JIRA connection or full name of the repository; null for the app' }),
  level: Level,
  message: z.string().meta({ description: 'What was found, or why nothing was looked at' }),
  fix: z
    .string()
    .nullable()
    .meta({ description: 'A command, a setting or a page; null where nothing is wrong' }),
  because: z.string().nullable().meta({
    description: 'Id of the check that has to be fine first and is not; null where this one was made',
  }),
});
export type CheckResult = z.infer<typeof CheckResult>;

/** What `dexter doctor --json` prints. Members may be added; `version` goes up when one changes its meaning. */
export const DoctorReport = z
  .object({
    version: z.literal(1),
    outcome: z
      .enum(['ok', 'failed'])
      .meta({ description: '`failed` when a check failed; warnings do not count' }),
    checkedAt: z.iso.datetime(),
    counts: z.record(Level, z.number().int().nonnegative()),
    checks: z.array(CheckResult),
    leftOut: z.array(z.string()).meta({ description: 'What was not looked at for want of time, in words' }),
  })
  .meta({ title: 'dexter doctor --json' });
export type DoctorReport = z.infer<typeof DoctorReport>;

export function reportOf(results: CheckResult[], leftOut: string[], now: Date): DoctorReport {
  const number = (level: Level) => results.filter((one) => one.level === level).length;
  return {
    version: 1,
    outcome: number('failed') === 0 ? 'ok' : 'failed',
    checkedAt: now.toISOString(),
    counts: {
      ok: number('ok'),
      warning: number('warning'),
      failed: number('failed'),
      skipped: number('skipped'),
    },
    checks: results,
    leftOut,
  };
}
