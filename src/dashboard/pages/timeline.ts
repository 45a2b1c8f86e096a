import { html } from 'hono/html';
import type { CommandDetail } from '../../ledger/command-detail.ts';
import { formatDuration } from '../../report/figures.ts';
import { type Html, nothing, type Text } from '../html.ts';
import { moment } from '../parts/moment.ts';
import { line } from '../parts/untrusted.ts';

/** A point on the way of a command. */
export interface Step {
  name: string;
  /** Null while it is still to come. */
  at: Date | null;
  detail?: Text;
  isBad?: boolean;
}

/** The way of a command from its webhook to its report, in the order of time, with what is still to come. */
export function stepsOf({ command, run }: Pick<CommandDetail, 'command' | 'run'>): Step[] {
  const isEnded = command.ended_at !== null;
  const happened: (Step | undefined)[] = [
    { name: 'Received', at: command.created_at, detail: 'The webhook was checked and kept' },
    point('Shown to be seen', command.seen_at, 'It has to wait for its turn'),
    point('Begun', command.started_at, waitDetail(command)),
    point('Planned', run?.created_at ?? null),
    point('Dispatched', run?.dispatched_at ?? null),
    point('Claimed by a runner', run?.claimed_at ?? null),
    point('Newest progress', run?.progress_at ?? null, run?.progress ? line(run.progress.step) : undefined),
    isEnded
      ? {
          name: `Ended: ${command.status}`,
          at: command.ended_at,
          isBad: command.status === 'failed' || command.status === 'expired',
        }
      : undefined,
    point('Told', command.published_at, 'The end stands where it was asked'),
  ];
  const known = happened.filter((step) => step !== undefined);
  // Times of one clock, the database's: sorted, because progress may come in after the end.
  return [
    ...known.toSorted((one, other) => (one.at?.getTime() ?? 0) - (other.at?.getTime() ?? 0)),
    ...stillToCome({ command, run }),
  ];
}

function point(name: string, at: Date | null, detail?: Text): Step | undefined {
  return at === null ? undefined : { name, at, ...(detail === undefined ? {} : { detail }) };
}

function waitDetail({ waits, attempts }: CommandDetail['command']): string | undefined {
  const parts = [
    ...(waits > 0 ? [`put back ${waits === 1 ? 'once' : `${waits} times`}`] : []),
    ...(attempts > 1 ? [`begun ${attempts} times`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(', ');
}

function stillToCome({ command, run }: Pick<CommandDetail, 'command' | 'run'>): Step[] {
  switch (command.status) {
    case 'received':
    case 'queued':
      return [{ name: 'Waits for its turn', at: null }];
    case 'preparing':
      return [
        command.resume_at === null
          ? { name: 'Is being prepared', at: null }
          : { name: 'Put back', at: null, detail: html`goes on at ${moment(command.resume_at)}` },
      ];
    case 'dispatched':
      return [{ name: 'Waits for a runner', at: null }];
    case 'running':
      return [{ name: 'Works', at: null, ...(run?.progress ? { detail: line(run.progress.step) } : {}) }];
    default:
      return command.published_at === null ? [{ name: 'Is being told', at: null }] : [];
  }
}

/** One below the other, with the time between them. */
export function timeline(steps: readonly Step[]): Html {
  const rows = steps.map((step, index) => {
    const before = steps[index - 1]?.at;
    const after = step.at && before ? formatDuration(step.at.getTime() - before.getTime()) : undefined;
    const name = step.at === null ? nothing : step.isBad ? html` class="bad"` : html` class="done"`;
    return html`<li${name}><strong>${step.name}</strong>${step.at === null ? nothing : html` · ${moment(step.at)}`}${
      after === undefined ? nothing : html` <span class="muted">after ${after}</span>`
    }${step.detail === undefined ? nothing : html`<br><span class="muted">${step.detail}</span>`}</li>`;
  });
  return html`<ol class="timeline">${rows}</ol>`;
}
