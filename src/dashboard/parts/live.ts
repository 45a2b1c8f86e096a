import { html } from 'hono/html';
import { type Html, nothing } from '../html.ts';

/**
 * Marks an element with an id as brought up to date while the page is open. `says` is what those who hear the page are
 * told when it becomes another one, as a sentence or two: what changed, not what stands there.
 */
export function live(says?: string): Html {
  return html` data-live${says === undefined ? nothing : html` data-says="${says}"`}`;
}
