import { createHmac, timingSafeEqual } from 'node:crypto';

/** Compares secrets without telling by the time taken where they differ. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHmac('sha256', 'compare').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
