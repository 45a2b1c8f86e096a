import type { Report } from '../core/report.ts';

/** The end of a plan, which leaves nothing to look at but itself. */
export const planned = 'Planned, nothing changed';

/** Whether a run was a plan that came to its end. */
export function isPlanned(report: Pick<Report, 'kind' | 'outcome'> | undefined): boolean {
  return report?.kind === 'plan' && report.outcome === 'done';
}
