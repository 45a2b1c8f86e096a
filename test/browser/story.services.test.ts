import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { narrow, openWindow, overflows, startBrowser, wide } from './browser.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** How long one step of the story may take on a busy machine. */
const patience = { timeout: 60_000 };

let browser: Browser;
let temporary: string;
let demo: ChildProcess;
let told = '';

beforeAll(async () => {
  browser = await startBrowser();
  temporary = await mkdtemp(join(tmpdir(), 'dexter-test-story-'));
  demo = spawn(process.execPath, ['demo/main.ts', '--json'], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: '/nonexistent', TMPDIR: temporary },
  });
  demo.stderr?.setEncoding('utf8').on('data', (text) => {
    told += text;
  });
});

afterAll(async () => {
  await browser?.close();
  if (demo?.pid && demo.exitCode === null && demo.signalCode === null) {
    const gone = once(demo, 'exit');
    process.kill(-demo.pid, 'SIGKILL');
    await gone;
  }
  if (temporary) await rm(temporary, { recursive: true, force: true });
});

/** A mark that goes when the page is loaded again. */
const markPage = (page: Page) => page.evaluate("globalThis.marked = 'never reloaded'");
const markOf = (page: Page) => page.evaluate('globalThis.marked');

const badges = (page: Page) => page.locator('#newest .badge').allInnerTexts();
const steps = (page: Page) => page.locator('#timeline li').count();

test('the story of the demo is watched on the dashboard while it is played', {
  timeout: 400_000,
}, async () => {
  await expect.poll(() => told, patience).toMatch(/Dashboard: +http/);
  const address = /Dashboard: +(http\S+)/.exec(told)?.[1] ?? '';
  const { context, page, complaints } = await openWindow(browser, address);
  await page.goto(address);
  await markPage(page);
  const seen = new Set<string>();
  const newest = async () => {
    const shown = await badges(page);
    for (const word of shown) seen.add(word);
    return shown;
  };

  await expect.poll(newest, patience).toHaveLength(1);
  const link = await page.locator('#newest th a').getAttribute('href');
  const one = await context.newPage();
  one.on('pageerror', (error) => complaints.push(String(error)));
  one.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await one.goto(new URL(link ?? '', address).href);
  await markPage(one);
  const atFirst = await steps(one);
  // Each is the page before the other for a moment only: the one in front is the one that is brought up to date.
  await expect.poll(() => steps(one), { ...patience, interval: 200 }).toBeGreaterThan(atFirst);
  await expect.poll(newest, { ...patience, interval: 100 }).toContain('done');
  expect(
    [...seen].some((word) => word !== 'done'),
    [...seen].join(),
  ).toBe(true);
  await expect
    .poll(() => page.locator('#newest td.number').first().innerText(), patience)
    .toMatch(/^\$0\.\d/);
  await expect.poll(() => one.locator('#now .badge').innerText(), patience).toBe('done');
  await expect.poll(() => one.locator('#timeline').innerText(), patience).toContain('Told');
  await expect
    .poll(() => one.locator('#end').innerText(), patience)
    .toContain('What the model said in the end');
  expect(await markOf(one)).toBe('never reloaded');

  // The comment on the pull request.
  await expect.poll(newest, patience).toHaveLength(2);
  await expect.poll(newest, patience).toEqual(['done', 'done']);
  await expect.poll(() => page.locator('#now').innerText(), patience).toMatch(/At work\s+0/i);
  expect(await markOf(page)).toBe('never reloaded');

  await page.locator('#newest th a').first().click();
  await page.getByRole('heading', { name: 'How it went on' }).waitFor();
  expect(await page.locator('#resumption').innerText()).toContain('The whole conversation (chosen)');
  const second = page.url();
  await page.locator('#facts a', { hasText: 'SHOP-42' }).first().click();
  await page.getByRole('heading', { level: 1, name: 'SHOP-42' }).waitFor();
  expect(await page.locator('#generations tbody tr').count()).toBe(2);
  const pages = { overview: address, command: second, issue: page.url() };
  expect(complaints).toEqual([]);

  // What the demo says to type shows the same.
  await expect.poll(() => told, patience).toMatch(/^ +terminal +\S/m);
  const typed = /^ +terminal +(.+)$/m.exec(told)?.[1] ?? '';
  const { stdout } = await promisify(execFile)('bash', ['-c', typed], { cwd: root });
  expect(stdout).toContain('SHOP-42');

  // What is summed up of a month is asked anew from time to time only.
  const figures = async () => {
    await page.goto(address);
    return page.locator('#now').innerText();
  };
  await expect.poll(figures, { ...patience, interval: 1_000 }).toContain('2 runs');
  await takeScreenshots(pages);
  await context.close();

  const exit = once(demo, 'exit');
  process.kill(-(demo.pid ?? 0), 'SIGINT');
  expect(await exit, told).toEqual([0, null]);
  expect(await readdir(temporary)).toEqual([]);
});

/** Kept in the directory `SCREENSHOTS` for the documentation, else looked at and thrown away. */
async function takeScreenshots(pages: Record<string, string>): Promise<void> {
  const directory = process.env.SCREENSHOTS;
  if (directory) await mkdir(join(root, directory), { recursive: true });
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, viewport] of [
      ['', wide],
      ['-narrow', narrow],
    ] as const) {
      const { context, page, complaints } = await openWindow(browser, Object.values(pages), {
        colorScheme,
        viewport,
        reducedMotion: 'reduce',
      });
      for (const [name, address] of Object.entries(pages)) {
        await page.goto(address);
        // What the page says of the connection comes a moment later.
        await page.getByText('Live', { exact: true }).waitFor();
        expect(await overflows(page), `${name} at ${viewport.width}`).toBe(false);
        const image = await page.screenshot();
        // A page of one colour has less than a tenth of that.
        expect(image.length, name).toBeGreaterThan(15_000);
        expect(image.length, name).toBeLessThan(150_000);
        if (directory) await writeFile(join(root, directory, `${name}${size}-${colorScheme}.png`), image);
      }
      expect(complaints).toEqual([]);
      await context.close();
    }
  }
}
