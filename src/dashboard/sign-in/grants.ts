import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Answer } from '../../core/answer.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { GitHubPeople, GitHubPerson } from '../../github/people.ts';

export type GrantAnswer =
  | { outcome: 'granted'; viewer: Viewer }
  /** GitHub does not know the token any more. */
  | { outcome: 'ended' }
  /** GitHub does not say, and what it said last is too old. */
  | { outcome: 'unknown' };

export interface Grants {
  /** Whom a token speaks for, and what that person may see. */
  of(token: string): Promise<GrantAnswer>;
  forget(token: string): void;
}

export interface GrantsOptions {
  people: Pick<GitHubPeople, 'person' | 'repositories'>;
  isAdministrator: (person: GitHubPerson) => boolean;
  /** Milliseconds since 1970. */
  now: () => number;
  log: Logger;
}

/** What was withdrawn on GitHub is gone after this time. */
const freshMs = 60_000;

/** For so long what GitHub said last holds while it does not answer, */
const holdMs = 3 * 60_000;

/** and it is asked again after this time: nobody should wait for it on every page. */
const againMs = 10_000;

/** People at a time; of more, those who came first are asked for again. */
const most = 1_000;

interface Kept {
  viewer: Viewer;
  /** When GitHub was asked. */
  askedAt: number;
  /** From when on it is asked again. */
  renewAt: number;
}

/** Keeps in memory for a minute what GitHub says of each person: a page is drawn of many requests. */
export function grants({ people, isAdministrator, now, log }: GrantsOptions): Grants {
  const kept = new Map<string, Kept>();
  const asking = new Map<string, Promise<GrantAnswer>>();
  // A dump of the memory, or an error that shows the map, holds no token by it.
  const keyOf = (token: string) => createHash('sha256').update(token).digest('base64url');

  async function look(token: string, key: string): Promise<GrantAnswer> {
    const askedAt = now();
    const answer = await viewerOf(token);
    if (answer.outcome === 'answered') {
      kept.delete(key);
      kept.set(key, { viewer: answer.value, askedAt, renewAt: askedAt + freshMs });
      for (const oldest of kept.keys()) {
        if (kept.size <= most) break;
        kept.delete(oldest);
      }
      return { outcome: 'granted', viewer: answer.value };
    }
    if (answer.outcome === 'refused' && answer.status === 401) {
      kept.delete(key);
      return { outcome: 'ended' };
    }
    log.warn(
      { event: 'sign_in_unanswered', ...answer },
      'GitHub does not say what somebody who signed in may see',
    );
    const last = kept.get(key);
    const holdsUntil = (last?.askedAt ?? 0) + holdMs;
    if (last && now() < holdsUntil) {
      last.renewAt = Math.min(now() + againMs, holdsUntil);
      return { outcome: 'granted', viewer: last.viewer };
    }
    kept.delete(key);
    return { outcome: 'unknown' };
  }

  async function viewerOf(token: string): Promise<Answer<Viewer>> {
    const person = await people.person(token);
    if (person.outcome !== 'answered') return person;
    const { id, login } = person.value;
    if (isAdministrator(person.value)) {
      return { outcome: 'answered', value: { name: login, id, scope: 'all', isAdministrator: true } };
    }
    const repositories = await people.repositories(token);
    if (repositories.outcome !== 'answered') return repositories;
    const { ids, isWhole } = repositories.value;
    if (!isWhole) {
      log.warn(
        { event: 'sign_in_shortened', login, repositories: ids.length },
        'somebody has access to more repositories than are asked for',
      );
    }
    return { outcome: 'answered', value: { name: login, id, scope: ids, isAdministrator: false } };
  }

  return {
    async of(token) {
      const key = keyOf(token);
      const last = kept.get(key);
      if (last && now() < last.renewAt) return { outcome: 'granted', viewer: last.viewer };
      const waiting =
        asking.get(key) ??
        look(token, key).finally(() => {
          asking.delete(key);
        });
      asking.set(key, waiting);
      return waiting;
    },
    forget: (token) => void kept.delete(keyOf(token)),
  };
}
