import { html } from 'hono/html';
import { type CommandSource, sourceOf } from '../../core/command.ts';
import type { CommandDetail } from '../../ledger/command-detail.ts';
import { type PassedStep, timelineOf } from '../../ledger/timeline.ts';
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
  return [
    ...timelineOf(command, run).map(({ what, at }) => ({ at, ...pointOf(what, command, run) })),
    ...stillToCome({ command, run }),
  ];
}

const receivedDetails: Record<CommandSource, string | undefined> = {
  github: 'The webhook was checked and kept',
  jira: 'The webhook was checked and kept',
  dashboard: 'It was asked on the dashboard',
  dexter: undefined,
};

function pointOf(
  what: PassedStep['what'],
  command: CommandDetail['command'],
  run: CommandDetail['run'],
): Omit<Step, 'at'> {
  switch (what) {
    case 'received':
      return detailed('Received', receivedDetails[sourceOf(command.origin)]);
    case 'seen':
      return { name: 'Acknowledged', detail: 'Where it was asked stands now that it waits for its turn' };
    case 'begun':
      return detailed('Begun', waitDetail(command));
    case 'planned':
      return { name: 'Planned' };
    case 'dispatched':
      return { name: 'Dispatched' };
    case 'claimed':
      return { name: 'Claimed by a runner' };
    case 'progress':
      return detailed('Newest progress', run?.progress ? line(run.progress.step) : undefined);
    case 'ended':
      return {
        name: `Ended: ${command.status}`,
        isBad: command.status === 'failed' || command.status === 'expired',
      };
    case 'told':
      return { name: 'Told', detail: 'The end stands where it was asked' };
    case 'untold':
      return { name: 'Could not be told', detail: line(command.untold ?? '', 500), isBad: true };
  }
}

function detailed(name: string, detail: Text | undefined): Omit<Step, 'at'> {
  return { name, ...(detail === undefined ? {} : { detail }) };
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
      after === undefined ? nothing : html` <span class="muted">${after} later</span>`
    }${step.detail === undefined ? nothing : html`<br><span class="muted">${step.detail}</span>`}</li>`;
  });
  return html`<ol class="timeline">${rows}</ol>`;
}
