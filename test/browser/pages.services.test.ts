import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accounts, story, ticketKey } from '../../demo/story/ticket.ts';
import { goodReport, startWorld, type World } from '../app/world.ts';
import { openPullRequest } from '../fakes/pull-request.ts';
import {
  accessibilityProblems,
  narrow,
  openWindow,
  overflows,
  startBrowser,
  wide,
  wideTables,
} from './browser.ts';

/** What would run, or change the page, if anything took it for more than text. */
const hostile =
  '<script>alert(1)</script><img src=x onerror=alert(2)> </pre></details><iframe src=javascript:alert(3)> "onfocus=alert(4) autofocus x=" right-to-left \u202e gnp.exe';
const script = 'javascript:alert(5)';

let world: World;
let browser: Browser;
let failed: string;
let done: string;
let running: string;
/** The pull request of the ticket. */
let number: number;

beforeAll(async () => {
  const issues = story.issues.map((issue) =>
    issue.key === ticketKey ? { ...issue, summary: `Coupons ${hostile}`.slice(0, 250) } : issue,
  );
  world = await startWorld({
    jira: {
      ...story,
      users: story.users.map((user) =>
        user.accountId === accounts.maria ? { ...user, displayName: hostile.slice(0, 90) } : user,
      ),
      issues,
    },
    // What a runner calls itself, in an alert: of letters without a space, so that it must be broken.
    seed: (db) =>
      db
        .insertInto('alerts')
        .values({
          name: 'workspace',
          label: `${'x'.repeat(50)}/${hostile}`,
          repository_id: null,
          level: 'critical',
          value: 2 ** 41,
          threshold: 2 ** 40,
          since: new Date(),
          seen_at: new Date(),
          failing_since: null,
          pending_level: null,
          pending_looks: 0,
        })
        .execute()
        .then(() => undefined),
  });
  browser = await startBrowser();
  const runner = { runUrl: script, runnerName: hostile };
  done = await asked(`@dexter implement ${hostile}`);
  await world.claim(done, runner);
  await world.heartbeat(done, 1, hostile, [hostile]);
  // What git allows of it in the name of a branch.
  const branch = 'dexter/<script>alert(6)</script>"onfocus=alert(7)';
  ({ number } = await openPullRequest(world.github, { title: `SHOP-42: ${hostile}`, branch }));
  const pullRequest = { number, url: script, branch };
  const said = { summary: hostile, notices: [hostile], denials: [hostile], pullRequest };
  await world.report(done, 1, goodReport({ ...said, commits: [{ sha: 'a'.repeat(40), title: hostile }] }));
  await world.until(({ id, told }) => id === done && told, 'told');
  failed = await asked('@dexter and again');
  await world.claim(failed, runner);
  const problem = { code: 'engine-failed', message: hostile, hint: hostile } as const;
  await world.report(failed, 1, { ...goodReport({ ...said, outcome: 'failed' }), problem });
  await world.until(({ id, told }) => id === failed && told, 'told');
  running = await asked(`@dexter once more ${hostile}`);
  await world.claim(running, runner);
  await world.heartbeat(running, 1, hostile, [hostile]);
});

afterAll(async () => {
  await browser?.close();
  await world?.close();
});

async function asked(text: string): Promise<string> {
  const before = new Set((await world.commands()).map(({ id }) => id));
  await world.jira.comment(accounts.maria, ticketKey, text);
  return (await world.until(({ id, status }) => !before.has(id) && status === 'dispatched', 'dispatched')).id;
}

const issuePath = () => `/issues/${world.github.repository.id}/${ticketKey}`;
const forgetPath = () => `/actions/forget?repository=${world.github.repository.id}&issue=${ticketKey}`;

/** Each page; the browser itself complains in its console of those that are not found. */
const pages: [name: string, path: () => string, status?: number][] = [
  ['overview', () => '/'],
  ['commands', () => '/commands'],
  [
    'commands that are searched',
    () => `/commands?${new URLSearchParams({ q: hostile, person: hostile.slice(0, 90) })}`,
  ],
  ['commands by status', () => '/commands?status=open&source=jira'],
  ['a command that runs', () => `/commands/${running}`],
  ['a command that failed', () => `/commands/${failed}`],
  ['a command that is done', () => `/commands/${done}`],
  ['issue', issuePath],
  ['sessions', () => '/sessions'],
  ['repositories', () => '/repositories'],
  ['settings', () => '/settings'],
  ['audit', () => '/audit'],
  ['to ask', () => '/actions/ask'],
  ['to forget', forgetPath],
  ['none', () => '/commands/none', 404],
];

