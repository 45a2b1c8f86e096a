/** Longer addresses are none of the dashboard's. */
const mostCharacters = 2_000;

/** Where somebody goes after signing in: a path of this app, the first page where anything else was asked for. */
export function returnPath(asked: string | undefined): string {
  if (asked === undefined || asked.length > mostCharacters || !asked.startsWith('/')) return '/';
  const here = 'http://here.invalid';
  if (!URL.canParse(asked, here)) return '/';
  // As a browser reads it: `//host`, `/\host` and a tab between them lead elsewhere.
  const { origin, pathname, search } = new URL(asked, here);
  if (origin !== here || pathname.startsWith('//') || /^\/sign-(?:in|out)(?:\/|$)/.test(pathname)) return '/';
  return `${pathname}${search}`;
}
