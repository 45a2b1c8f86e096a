import { createHash, randomBytes } from 'node:crypto';
import type { Context, Hono } from 'hono';
import { html } from 'hono/html';
import { answer, documentation, type Env, notFound } from '../answer.ts';
import { parseJson, textAt } from '../json.ts';
import type { World } from '../world.ts';

/** What somebody agreed to and the App has not asked for yet. */
interface Agreed {
  login: string;
  redirectUri: string;
  challenge: string;
  until: number;
}

const codeLifeMs = 10 * 60_000;
const tokenLifeSeconds = 8 * 60 * 60;

/**
 * The web application flow of a GitHub App, with PKCE (S256) and tokens that expire. The emulator knows that of OAuth
 * apps, without either.
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
 */
export function oauthRoutes(app: Hono<Env>, world: World): void {
  const { client, emulator, identities, people, settings } = world;
  const codes = new Map<string, Agreed>();

  /** Undefined for an App that nobody knows, or one that has no address to come back to. */
  function comeBackTo(c: Context<Env>, clientId: string, asked: string): URL | Response | undefined {
    const [first] = settings.callbackUrls;
    if (clientId !== client.id || first === undefined) return undefined;
    if (settings.callbackUrls.includes(asked === '' ? first : asked)) return new URL(asked || first);
    return back(c, new URL(first), { error: 'redirect_uri_mismatch' });
  }

  app.get('/login/oauth/authorize', (c) => {
    const query = c.req.query();
    const to = comeBackTo(c, query.client_id ?? '', query.redirect_uri ?? '');
    if (to === undefined) return notFound(c);
    if (to instanceof Response) return to;
    if (query.code_challenge !== undefined && query.code_challenge_method !== 'S256') return notFound(c);
    const hidden = ['client_id', 'redirect_uri', 'state', 'code_challenge'].map(
      (name) => html`<input type="hidden" name="${name}" value="${query[name] ?? ''}">`,
    );
    return c.html(html`<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Sign in to GitHub</title></head>
  <body>
    <p>This is a simulation of GitHub on this machine.</p>
    <h1>Sign in to GitHub as</h1>
    <form method="post">${hidden}
      ${people.map(({ login, name }) => html`<p><button name="login" value="${login}">${name} (${login})</button></p>`)}
      <p><button name="login" value="">Cancel</button></p>
    </form>
  </body>
</html>`);
  });

  app.post('/login/oauth/authorize', async (c) => {
    const form = new URLSearchParams(await c.req.text());
    const field = (name: string) => form.get(name) ?? '';
    const to = comeBackTo(c, field('client_id'), field('redirect_uri'));
    if (to === undefined) return notFound(c);
    if (to instanceof Response) return to;
    const state = { state: field('state') };
    if (!emulator.tokens.has(field('login'))) return back(c, to, { error: 'access_denied', ...state });
    const code = randomBytes(10).toString('hex');
    codes.set(code, {
      login: field('login'),
      redirectUri: field('redirect_uri'),
      challenge: field('code_challenge'),
      until: Date.now() + codeLifeMs,
    });
    return back(c, to, { code, ...state });
  });

  app.post('/login/oauth/access_token', async (c) => {
    const text = await c.req.text();
    const body: unknown = c.req.header('content-type')?.includes('json')
      ? parseJson(text)
      : Object.fromEntries(new URLSearchParams(text));
    const [id, secret, code] = ['client_id', 'client_secret', 'code'].map((name) => textAt(body, name));
    if (id !== client.id) return notFound(c);
    if (secret !== client.secret) return c.json({ error: 'incorrect_client_credentials' });
    const agreed = codes.get(code ?? '');
    codes.delete(code ?? '');
    const verified = createHash('sha256').update(textAt(body, 'code_verifier')).digest('base64url');
    if (
      !agreed ||
      agreed.until < Date.now() ||
      (agreed.challenge !== '' && agreed.challenge !== verified) ||
      agreed.redirectUri !== textAt(body, 'redirect_uri')
    )
      return c.json({ error: 'bad_verification_code' });
    const token = `ghu_${randomBytes(18).toString('hex')}`;
    identities.addUser(token, {
      login: agreed.login,
      ownToken: emulator.tokens.get(agreed.login) ?? '',
      expires: Date.now() + tokenLifeSeconds * 1000,
    });
    return c.json({
      access_token: token,
      expires_in: tokenLifeSeconds,
      refresh_token: `ghr_${randomBytes(38).toString('hex')}`,
      refresh_token_expires_in: 15_897_600,
      scope: '',
      token_type: 'bearer',
    });
  });

  app.delete('/applications/:client/token', async (c) => {
    const basic = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`;
    const isApp = c.req.param('client') === client.id && c.req.header('authorization') === basic;
    if (!isApp) return answer(c, 404, { message: 'Not Found', ...documentation });
    const isKnown = identities.revoke(textAt(parseJson(await c.req.text()), 'access_token'));
    return isKnown ? c.body(null, 204) : answer(c, 422, { message: 'Validation Failed', ...documentation });
  });
}

function back(c: Context<Env>, to: URL, query: Record<string, string>): Response {
  for (const [name, value] of Object.entries(query)) to.searchParams.set(name, value);
  return c.redirect(to.href, 302);
}
