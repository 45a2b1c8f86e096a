import { z } from 'zod';
import { AppError, messageOf } from '../core/errors.ts';
import { CommandsMeant, CostPageFacts, IssueCostFacts, StatusFacts } from '../core/facts.ts';
import type { Facts } from '../ledger/facts.ts';

/** An app that is busy answers within this time. */
const answerWithinMs = 20_000;

/** What an app that runs says at `url`, without a slash at the end. What these throw is an AppError. */
export function factsOfApp(url: string, token: string): Facts {
  async function ask<Answer>(path: string, schema: z.ZodType<Answer>): Promise<Answer> {
    const answer = await fetch(`${url}${path}`, {
      headers: { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(answerWithinMs),
    }).catch((error: unknown) => {
      throw wrong(
        `The app at ${url} does not answer: ${messageOf(error)}`,
        'Check that it runs, and DEXTER_URL.',
      );
    });
    if (answer.status === 401) {
      throw wrong(
        `The app at ${url} does not take this DEXTER_API_TOKEN.`,
        'Give the one that the app was started with.',
      );
    }
    const body: unknown = await answer.json().catch(() => undefined);
    const read = schema.safeParse(body);
    if (answer.ok && read.success) return read.data;
    throw wrong(
      `The app at ${url} gave no answer to ${path.split('?')[0]} (HTTP ${answer.status}).`,
      'Check that DEXTER_URL is the app, that DEXTER_API_TOKEN is set there too, and that app and command line are of one version.',
    );
  }

  return {
    status: () => ask('/api/status', StatusFacts),
    async commandsMeant(meant) {
      return (await ask(`/api/commands/${encodeURIComponent(meant)}`, CommandsMeant)).commands;
    },
    costOfIssue({ issueKey, repositoryId }) {
      const query = repositoryId === undefined ? '' : `?repositoryId=${repositoryId}`;
      return ask(`/api/costs/${encodeURIComponent(issueKey)}${query}`, IssueCostFacts);
    },
    async costsBy(by, since, after) {
      const query = new URLSearchParams({
        by,
        since: since.toISOString(),
        ...(after === undefined ? {} : { after }),
      });
      const { sums, next } = await ask(`/api/costs?${query}`, CostPageFacts);
      return { sums, ...(next === undefined ? {} : { next }) };
    },
  };
}

/** Whether an app of ours listens there: nobody else is to be shown the token. */
export async function isThere(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/healthz`, {
      redirect: 'error',
      signal: AbortSignal.timeout(answerWithinMs),
    });
    return Alive.safeParse(await answer.json()).success;
  } catch {
    return false;
  }
}

const Alive = z.object({ ok: z.literal(true) });

function wrong(message: string, hint: string): AppError {
  return new AppError('config-invalid', { message, hint });
}