/** Nothing that stood in a text became an element. */
const strangers = (page: Page) =>
  page
    .locator('iframe, img, body script, [onerror], [onfocus], [autofocus], a[href^="javascript:" i]')
    .count();

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  it('every page shows hostile text as text, can be used by everybody, and fits on a phone', async () => {
    const { context, page, complaints } = await openWindow(browser, world.url, { colorScheme });
    for (const [name, path, status = 200] of pages) {
      await page.setViewportSize(wide);
      const answer = await page.goto(`${world.url}${path()}`);
      expect(answer?.status(), name).toBe(status);
      if (status !== 200) complaints.splice(0);
      for (const details of await page.locator('details').all())
        await details.evaluate((element) => element.setAttribute('open', ''));
      expect(await strangers(page), name).toBe(0);
      expect(await accessibilityProblems(page), name).toEqual([]);
      expect(await wideTables(page), name).toEqual([]);
      expect(await overflows(page), name).toBe(false);
      await page.setViewportSize(narrow);
      expect(await overflows(page), name).toBe(false);
      expect(complaints, name).toEqual([]);
    }
    await page.goto(`${world.url}/commands/${done}`);
    const text = await page.locator('body').innerText();
    expect(text).toContain('<script>alert(1)</script><img src=x onerror=alert(2)>');
    expect(text).toContain('⟨U+202E⟩');
    expect(text).not.toContain('\u202e');
    await context.close();
  });
});

it('the keyboard reaches what matters, in the order of the page, and one sees where it is', async () => {
  const { context, page } = await openWindow(browser, world.url);
  await page.goto(`${world.url}/commands`);
  const reached: string[] = [];
  for (let times = 0; times < 40; times++) {
    await page.keyboard.press('Tab');
    const focused = page.locator(':focus');
    if ((await focused.count()) === 0) break;
    reached.push(await nameOf(focused));
    const isSeen = await focused.evaluate((element) => {
      const style = element.ownerDocument.defaultView?.getComputedStyle(element);
      return style?.outlineStyle !== 'none' || style?.boxShadow !== 'none';
    });
    expect(isSeen, reached.at(-1)).toBe(true);
  }
  const places = ['Skip to the content', 'Overview', 'Ask by hand', 'q', 'status', 'Show', 'Reset'].map(
    (name) => reached.indexOf(name),
  );
  expect(places).toEqual(places.toSorted((one, other) => one - other));
  expect(places[0]).toBe(0);
  expect(reached.some((name) => name.startsWith('once more'))).toBe(true);
  await context.close();
});

const nameOf = async (element: Locator) =>
  (await element.getAttribute('name')) ?? (await element.innerText()).trim();

it('without scripts commands are found by filters', async () => {
  const { context, page } = await openWindow(browser, world.url, { javaScriptEnabled: false });
  await page.goto(`${world.url}/commands`);
  expect(await page.locator('#commands tbody tr').count()).toBeGreaterThan(2);
  await page.getByLabel('Status').selectOption('failed');
  await page.getByRole('button', { name: 'Show' }).click();
  expect(await page.locator('#commands tbody tr').count()).toBe(1);
  await page.locator('#commands th a').click();
  await page.getByRole('heading', { level: 1, name: /^Command [0-9a-f]{8}$/ }).waitFor();
  expect(page.url()).toContain(failed);
  await context.close();
});

it('what is brought up to date leaves open what was opened, the focus, and what was typed', async () => {
  const { context, page, complaints } = await openWindow(browser, world.url);
  await page.goto(`${world.url}${issuePath()}`);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByLabel('What is to be done').fill('half a sen');
  await page.getByText('Options', { exact: true }).click();
  const link = page.locator('#commands th a').last();
  await link.focus();
  const rows = () => page.locator('#commands tbody tr').count();
  const before = await rows();
  await world.comment('rob', number, '@dexter and one more');
  await expect.poll(rows, { timeout: 30_000 }).toBe(before + 1);
  expect(await page.getByLabel('What is to be done').inputValue()).toBe('half a sen');
  expect(await page.locator('form.ask details').getAttribute('open')).not.toBeNull();
  expect(await page.locator('#commands :focus').count()).toBe(1);
  expect(complaints).toEqual([]);
  await context.close();
});

it('who hears the pages is told in few words what became of a command', async () => {
  const { context, page, complaints } = await openWindow(browser, world.url);
  const { data: issue } = await world.github
    .as('rob')
    .rest.issues.create({ owner: 'acme', repo: 'shop', title: 'Heard', body: 'Please.' });
  await world.comment('rob', issue.number, '@dexter be heard');
  const { id } = await world.until(
    (one) => one.issueKey.endsWith(`-${issue.number}`) && one.status === 'dispatched',
    'dispatched',
  );
  await page.goto(`${world.url}/commands/${id}`);
  await page.getByText('Live', { exact: true }).waitFor();
  const name = `Command ${id.slice(0, 8)}`;
  expect(await page.title()).toBe(`${name}: dispatched · Dexter`);
  const heard = () => page.locator('[role=status]').innerText();
  expect(await heard()).toBe('');
  await world.claim(id);
  await expect.poll(heard, { timeout: 30_000 }).toBe(`${name} is now running.`);
  const problem = {
    code: 'engine-failed',
    message: 'The model <b>fell</b> silent.',
    hint: 'Retry.',
  } as const;
  await world.report(id, 1, { ...goodReport({ outcome: 'cancelled' }), problem });
  await expect.poll(heard, { timeout: 30_000 }).toContain(`${name} is now cancelled.`);
  expect(await page.title()).toBe(`${name}: cancelled · Dexter`);
  expect(complaints).toEqual([]);
  await context.close();
});
