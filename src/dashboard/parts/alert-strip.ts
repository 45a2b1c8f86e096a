import { html } from 'hono/html';
import type { CurrentAlert } from '../../alerts/current-alerts.ts';
import { type Html, nothing } from '../html.ts';
import { live } from './live.ts';
import { line, lineOf } from './untrusted.ts';

/** Above every page while something is wrong, the worst first; nothing otherwise. */
export function alertStrip(alerts: readonly CurrentAlert[]): Html {
  const [worst] = alerts;
  if (!worst) return html`<div id="alert-strip"${live('No alert holds any more.')}></div>`;
  const more = alerts.length - 1;
  return html`<div id="alert-strip"${live(spoken(alerts))}>
    <aside class="strip ${worst.level}" aria-label="Alerts"><p><strong>${words[worst.level]}</strong> ${alertText(worst)} <a href="/#alerts">${more > 0 ? `and ${more} more` : 'What to do'}</a></p></aside>
  </div>`;
}

/** `Cache hit rate (context): 43 % (warning: below 50 %)`. */
export function alertText({ title, label, comparison }: CurrentAlert): Html {
  return html`${title}${label === '' ? nothing : html` (${line(label, 80)})`}: ${comparison}`;
}

/** Without its figures: those change all the time. */
function spoken(alerts: readonly CurrentAlert[]): string {
  const said = alerts.slice(0, mostSpoken).map(({ level, title, label }) => {
    const of = label === '' ? '' : ` (${lineOf(label, 80)})`;
    return `${words[level]}: ${title}${of}.`;
  });
  const more = alerts.length - said.length;
  return `${said.join(' ')}${more > 0 ? ` And ${more} more.` : ''}`;
}

const mostSpoken = 3;

const words = { critical: 'Critical', warning: 'Warning' } as const;
