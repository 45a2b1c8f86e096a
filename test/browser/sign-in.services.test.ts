import { Hono } from 'hono';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { sealedCookie } from '../../src/dashboard/sign-in/sealed-cookie.ts';
import { startWorld, type World } from '../app/world.ts';
import { insertTenant, tenant } from '../dashboard/tenants.ts';
import { accessibilityProblems, openWindow, startBrowser } from './browser.ts';

/** The name under which people reach the app; the browser is told where that is. */
const appUrl = 'http://dexter.localhost';
const theirs = tenant('umbrella', 6001, 666);
let mine: ReturnType<typeof tenant>;
let world: World;
let browser: Browser;

beforeAll(async () => {
  world = await startWorld({
    appUrl,
    dashboard: { mode: 'on' },
    seed: async (db, github) => {
      mine = tenant('shop', github.app.installationId, github.repository.id);
      await insertTenant(db, mine);
      await insertTenant(db, theirs);
    },
  });
  browser = await startBrowser(`--host-resolver-rules=MAP dexter.localhost ${new URL(world.url).host}`);
});

afterAll(async () => {
  await browser?.close();
  await world?.close();
});

it('signs in by GitHub to see one’s own repository, and out again', async () => {
  const { context, page, complaints } = await openWindow(browser, [appUrl, world.github.url]);
  await page.goto(`${appUrl}/commands`);
  expect(new URL(page.url()).pathname).toBe('/sign-in');
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.getByRole('link', { name: 'Sign in with GitHub' }).click();
  expect(new URL(page.url()).origin).toBe(world.github.url);
  await page.getByRole('button', { name: /rob/ }).click();
  await page.waitForURL(`${appUrl}/commands`);
  const text = await page.locator('body').innerText();
  expect(text).toContain('add tests for shop');
  expect(text).not.toContain('umbrella');
  // An address that somebody else passed on.
  complaints.splice(0);
  const answer = await page.goto(`${appUrl}/commands/${theirs.ended}`);
  expect(answer?.status()).toBe(404);
  expect(await page.locator('body').innerText()).not.toContain('umbrella');
  expect((await page.goto(`${appUrl}/settings`))?.status()).toBe(404);
  complaints.splice(0);

  await page.goto(`${appUrl}/`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out').waitFor();
  expect(await context.cookies(appUrl)).toEqual([]);
  await page.goto(`${appUrl}/commands`);
  expect(new URL(page.url()).pathname).toBe('/sign-in');
  expect(complaints).toEqual([]);
  await context.close();
});

it('does not know a cookie that was sealed under another key', async () => {
  const { context, page } = await openWindow(browser, [appUrl, world.github.url]);
  await page.goto(appUrl);
  await page.getByRole('link', { name: 'Sign in with GitHub' }).click();
  await page.getByRole('button', { name: /rob/ }).click();
  await page.waitForURL(`${appUrl}/`);
  const [cookie] = await context.cookies(appUrl);
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
  expect(await page.evaluate('document.cookie')).toBe('');
  const value = await sealedUnder('another secret');
  expect(value.split('.')).toHaveLength((cookie?.value ?? '').split('.').length);
  await context.addCookies([
    { name: cookie?.name ?? '', value, url: appUrl, httpOnly: true, sameSite: 'Lax' },
  ]);
  await page.goto(appUrl);
  expect(new URL(page.url()).pathname).toBe('/sign-in');
  await context.close();
});

/** A cookie as an app with another secret makes it. */
async function sealedUnder(secret: string): Promise<string> {
  const cookie = sealedCookie({
    name: 'dexter-viewer',
    schema: z.object({ token: z.string(), id: z.number(), name: z.string() }),
    secret,
    url: appUrl,
    now: () => new Date(),
  });
  const app = new Hono();
  app.get('/', async (c) => {
    await cookie.write(c, { token: 'ghu_of_somebody', id: 1, name: 'rob' }, 3_600);
    return c.text('');
  });
  const [line = ''] = (await app.request('/')).headers.getSetCookie();
  return /^dexter-viewer=([^;]*)/.exec(line)?.[1] ?? '';
}
