import { html } from 'hono/html';
import { type CommandStatus, type Tone, toneOf } from '../../core/status.ts';
import type { Html } from '../html.ts';

/** A word that stands out. Each tone has a shape of its own beside its colour. */
export function badge(text: string, tone: Tone): Html {
  return html`<span class="badge ${tone}">${text}</span>`;
}

/** Where a command is. */
export function statusBadge(status: CommandStatus): Html {
  return badge(status, toneOf(status));
}

/** How bad an alert is, or that all is well. */
export function levelBadge(level: 'ok' | 'warning' | 'critical'): Html {
  return badge(level, level === 'ok' ? 'good' : level === 'warning' ? 'warning' : 'bad');
}
