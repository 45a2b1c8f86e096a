import { createHash, randomBytes } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { html } from 'hono/html';
import type { Logger } from 'pino';
import { z } from 'zod';
import { sameSecret } from '../../core/same-secret.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { GitHubPeople, GitHubPerson } from '../../github/people.ts';
import type { FormTokens } from '../actions/form-tokens.ts';
import { isSameOrigin } from '../actions/is-same-origin.ts';
import type { Html } from '../layout.ts';
import type { Access } from './access.ts';
import { askToSignIn, failed, here, noAnswer, whyRefused } from './answers.ts';
import { grants } from './grants.ts';
import { notice, wantsPage } from './notice.ts';
import { returnPath } from './return-path.ts';
import { sealedCookie } from './sealed-cookie.ts';

export interface GitHubAccessOptions {
  people: GitHubPeople;
  /** Under which cookies are sealed; another one signs everybody out. */
  secret: string;
  tokens: FormTokens;
  /** Address of the app. */
  url: string;
  isAdministrator: (person: GitHubPerson) => boolean;
  now: () => Date;
  log: Logger;
}

const callbackPath = '/sign-in/callback';

/** Longest that somebody stays signed in; GitHub's tokens live as long. */
const longestSeconds = 8 * 60 * 60;

/** Between leaving for GitHub and coming back. */
const signInSeconds = 10 * 60;

const SignedIn = z.object({ token: z.string().min(1), id: z.number(), name: z.string() });

const signOutPurpose = 'sign-out';

/** A sign-in that this browser has begun. */
const Begun = z.object({ state: z.string().min(1), verifier: z.string().min(1), to: z.string() });

/**
 * People sign in with GitHub by the app's own OAuth, and see the repositories that the app is installed on and that
 * they have access to. Whom a cookie stands for is only what GitHub says of the token in it.
 */
