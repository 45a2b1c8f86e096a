import type { World } from '../app/world.ts';

export type Page = { status: number; text: string; headers: Headers; url: string };

/**
 * A browser, as far as signing in goes: it keeps cookies by their rules (path and life), follows redirects, and names
 * the site that a form is on. The app's own address leads to where the test has it.
 */
export function openBrowser({ url, appUrl }: Pick<World, 'url' | 'appUrl'>) {
  const jars = new Map<string, Map<string, string>>();
  const place = (address: string) =>
    address.startsWith(`${appUrl}/`) ? address.replace(appUrl, url) : address;

  function keep(origin: string, response: Response): void {
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ');
      const [name = ''] = pair.split('=', 1);
      if (attributes.includes('Max-Age=0')) jar.delete(name);
      else jar.set(name, pair.slice(name.length + 1));
    }
  }

  async function go(address: string, init: RequestInit = {}, hear?: (url: string) => void): Promise<Page> {
    let target = new URL(place(address), url).href;
    let request = init;
    for (let hops = 0; hops < 10; hops++) {
      hear?.(target);
      const { origin } = new URL(target);
      const headers = new Headers(request.headers);
      if (!headers.has('accept')) headers.set('accept', 'text/html');
      const cookies = [...(jars.get(origin) ?? [])].map(([name, value]) => `${name}=${value}`);
      if (cookies.length > 0) headers.set('cookie', cookies.join('; '));
      const response = await fetch(target, { ...request, headers, redirect: 'manual' });
      keep(origin, response);
      const to = response.headers.get('location');
      if (to === null)
        return {
          status: response.status,
          text: await response.text(),
          headers: response.headers,
          url: target,
        };
      target = place(new URL(to, target).href);
      request = {};
    }
    throw new Error(`${address} leads nowhere`);
  }

  return {
    go,

    /** Sends a form of the app's own pages. */
    submit: (path: string, fields: Record<string, string> = {}): Promise<Page> =>
      go(path, {
        method: 'POST',
        headers: { 'sec-fetch-site': 'same-origin', origin: url },
        body: new URLSearchParams(fields),
      }),

    /** Agrees on GitHub's page as a person; as nobody, who cancels. */
    async agree(page: Page, login: string, hear?: (url: string) => void): Promise<Page> {
      const body = new URLSearchParams({ ...formOf(page), login });
      return go(page.url, { method: 'POST', body }, hear);
    },

    /** From a page of the app to where it leads after signing in. */
    async signIn(login: string, path = '/'): Promise<Page> {
      const asked = await go(path);
      return this.agree(await go(linkOf(asked)), login);
    },

    /** The cookies that the app has set, which a test may change. */
    jar(): Map<string, string> {
      const jar = jars.get(url) ?? new Map<string, string>();
      jars.set(url, jar);
      return jar;
    },
  };
}

export type Browser = ReturnType<typeof openBrowser>;

/** Where the button of a page without a viewer leads. */
export function linkOf({ text }: Page): string {
  return unescaped(/<a class="button" href="([^"]*)"/.exec(text)?.[1] ?? '');
}

/** The hidden fields of the form on a page, of that with an action where one is named. */
export function formOf({ text }: Page, action?: string): Record<string, string> {
  const start = action === undefined ? 0 : text.indexOf(`action="${action}"`);
  if (start < 0) throw new Error(`no form for ${action}`);
  const form = action === undefined ? text : text.slice(start, text.indexOf('</form>', start));
  const inputs = form.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g);
  return Object.fromEntries([...inputs].map(([, name = '', value = '']) => [name, unescaped(value)]));
}

function unescaped(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
}
