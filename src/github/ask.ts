import { RequestError } from 'octokit';
import { z } from 'zod';
import { type Answer, answered, unreachable } from '../core/answer.ts';

/** What GitHub said, for a caller who looks at refusals; throws nothing that has to do with GitHub. */
export async function ask<T>(
  schema: z.ZodType<T>,
  request: () => Promise<{ data: unknown }>,
): Promise<Answer<T>> {
  try {
    return answered(schema, (await request()).data);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    // Octokit calls it status 500 as well when nobody answered.
    if (error.response === undefined) return unreachable(error);
    return { outcome: 'refused', status: error.status, said: saidIn(error) };
  }
}

export function mapped<T, U>(answer: Answer<T>, map: (value: T) => U): Answer<U> {
  return answer.outcome === 'answered' ? { outcome: 'answered', value: map(answer.value) } : answer;
}

/** Of a client that asks each question once, without waiting for anything but the answer. */
export function onceOptions(baseUrl: string, withinMs = 15_000) {
  return {
    baseUrl,
    retry: { enabled: false },
    throttle: { enabled: false },
    log: silent,
    request: {
      fetch: (input: string | URL | Request, init: RequestInit = {}) =>
        fetch(input, { ...init, signal: AbortSignal.timeout(withinMs) }),
    },
  };
}

const ignore = (): void => undefined;
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** GitHub's own words, without the link to its documentation that octokit adds. */
function saidIn(error: RequestError): string {
  const { success, data } = z.object({ message: z.string() }).safeParse(error.response?.data);
  return success ? data.message : '';
}
