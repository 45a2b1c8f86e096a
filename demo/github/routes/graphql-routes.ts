import { type DocumentNode, execute, type GraphQLError, parse, validate } from 'graphql';
import type { Hono } from 'hono';
import { answer, bodyOf, type Env } from '../answer.ts';
import { restOf } from '../graphql/rest.ts';
import { rootOf } from '../graphql/root.ts';
import { githubSchema } from '../graphql/schema.ts';
import { type JsonObject, objectAt, textAt } from '../json.ts';
import type { World } from '../world.ts';

/**
 * `POST /graphql`, which the emulator lacks: every request is validated against GitHub's published schema and then
 * answered from the REST API of the simulation, as far as Dexter asks for it.
 */
export function graphqlRoutes(app: Hono<Env>, world: World): void {
  app.post('/graphql', async (c) => {
    if (!c.get('caller'))
      return answer(c, 401, { message: 'This endpoint requires you to be authenticated.' });
    const request = await bodyOf(c);
    const document = parsed(textAt(request, 'query'));
    if ('errors' in document) return c.json(document);
    const schema = githubSchema();
    const mistakes = validate(schema, document);
    if (mistakes.length > 0) return c.json({ errors: mistakes.map(formatError) });
    const rest = restOf((path, init) => app.request(`${world.url}${path}`, init), `Bearer ${c.get('token')}`);
    const { data, errors } = await execute({
      schema,
      document,
      rootValue: rootOf(world, rest),
      variableValues: objectAt(request, 'variables'),
    });
    return c.json({ data: data ?? null, ...(errors ? { errors: errors.map(formatError) } : {}) });
  });
}

function parsed(query: string): DocumentNode | { errors: JsonObject[] } {
  try {
    return parse(query);
  } catch (error) {
    return { errors: [{ message: error instanceof Error ? error.message : String(error) }] };
  }
}

/** GitHub says what kind of error it is beside its message. */
function formatError(error: GraphQLError): JsonObject {
  const { extensions, message, locations, path } = error;
  const type = textAt(extensions, 'type');
  return { ...(type === '' ? {} : { type }), message, ...(path ? { path } : {}), locations };
}
