import { html } from 'hono/html';
import type { CommandStatus } from '../../core/status.ts';
import type { Html } from '../html.ts';

/** `quiet` for what needs no eye. Each tone has a shape of its own beside its colour. */
export type Tone = 'quiet' | 'waiting' | 'active' | 'good' | 'warning' | 'bad';

/** A word that stands out. */
export function badge(text: string, tone: Tone): Html {
  return html`<span class="badge ${tone}">${text}</span>`;
}

const tones: Record<CommandStatus, Tone> = {
  received: 'waiting',
  queued: 'waiting',
  preparing: 'active',
  dispatched: 'active',
  running: 'active',
  done: 'good',
  failed: 'bad',
  refused: 'warning',
  cancelled: 'quiet',
  expired: 'bad',
};

/** Where a command is. */
export function statusBadge(status: CommandStatus): Html {
  return badge(status, tones[status]);
}

/** How bad an alert is, or that all is well. */
export function levelBadge(level: 'ok' | 'warning' | 'critical'): Html {
  return badge(level, level === 'ok' ? 'good' : level === 'warning' ? 'warning' : 'bad');
}
