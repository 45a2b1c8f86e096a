import type { Patient } from './patient.ts';
import type { Verdict } from './verdict.ts';

/** What is looked at: the app once, each JIRA connection by its name, each repository by its full name. */
export type Area = 'app' | 'jira' | 'repository';

/** One question about a set-up. It changes nothing; only the store is written to, and tidied at once. */
export interface Check {
  /** Stands in `--json` and in docs/doctor.md; never changes. */
  id: string;
  area: Area;
  /** For people, a few words. */
  title: string;
  /** What is looked at, for docs/doctor.md. */
  looksAt: string;
  /** What to do when it fails, for docs/doctor.md. */
  mend: string;
  /** Ids of checks that have to be fine first; one of another area than `app` is of the same subject. */
  needs: readonly string[];
  /** Reads, and judges what it read. Throws only what nobody expected. */
  inspect(patient: Patient, subject: string, signal: AbortSignal): Promise<Verdict>;
}