export function gitHubAccess({
  people,
  secret,
  tokens,
  url,
  isAdministrator,
  now,
  log,
}: GitHubAccessOptions): Access {
  const cookie = { secret, url, now };
  const signedIn = sealedCookie({ ...cookie, name: 'dexter-viewer', schema: SignedIn });
  const begun = sealedCookie({ ...cookie, name: 'dexter-sign-in', schema: Begun });
  const granted = grants({ people, isAdministrator, now: () => now().getTime(), log });
  const redirectUri = `${url}${callbackPath}`;
  const routes = new Hono();

  routes.get('/sign-in', (c) =>
    notice(c, 200, {
      title: 'Sign in to Dexter',
      says: [
        ...(c.req.query('out') === undefined ? [] : ['You are signed out.']),
        'GitHub asks whether Dexter may know who you are. You then see the repositories that Dexter is installed on and that you have access to on GitHub; Dexter can do nothing in your name that it could not do before.',
        'This keeps two cookies in your browser: one while you sign in, and one that ends after 8 hours, or when you sign out.',
      ],
      link: {
        to: `/sign-in/github?${new URLSearchParams({ to: returnPath(c.req.query('to')) })}`,
        text: 'Sign in with GitHub',
      },
    }),
  );

  routes.get('/sign-in/github', async (c) => {
    const [state, verifier] = [newSecret(), newSecret()];
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    c.header('cache-control', 'no-store');
    const to = returnPath(c.req.query('to'));
    await begun.write(c, { state, verifier, to }, signInSeconds);
    return c.redirect(people.authorizeUrl({ state, challenge, redirectUri }));
  });

  routes.get(callbackPath, async (c) => {
    const mine = await begun.read(c);
    begun.clear(c);
    if (!mine || !sameSecret(c.req.query('state') ?? '', mine.state)) {
      return failed(c, 400, '/', [
        'This sign-in was not begun in this browser, or it was begun more than 10 minutes ago, or another one was begun since.',
        html`Open the dashboard at <code>${url}</code>: under another address it cannot know you again.`,
      ]);
    }
    const said = c.req.query('error');
    if (said !== undefined) return failed(c, 403, mine.to, [whyRefused(said)]);
    const answer = await people.exchange({
      code: c.req.query('code') ?? '',
      verifier: mine.verifier,
      redirectUri,
    });
    if (answer.outcome !== 'answered') {
      log.warn({ event: 'sign_in_failed', ...answer }, 'GitHub gave nobody a token');
      return answer.outcome === 'refused'
        ? failed(c, 403, mine.to, [whyRefused(answer.said)])
        : noAnswer(c, mine.to);
    }
    const { token, expiresInSeconds = longestSeconds } = answer.value;
    const found = await granted.of(token);
    if (found.outcome !== 'granted') return noAnswer(c, mine.to);
    const { name, id = 0, isAdministrator } = found.viewer;
    const life = Math.floor(Math.min(expiresInSeconds, longestSeconds));
    const isKept = await signedIn.write(c, { token, id, name }, life);
    if (!isKept) return failed(c, 500, mine.to, ['GitHub gave a token that is too long for a cookie.']);
    log.info({ event: 'sign_in', login: name, id, isAdministrator }, 'somebody signed in to the dashboard');
    return c.redirect(mine.to);
  });

  routes.post('/sign-out', bodyLimit({ maxSize: 4096 }), async (c) => {
    const mine = await signedIn.read(c);
    if (mine) {
      const token = new URLSearchParams(await c.req.text()).get('token') ?? undefined;
      const isMeant =
        isSameOrigin((header) => c.req.header(header), url) &&
        tokens.check(token, asViewer(mine), signOutPurpose).outcome === 'good';
      if (!isMeant) {
        return notice(c, 403, {
          title: 'You are still signed in',
          says: ['That was not sent by a page of Dexter that was opened in the last hours.'],
          form: signOut(mine),
          link: { to: '/', text: 'To the dashboard' },
        });
      }
      granted.forget(mine.token);
      revoke(mine.token);
    }
    signedIn.clear(c);
    return c.redirect('/sign-in?out', 303);
  });

  const signOut = (viewer: Pick<Viewer, 'id' | 'name'>): Html =>
    html`<form method="post" action="/sign-out"><input type="hidden" name="token" value="${tokens.make(asViewer(viewer), signOutPurpose)}"><button>Sign out</button></form>`;

  function nothingToSee(c: Context, viewer: Viewer): Response | Promise<Response> {
    if (!wantsPage(c)) return c.json({ error: 'You have access to no repository of this app.' }, 403);
    return notice(c, 403, {
      title: 'There is nothing for you here',
      says: [
        `You are signed in as ${viewer.name}. Dexter is installed on no repository that you were given access to on GitHub.`,
        'What you were given now counts within a minute. If your organisation wants its own sign-in (SAML), sign in there first, then sign out here and in again.',
      ],
      form: signOut(viewer),
    });
  }

  /** Best effort: without it the token ends by itself. */
  function revoke(token: string): void {
    void people.revoke(token).then((answer) => {
      if (answer.outcome !== 'answered') {
        log.warn({ event: 'sign_out_unanswered', ...answer }, 'GitHub did not end the token of a sign-in');
      }
    }, logged);
  }
  const logged = (error: unknown) => log.error({ err: error }, 'a token was not ended');

  return {
    routes,
    signOut,
    async viewerOf(c) {
      const mine = await signedIn.read(c);
      if (!mine) return askToSignIn(c);
      const answer = await granted.of(mine.token);
      switch (answer.outcome) {
        case 'granted':
          return answer.viewer.scope.length === 0 ? nothingToSee(c, answer.viewer) : answer.viewer;
        case 'ended':
          signedIn.clear(c);
          return askToSignIn(c);
        case 'unknown':
          return noAnswer(c, here(c));
      }
    },
  };
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Forms are made for an id; what may be seen is none of theirs. */
function asViewer({ id, name }: Pick<Viewer, 'id' | 'name'>): Viewer {
  return { ...(id === undefined ? {} : { id }), name, scope: [], isAdministrator: false };
}
