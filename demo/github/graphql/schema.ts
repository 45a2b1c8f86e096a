import { schema as published } from '@octokit/graphql-schema';
import { buildSchema, type GraphQLSchema } from 'graphql';

let built: GraphQLSchema | undefined;

/**
 * GitHub's published GraphQL schema. Its file defines two fields of an enterprise twice, which says nothing against
 * the rest: it is not validated itself, only what is asked of it.
 */
export function githubSchema(): GraphQLSchema {
  built ??= buildSchema(published.idl, { assumeValidSDL: true });
  return built;
}
