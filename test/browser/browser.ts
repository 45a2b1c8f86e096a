import axe, { type AxeResults } from 'axe-core';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';

export const narrow = { width: 360, height: 740 };
export const wide = { width: 1280, height: 900 };

/** Debian's Chromium without what it would ask the internet for; as root it has no sandbox of its own. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function startBrowser(...moreFlags: string[]): Promise<Browser> {
  const executablePath = process.env.TEST_CHROMIUM;
  if (!executablePath) throw new Error('TEST_CHROMIUM is not set: run `npm run test:services`.');
  return chromium.launch({ executablePath, args: [...flags, ...moreFlags] });
}

export interface Window {
  context: BrowserContext;
  page: Page;
  /** What the pages complained about: errors, refusals of the content security policy, requests to elsewhere. */
  complaints: string[];
}

/** A window of its own, with cookies of its own, that reaches `origins` alone. */
export async function openWindow(
  browser: Browser,
  origins: string | readonly string[],
  options: BrowserContextOptions = {},
): Promise<Window> {
  const context = await browser.newContext({ viewport: wide, ...options });
  const complaints: string[] = [];
  const allowed = [origins].flat().map((origin) => new URL(origin).origin);
  await context.route(
    (url) => !allowed.includes(url.origin),
    (route) => {
      complaints.push(`asks for ${route.request().url()}`);
      return route.abort();
    },
  );
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { context, page, complaints };
}

/** What axe finds on the page, each with the element; all rules of WCAG 2.2 A and AA and of best practice. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // By the debugger, which the page's content security policy does not concern.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${impact} ${id} ${target.join(' ')}: ${failureSummary ?? ''}`),
  );
}

/** Whether something stands out at the right, so that the whole page would have to be moved sideways. */
export function overflows(page: Page): Promise<boolean> {
  return page.evaluate<boolean>(
    'document.documentElement.scrollWidth > document.documentElement.clientWidth',
  );
}

/** Tables that have to be moved sideways, by what they are called. */
export function wideTables(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(
    `[...document.querySelectorAll('.table')]
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      .map((table) => table.getAttribute('aria-label'))`,
  );
}
