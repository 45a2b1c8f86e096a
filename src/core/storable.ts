/**
 * Text as Postgres can keep it: without U+0000, and without halves of surrogate pairs, which a text that was
 * cut to a length may end with. Both become U+FFFD.
 */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
