import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../../app/world.ts';
import { type Browser, formOf, linkOf, openBrowser } from '../browser.ts';

const lines: string[] = [];
let world: World;

beforeAll(async () => {
  world = await startWorld({
    dashboard: { mode: 'on', administrators: ['MARIA'] },
    log: pino({ level: 'info' }, { write: (line) => void lines.push(line) }),
  });
});

afterEach(() => {
  world.github.settings.access.clear();
  world.github.settings.callbackUrls = [`${world.appUrl}/sign-in/callback`];
});

afterAll(() => world.close());

/** A browser with the page of GitHub open that asks whether somebody wants to sign in. */
async function askedByGitHub() {
  const browser = openBrowser(world);
  return { browser, page: await browser.go('/sign-in/github?to=/') };
}

const isSignedIn = async (browser: Browser) =>
  (await browser.go('/')).status === 200 && !(await browser.go('/')).url.includes('/sign-in');

describe('signing in', () => {
  it('leads to GitHub and back to where somebody wanted to go', async () => {
    const browser = openBrowser(world);
    const asked = await browser.go('/?of=this+week');
    expect(new URL(asked.url).pathname).toBe('/sign-in');
    expect(asked.text).toContain('Sign in with GitHub');
    const page = await browser.agree(await browser.go(linkOf(asked)), 'rob');
    expect(page).toMatchObject({ status: 200, url: `${world.url}/?of=this+week` });
    expect(page.text).toContain('rob');
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  it('asks GitHub with PKCE and for the address of the app alone', async () => {
    const { page } = await askedByGitHub();
    const { origin, pathname, searchParams } = new URL(page.url);
    expect(origin + pathname).toBe(`${world.github.url}/login/oauth/authorize`);
    expect(Object.fromEntries(searchParams)).toEqual({
      client_id: world.github.app.client.id,
      redirect_uri: `${world.appUrl}/sign-in/callback`,
      state: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
  });

  it('keeps nothing readable in the browser, and no secret in the log', async () => {
    const browser = openBrowser(world);
    await browser.signIn('rob');
    expect([...browser.jar().keys()]).toEqual(['dexter-viewer']);
    const kept = [...browser.jar().values()].join();
    const parts = kept.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
    expect(parts.join()).not.toMatch(/ghu_|rob/);
    const log = lines.join('');
    expect(log).toContain('"event":"sign_in"');
    expect(log).not.toMatch(/ghu_|ghr_/);
    expect(log).not.toContain(world.github.app.client.secret);
  });

  it('is refused to somebody who does not agree', async () => {
    const { browser, page } = await askedByGitHub();
    const back = await browser.agree(page, 'nobody');
    expect(back.status).toBe(403);
    expect(back.text).toContain('You did not agree on GitHub');
    expect(browser.jar().size).toBe(0);
  });

  it('is refused in another browser than the one that began it', async () => {
    const { page } = await askedByGitHub();
    const other = openBrowser(world);
    const back = await other.agree(page, 'rob');
    expect(back.status).toBe(400);
    expect(back.text).toContain('not begun in this browser');
    expect(await isSignedIn(other)).toBe(false);
  });

  it('is refused with the state of another attempt', async () => {
    const { browser, page: first } = await askedByGitHub();
    await browser.go('/sign-in/github');
    expect((await browser.agree(first, 'rob')).status).toBe(400);
    expect(await isSignedIn(browser)).toBe(false);
  });

  it('takes a code once', async () => {
    const { browser, page } = await askedByGitHub();
    const begun = new Map(browser.jar());
    const codes: string[] = [];
    await browser.agree(page, 'rob', (url) => codes.push(url));
    const [callback = ''] = codes.filter((url) => url.includes('code='));
    browser.jar().clear();
    for (const [name, value] of begun) browser.jar().set(name, value);
    const again = await browser.go(callback);
    expect(again.status).toBe(403);
    expect(again.text).toContain('used before, or is too old');
  });

  it('says who can help when GitHub knows another callback URL', async () => {
    const browser = openBrowser(world);
    world.github.settings.callbackUrls = [`${world.appUrl}/sign-in/callback?old`];
    const back = await browser.go('/sign-in/github');
    expect(back.status).toBe(400);
    world.github.settings.callbackUrls = [];
    expect((await browser.go('/sign-in/github')).status).toBe(404);
  });

  it.each(['https://elsewhere.example/', '//elsewhere.example', '/\\elsewhere.example', '/sign-out'])(
    'leads to the first page, not to %s',
    async (to) => {
      const browser = openBrowser(world);
      const page = await browser.go(`/sign-in/github?${new URLSearchParams({ to })}`);
      expect((await browser.agree(page, 'rob')).url).toBe(`${world.url}/`);
    },
  );
});

describe('whoever signed in', () => {
  it('is sent to sign in again when GitHub ended the token', async () => {
    const browser = openBrowser(world);
    await browser.signIn('rob');
    world.github.endSignIns('rob');
    // What GitHub said before holds for a minute, in this process.
    await world.restart(undefined);
    expect(new URL((await browser.go('/')).url).pathname).toBe('/sign-in');
    expect(browser.jar().size).toBe(0);
  });

  it('stays signed in when the app starts anew', async () => {
    const browser = openBrowser(world);
    await browser.signIn('rob');
    await world.restart(undefined);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('is told so when there is no repository to see, and can leave', async () => {
    world.github.settings.access.set('guest', 'none');
    const browser = openBrowser(world);
    const page = await browser.signIn('guest');
    expect(page.status).toBe(403);
    expect(page.text).toContain('You are signed in as guest');
    const gone = await browser.submit('/sign-out', formOf(page));
    expect(gone.text).toContain('You are signed out');
    expect(browser.jar().size).toBe(0);
  });

  it('signs out, which ends the token on GitHub and the cookie with it', async () => {
    const browser = openBrowser(world);
    const others = world.github.signIns('rob');
    const page = await browser.signIn('rob');
    const cookie = new Map(browser.jar());
    const gone = await browser.submit('/sign-out', formOf(page, '/sign-out'));
    expect(gone.url).toBe(`${world.url}/sign-in?out`);
    expect(browser.jar().size).toBe(0);
    await expect.poll(() => world.github.signIns('rob'), { timeout: 30_000 }).toBe(others);
    for (const [name, value] of cookie) browser.jar().set(name, value);
    expect(await isSignedIn(browser)).toBe(false);
  });

  it.each([
    ['a form of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://elsewhere.example' }],
    ['a form without a token', { 'sec-fetch-site': 'same-origin' }],
  ])('is not signed out by %s', async (_, headers) => {
    const browser = openBrowser(world);
    await browser.signIn('rob');
    const page = await browser.go('/sign-out', { method: 'POST', headers });
    expect(page.status).toBe(403);
    expect(await isSignedIn(browser)).toBe(true);
    expect((await browser.submit('/sign-out', formOf(page))).url).toBe(`${world.url}/sign-in?out`);
  });
});

describe('who is not signed in', () => {
  it.each([
    ['a page', { headers: { accept: 'text/html' } }, 302],
    ['something for a program', {}, 401],
    ['events', { headers: { accept: 'text/event-stream' } }, 401],
    ['to change something', { method: 'PUT', headers: { accept: 'text/html' } }, 401],
  ])('and asks for %s is answered accordingly', async (_, init, status) => {
    const response = await fetch(`${world.url}/commands/1?page=2`, { ...init, redirect: 'manual' });
    expect(response.status).toBe(status);
    if (status === 302)
      expect(response.headers.get('location')).toBe('/sign-in?to=%2Fcommands%2F1%3Fpage%3D2');
    else expect(response.headers.get('location')).toBeNull();
  });

  it.each([
    '',
    'x',
    'a.b.c.d.e',
    'A'.repeat(5_000),
    'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA',
  ])('with the cookie %#, which is none of the app, is asked to sign in', async (value) => {
    const headers = { cookie: `dexter-viewer=${value}`, accept: 'text/html' };
    const response = await fetch(world.url, { headers, redirect: 'manual' });
    expect(response.status).toBe(302);
  });
});
