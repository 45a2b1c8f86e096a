import { html } from 'hono/html';
import type { CurrentAlert } from '../../alerts/current-alerts.ts';
import { type Html, nothing } from '../html.ts';
import { line } from './untrusted.ts';

/** Above every page while something is wrong, the worst first; nothing otherwise. */
export function alertStrip(alerts: readonly CurrentAlert[]): Html {
  const [worst] = alerts;
  if (!worst) return html`<div id="alert-strip" data-live="Alerts"></div>`;
  const more = alerts.length - 1;
  return html`<div id="alert-strip" data-live="Alerts">
    <aside class="strip ${worst.level}" aria-label="Alerts"><p><strong>${words[worst.level]}</strong> ${alertText(worst)}${more > 0 ? html` <a href="/#alerts">and ${more} more</a>` : nothing}</p></aside>
  </div>`;
}

/** `Cache hit rate (context): 43 % (warning: below 50 %)`. */
export function alertText({ title, label, comparison }: CurrentAlert): Html {
  return html`${title}${label === '' ? nothing : html` (${line(label, 80)})`}: ${comparison}`;
}

const words = { critical: 'Critical', warning: 'Warning' } as const;
