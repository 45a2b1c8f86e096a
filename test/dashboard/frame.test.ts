import { html } from 'hono/html';
import { parseHTML } from 'linkedom';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { type Html, layout } from '../../src/dashboard/layout.ts';
import { dashboardRoutes } from '../../src/dashboard/routes.ts';
import type { Services } from '../../src/jobs/services.ts';

const maria = { name: '<b>maria</b>', scope: 'all', isAdministrator: true } as const;
const guest = { name: 'guest', scope: [7], isAdministrator: false } as const;

const documentOf = (page: Html) => parseHTML(String(page)).document;

describe('the frame', () => {
  it('marks the page that is shown, and the entry that it stands below', () => {
    const marks = (trail?: { href: string; text: string }[]) =>
      [
        ...documentOf(
          layout(
            { viewer: maria },
            { title: 'Commands', path: '/commands', body: html``, ...(trail ? { trail } : {}) },
          ),
        ).querySelectorAll('.top [aria-current]'),
      ].map((link) => [link.getAttribute('href'), link.getAttribute('aria-current')]);
    expect(marks()).toEqual([['/commands', 'page']]);
    expect(marks([{ href: '/commands', text: 'Commands' }])).toEqual([['/commands', 'true']]);
  });

  it('leads administrators alone to the settings', () => {
    const links = (viewer: typeof maria | typeof guest) =>
      [
        ...documentOf(layout({ viewer }, { title: 'x', path: '/', body: html`` })).querySelectorAll(
          '.top nav a',
        ),
      ].map((link) => link.textContent);
    expect(links(maria)).toEqual(['Overview', 'Commands', 'Sessions', 'Repositories', 'Settings']);
    expect(links(guest)).toEqual(['Overview', 'Commands', 'Sessions', 'Repositories']);
  });

  it('begins with a way past the menu, has one heading, and shows names as text', () => {
    const document = documentOf(
      layout({ viewer: maria }, { title: '<i>x</i>', path: '/', body: html`<p>Body</p>` }),
    );
    expect(document.querySelector('body a')?.getAttribute('href')).toBe('#main');
    expect(document.querySelectorAll('h1')).toHaveLength(1);
    expect(document.querySelector('h1')?.textContent).toBe('<i>x</i>');
    expect(document.querySelectorAll('i, b')).toHaveLength(0);
  });
});

/** The dashboard over a database that fails as it is told to. */
function app(db: unknown) {
  const services = { db, log: pino({ level: 'silent' }) } as Partial<Services>;
  return dashboardRoutes({
    services: services as Services,
    app: {} as never,
    formTokens: {} as never,
    changes: { listen: () => undefined, stop: async () => undefined },
    viewerOf: async () => guest,
  });
}

/** As far as a page without anything on it asks: there are no alerts. */
const quiet = { selectFrom: () => quiet, execute: async () => [] } as Record<string, unknown>;
for (const step of ['select', 'selectAll', 'where', 'orderBy', 'limit', '$if']) quiet[step] = () => quiet;

const browser = { headers: { accept: 'text/html,application/xhtml+xml' } };

describe('an address that leads nowhere', () => {
  it('is said to browsers in the frame, and to programs in a few words', async () => {
    const page = await app(quiet).request('/no/such/page', browser);
    expect(page.status).toBe(404);
    const { document } = parseHTML(await page.text());
    expect(document.querySelector('h1')?.textContent).toBe('Not found');
    expect(document.querySelector('.top nav')).not.toBeNull();
    expect(document.querySelector('script')).toBeNull();
    const words = await app(quiet).request('/no/such/page');
    expect([words.status, await words.text()]).toEqual([404, '404 Not Found']);
  });

  it('is the settings for people who are no administrators', async () => {
    expect((await app(quiet).request('/settings', browser)).status).toBe(404);
  });
});

describe('a page that fails', () => {
  it('is said to browsers without a word of why', async () => {
    const page = await app({}).request('/', browser);
    expect(page.status).toBe(500);
    const text = await page.text();
    expect(text).toContain('Something went wrong');
    expect(text).not.toContain('is not a function');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});
