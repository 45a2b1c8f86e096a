/**
 * Whether a browser says that one of the app's own pages sent this. All that can show the dashboard send `Origin` with a
 * POST, and most `Sec-Fetch-Site` as well, which no page can change. https://www.w3.org/TR/fetch-metadata/
 */
export function isSameOrigin(header: (name: string) => string | undefined, appUrl: string): boolean {
  const site = header('sec-fetch-site');
  const origin = header('origin');
  if (site === undefined && origin === undefined) return false;
  if (site !== undefined && site !== 'same-origin') return false;
  return origin === undefined || isOwn(origin, header('host'), appUrl);
}

/** By the name that the browser used, or by the app's address where a proxy in front of it changes that name. */
function isOwn(origin: string, host: string | undefined, appUrl: string): boolean {
  if (!URL.canParse(origin)) return false;
  const from = new URL(origin);
  if (from.protocol !== 'http:' && from.protocol !== 'https:') return false;
  return from.host === host?.toLowerCase() || from.origin === new URL(appUrl).origin;
}
