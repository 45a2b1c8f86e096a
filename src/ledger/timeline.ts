import type { TimelineStep } from '../core/facts.ts';
import type { CommandRow, RunRow } from './tables.ts';

/** A point on the way of a command that it has passed. */
export interface PassedStep {
  what: TimelineStep['what'];
  at: Date;
}

/**
 * What happened to a command, oldest first; steps that were not taken, or of which nobody noted the time, are not there.
 * By the times of one clock, the database's, because progress may come in after the end.
 */
export function timelineOf(
  command: Pick<CommandRow, 'created_at' | 'seen_at' | 'started_at' | 'ended_at' | 'published_at' | 'untold'>,
  run: Pick<RunRow, 'created_at' | 'dispatched_at' | 'claimed_at' | 'progress_at'> | undefined,
): PassedStep[] {
  const steps: [TimelineStep['what'], Date | null | undefined][] = [
    ['received', command.created_at],
    ['seen', command.seen_at],
    ['begun', command.started_at],
    ['planned', run?.created_at],
    ['dispatched', run?.dispatched_at],
    ['claimed', run?.claimed_at],
    ['progress', run?.progress_at],
    ['ended', command.ended_at],
    [command.untold === null ? 'told' : 'untold', command.published_at],
  ];
  return steps
    .flatMap(([what, at]) => (at ? [{ what, at }] : []))
    .sort((one, other) => one.at.getTime() - other.at.getTime());
}
