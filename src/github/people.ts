import { Octokit } from 'octokit';
import { z } from 'zod';
import type { Answer } from '../core/answer.ts';
import { ask, mapped, onceOptions } from './ask.ts';

/** The app's own OAuth client: each GitHub App has one. */
export interface OAuthClient {
  id: string;
  secret: string;
}

/** What speaks for one person, with no more rights than both that person and the app have. */
export interface UserToken {
  token: string;
  /** Absent where the App lets its tokens live for good. */
  expiresInSeconds?: number | undefined;
}

export interface GitHubPerson {
  id: number;
  login: string;
}

/** Repositories by their ids; `isWhole` is false when there are more than are asked for. */
export interface ReadableRepositories {
  ids: number[];
  isWhole: boolean;
}

/** Signing in, and what a person who signed in may see. Each question is asked once and within a time limit. */
export interface GitHubPeople {
  /** The address at which a person agrees to sign in. */
  authorizeUrl(request: { state: string; challenge: string; redirectUri: string }): string;
  /** A refusal has GitHub's word for it in `said`, such as `bad_verification_code`. */
  exchange(request: { code: string; verifier: string; redirectUri: string }): Promise<Answer<UserToken>>;
  person(token: string): Promise<Answer<GitHubPerson>>;
  /** Those that the app is installed on and to which the person was given access. */
  repositories(token: string): Promise<Answer<ReadableRepositories>>;
  /** Ends the token. */
  revoke(token: string): Promise<Answer<unknown>>;
}

export interface GitHubPeopleOptions {
  appId: number;
  client: OAuthClient;
  apiUrl: string;
  serverUrl: string;
}

/** Somebody sits before a browser and waits. */
const withinMs = 8_000;

const perPage = 100;

/** Of an app that is installed on more accounts, or on more repositories, one sees the first of them. */
const mostPages = { installations: 2, repositories: 30 };

/** Pages of one list that are asked for at a time. */
const atOnce = 5;

const Token = z.union([
  z.object({ access_token: z.string().min(1), expires_in: z.number().positive().optional() }),
  z.object({ error: z.string() }),
]);

const Person = z.object({ id: z.number(), login: z.string() });

const Installations = z.object({
  total_count: z.number(),
  installations: z.array(
    z.object({ id: z.number(), app_id: z.number(), suspended_at: z.string().nullish() }),
  ),
});

const Repositories = z.object({
  total_count: z.number(),
  repositories: z.array(
    z.object({ id: z.number(), permissions: z.object({ pull: z.boolean().default(false) }).optional() }),
  ),
});

/**
 * Both endpoints for installations list what the person has *explicit* permission for: as owner, as collaborator or as
 * member of the organisation, never a public repository that anybody may read. With a GitHub App's token they know of no
 * other app's installations.
 * https://docs.github.com/en/rest/apps/installations#list-repositories-accessible-to-the-user-access-token
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
 */
export function gitHubPeople({ appId, client, apiUrl, serverUrl }: GitHubPeopleOptions): GitHubPeople {
  const anybody = new Octokit(onceOptions(apiUrl, withinMs));
  const as = (token: string) => new Octokit({ ...onceOptions(apiUrl, withinMs), auth: token });

  return {
    authorizeUrl({ state, challenge, redirectUri }) {
      const url = new URL(`${serverUrl}/login/oauth/authorize`);
      url.search = new URLSearchParams({
        client_id: client.id,
        redirect_uri: redirectUri,
        state,
        code_challenge: challenge,
        code_challenge_method: 'S256',
      }).toString();
      return url.href;
    },

    async exchange({ code, verifier, redirectUri }) {
      const answer = await ask(Token, () =>
        anybody.request('POST /login/oauth/access_token', {
          baseUrl: serverUrl,
          headers: { accept: 'application/json' },
          client_id: client.id,
          client_secret: client.secret,
          code,
          code_verifier: verifier,
          redirect_uri: redirectUri,
        }),
      );
      if (answer.outcome !== 'answered') return answer;
      // It says no with status 200.
      if ('error' in answer.value) return { outcome: 'refused', status: 400, said: answer.value.error };
      const { access_token: token, expires_in: expiresInSeconds } = answer.value;
      return { outcome: 'answered', value: { token, expiresInSeconds } };
    },

    person: (token) => ask(Person, () => as(token).request('GET /user')),

    async repositories(token) {
      const asked = as(token);
      const installations = await pagesOf(mostPages.installations, async (page) =>
        mapped(
          await ask(Installations, () =>
            asked.request('GET /user/installations', { per_page: perPage, page }),
          ),
          (found) => ({ total: found.total_count, items: found.installations }),
        ),
      );
      if (installations.outcome !== 'answered') return installations;
      const found: ReadableRepositories = { ids: [], isWhole: installations.value.isWhole };
      for (const { id, app_id, suspended_at } of installations.value.items) {
        if (app_id !== appId || suspended_at) continue;
        const repositories = await pagesOf(mostPages.repositories, async (page) =>
          mapped(
            await ask(Repositories, () =>
              asked.request('GET /user/installations/{installation_id}/repositories', {
                installation_id: id,
                per_page: perPage,
                page,
              }),
            ),
            (listed) => ({ total: listed.total_count, items: listed.repositories }),
          ),
        );
        if (isClosed(repositories)) continue;
        if (repositories.outcome !== 'answered') return repositories;
        const { items, isWhole } = repositories.value;
        found.ids.push(...items.filter(({ permissions }) => permissions?.pull).map((one) => one.id));
        found.isWhole &&= isWhole;
      }
      return { outcome: 'answered', value: found };
    },

    revoke: (token) =>
      ask(z.unknown(), () =>
        anybody.request('DELETE /applications/{client_id}/token', {
          client_id: client.id,
          access_token: token,
          headers: {
            authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`,
          },
        }),
      ),
  };
}

/** An installation that went meanwhile, or whose organisation wants another sign-in (SAML): the others still count. */
function isClosed(answer: Answer<unknown>): boolean {
  return (
    answer.outcome === 'refused' &&
    (answer.status === 404 || (answer.status === 403 && !/rate limit/i.test(answer.said)))
  );
}

interface OnePage<T> {
  total: number;
  items: T[];
}

/** The first pages of a list that says how long it is. */
async function pagesOf<T>(
  most: number,
  pageAt: (page: number) => Promise<Answer<OnePage<T>>>,
): Promise<Answer<{ items: T[]; isWhole: boolean }>> {
  const first = await pageAt(1);
  if (first.outcome !== 'answered') return first;
  const { total, items } = first.value;
  const pages = Math.ceil(total / perPage);
  const all = [...items];
  for (let next = 2; next <= Math.min(pages, most); next += atOnce) {
    const numbers = Array.from({ length: atOnce }, (_, index) => next + index);
    const answers = await Promise.all(numbers.filter((page) => page <= Math.min(pages, most)).map(pageAt));
    for (const answer of answers) {
      if (answer.outcome !== 'answered') return answer;
      all.push(...answer.value.items);
    }
  }
  return { outcome: 'answered', value: { items: all, isWhole: pages <= most } };
}
