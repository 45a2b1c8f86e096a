import { html } from 'hono/html';
import { formatAge } from '../../report/figures.ts';
import type { Html } from '../html.ts';

/** A point in time to the second: `2026-01-29 10:30:00 UTC`. */
export function moment(at: Date): Html {
  return html`<time datetime="${at.toISOString()}">${spoken(at)}</time>`;
}

/** How long ago something was, where that says more than when: `5 min ago`. Pointing at it tells when. */
export function ago(at: Date, now: Date): Html {
  return html`<time datetime="${at.toISOString()}" title="${spoken(at)}">${age(at, now)} ago</time>`;
}

/** How old something is, without `ago`: `5 min`. */
export function age(at: Date, now: Date): string {
  return formatAge(Math.max(0, (now.getTime() - at.getTime()) / 1000));
}

/** The day alone: `2026-01-29`. */
export function day(at: Date): Html {
  const date = at.toISOString().slice(0, 10);
  return html`<time datetime="${date}">${date}</time>`;
}

function spoken(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
