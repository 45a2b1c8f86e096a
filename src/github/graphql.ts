import type { Octokit } from 'octokit';
import { messageOf } from '../core/errors.ts';

/** One thing that GitHub did not do or tell of a request, by where its answer would stand. */
export interface GraphQLProblem {
  type: string;
  path: string;
  message: string;
}

export interface Answered {
  /** As far as GitHub answered; null where it did not. */
  data: unknown;
  problems: GraphQLProblem[];
}

/**
 * Sends a request to GitHub's GraphQL API. GitHub answers with what it has when a part of it is refused, which
 * octokit throws: here that is an answer with problems. A request that got no answer at all still throws.
 * https://docs.github.com/en/graphql/guides/forming-calls-with-graphql
 */
export async function askGraphQL(
  octokit: Pick<Octokit, 'graphql'>,
  query: string,
  variables: Record<string, string | number | boolean>,
  options: { retries?: number } = {},
): Promise<Answered> {
  try {
    return { data: await octokit.graphql(query, { ...variables, request: options }), problems: [] };
  } catch (error) {
    const problems = problemsOf(error);
    const data = dataOf(error);
    // Without a status it came with HTTP 200: GitHub limits requests to GraphQL in this way, for one.
    if (problems.length === 0 || data === undefined) throw error;
    return { data, problems };
  }
}

/** GitHub counts GraphQL by points and says in the answer itself that there are none left. */
export function isRateLimited(error: unknown): boolean {
  return problemsOf(error).some(({ type }) => type === 'RATE_LIMITED' || type === 'RATE_LIMIT');
}

function problemsOf(error: unknown): GraphQLProblem[] {
  const errors = member(error, 'errors');
  if (!Array.isArray(errors)) return [];
  return errors.map((one: unknown) => {
    const path = member(one, 'path');
    return {
      type: String(member(one, 'type') ?? ''),
      path: Array.isArray(path) ? path.join('.') : '',
      message: String(member(one, 'message') ?? messageOf(one)),
    };
  });
}

/** The data of a failed request: undefined when it has none, for then nothing was answered. */
function dataOf(error: unknown): unknown {
  const data = member(error, 'data');
  return data === null ? undefined : data;
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && key in value
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
