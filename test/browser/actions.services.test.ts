import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { goodReport, startWorld, type World } from '../app/world.ts';
import { openWindow, startBrowser, type Window } from './browser.ts';

let world: World;
let browser: Browser;

beforeAll(async () => {
  world = await startWorld();
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  await world?.close();
});

const place = { owner: 'acme', repo: 'shop' };
const keyOf = (number: number) => `gh-${world.github.repository.id}-${number}`;

/** An issue with a command on it that a runner has. */
async function running() {
  const { data } = await world.github
    .as('maria')
    .rest.issues.create({ ...place, title: 'Coupons', body: 'Please.' });
  await world.comment('maria', data.number, '@dexter do it');
  const isDispatched = (one: { issueKey: string; status: string }) =>
    one.issueKey === keyOf(data.number) && one.status === 'dispatched';
  const { id } = await world.until(isDispatched, 'dispatched');
  await world.claim(id);
  return { id, number: data.number };
}

const newestOf = (number: number, but: string) =>
  world.until(
    (one) => one.issueKey === keyOf(number) && one.id !== but && one.status === 'dispatched',
    'dispatched',
  );
const told = (id: string) => world.until((one) => one.id === id && one.told, 'told');
const said = async (number: number) =>
  (await world.conversation(number)).map(({ body }) => body).join('\n---\n');
const issuePage = (number: number) => `${world.url}/issues/${world.github.repository.id}/${keyOf(number)}`;

// A person's browser with scripts, and one without.
const withAndWithout = [true, false];

async function inWindow(javaScriptEnabled: boolean, act: (window: Window) => Promise<void>): Promise<void> {
  const window = await openWindow(browser, world.url, { javaScriptEnabled });
  await act(window);
  expect(window.complaints).toEqual([]);
  await window.context.close();
}

it.each(withAndWithout)('does a failed command again (scripts: %s)', async (scripts) => {
  const { id, number } = await running();
  await world.report(id, 1, {
    ...goodReport({ outcome: 'failed', summary: '' }),
    problem: { code: 'engine-failed', message: 'The model did not answer.', hint: 'Use `retry`.' },
  });
  await told(id);
  await inWindow(scripts, async ({ page }) => {
    await page.goto(`${world.url}/commands/${id}`);
    // By the keyboard alone.
    const button = page.getByRole('button', { name: /^Retry/ });
    for (let times = 0; times < 60; times++) {
      await page.keyboard.press('Tab');
      if (await page.locator('button:focus-visible', { hasText: 'Retry' }).count()) break;
    }
    expect(await button.evaluate((element) => element.matches(':focus-visible'))).toBe(true);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname.startsWith('/commands/') && !url.pathname.endsWith(id));
  });
  const again = await newestOf(number, id);
  await world.claim(again.id);
  await world.report(again.id, 1, goodReport());
  await told(again.id);
  expect(await said(number)).toMatch(/Done.*Asked on the dashboard by `this machine`/s);
});

it.each(withAndWithout)('stops a running command (scripts: %s)', async (scripts) => {
  const { id, number } = await running();
  await inWindow(scripts, async ({ page }) => {
    await page.goto(`${world.url}/commands/${id}`);
    await page.getByRole('button', { name: /^Stop/ }).click();
    await page.waitForURL((url) => !url.pathname.endsWith(id));
  });
  // The runner hears it with its next sign of life.
  const hears = async () => JSON.stringify(await (await world.heartbeat(id, 1, 'works')).json());
  await expect.poll(hears, { timeout: 30_000 }).toContain('"stop":true');
  await expect
    .poll(() => said(number), { timeout: 30_000 })
    .toContain('Asked on the dashboard by `this machine`');
});

it.each(withAndWithout)('forgets a session, after it was asked again (scripts: %s)', async (scripts) => {
  const { id, number } = await running();
  await world.report(id, 1, goodReport());
  await told(id);
  await inWindow(scripts, async ({ page }) => {
    await page.goto(issuePage(number));
    await page.getByRole('link', { name: /^Forget/ }).click();
    await page.getByText('cannot be undone').waitFor();
    const before = (await world.commands()).length;
    await page.getByRole('link', { name: 'Leave it as it is' }).click();
    expect((await world.commands()).length).toBe(before);
    await page.goBack();
    await page.getByRole('button', { name: 'Forget the session' }).click();
    await page.waitForURL((url) => url.pathname.startsWith('/commands/'));
  });
  const forgetting = await newestOf(number, id);
  const job = world.hand.dispatched.find(({ job: { commandId } }) => commandId === forgetting.id)?.job;
  expect(job?.session.mode).toBe('forget');
});

it.each(withAndWithout)('asks for more on an issue (scripts: %s)', async (scripts) => {
  const { id, number } = await running();
  await world.report(id, 1, goodReport());
  await told(id);
  await inWindow(scripts, async ({ page }) => {
    await page.goto(issuePage(number));
    await page.getByLabel('What is to be done').fill('and now <b>the docs</b>');
    await page.getByText('Options', { exact: true }).click();
    await page.getByLabel('Model').fill('claude-opus-4-5');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.waitForURL((url) => url.pathname.startsWith('/commands/'));
    await page.getByText('and now <b>the docs</b>').first().waitFor();
  });
  const next = await newestOf(number, id);
  const job = world.hand.dispatched.find(({ job: { commandId } }) => commandId === next.id)?.job;
  expect(job).toMatchObject({
    instruction: 'and now <b>the docs</b>',
    session: { mode: 'resume', model: 'claude-opus-4-5' },
  });
  await expect.poll(() => said(number), { timeout: 30_000 }).toContain('`and now <b>the docs</b>`');
});
