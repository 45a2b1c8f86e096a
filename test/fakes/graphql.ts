import { execute, parse, validate } from 'graphql';
import nock from 'nock';
import { z } from 'zod';
import { githubSchema } from '../../demo/github/graphql/schema.ts';

const Request = z.object({ query: z.string(), variables: z.record(z.string(), z.unknown()) });

/**
 * Answers the next request to a GraphQL API of GitHub from `root`, which is in the words of GitHub's published schema:
 * a request that GitHub would not understand fails, and so does an answer that GitHub could not give. A member that is
 * an Error is refused as GitHub refuses a part.
 */
export function answerGraphQL(api: string, root: Record<string, unknown>) {
  return nock(api)
    .post('/graphql')
    .reply(200, async (request: globalThis.Request) => answer(root, Request.parse(await request.json())));
}

async function answer(root: Record<string, unknown>, { query, variables }: z.infer<typeof Request>) {
  const document = parse(query);
  const schema = githubSchema();
  const errors = validate(schema, document);
  if (errors.length > 0) return { errors };
  const result = await execute({ schema, document, rootValue: root, variableValues: variables });
  const refused = result.errors?.map(({ message, path, extensions }) => ({
    type: extensions.type,
    message,
    path,
  }));
  return { data: result.data ?? null, ...(refused ? { errors: refused } : {}) };
}
