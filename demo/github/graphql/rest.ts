import { GraphQLError } from 'graphql';
import { isObject, type JsonObject, parseJson, textAt } from '../json.ts';

/** The REST API of the simulation, asked with the token of whoever asks the GraphQL API. */
export type Rest = {
  /** Throws a GraphQLError of GitHub's `type` when the answer is an error. */
  object: (path: string) => Promise<JsonObject>;
  /** Undefined for what is not there. */
  objectOrNot: (path: string) => Promise<JsonObject | undefined>;
  /** All pages. `key` names the list where the answer is an object. */
  list: (path: string, key?: string) => Promise<JsonObject[]>;
  post: (path: string, body: JsonObject) => Promise<JsonObject>;
};

type Fetch = (path: string, init: RequestInit) => Promise<Response> | Response;

export function restOf(fetchPath: Fetch, authorization: string): Rest {
  async function ask(path: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
    const headers = { authorization, 'content-type': 'application/json' };
    const response = await fetchPath(path, { ...init, headers });
    return { status: response.status, body: parseJson(await response.text()) };
  }
  const rest: Rest = {
    async object(path) {
      const { status, body } = await ask(path);
      if (status >= 300 || !isObject(body)) throw refused(status, body);
      return body;
    },
    async objectOrNot(path) {
      const { status, body } = await ask(path);
      if (status === 404) return undefined;
      if (status >= 300 || !isObject(body)) throw refused(status, body);
      return body;
    },
    async list(path, key) {
      const all: JsonObject[] = [];
      for (let page = 1; ; page += 1) {
        const { status, body } = await ask(
          `${path}${path.includes('?') ? '&' : '?'}per_page=100&page=${page}`,
        );
        const items = key !== undefined && isObject(body) ? body[key] : body;
        if (status >= 300 || !Array.isArray(items)) throw refused(status, body);
        all.push(...items.filter(isObject));
        if (items.length < 100) return all;
      }
    },
    async post(path, content) {
      const { status, body } = await ask(path, { method: 'POST', body: JSON.stringify(content) });
      if (status >= 300 || !isObject(body)) throw refused(status, body);
      return body;
    },
  };
  return rest;
}

function refused(status: number, body: unknown): GraphQLError {
  const type = status === 404 ? 'NOT_FOUND' : status === 403 ? 'FORBIDDEN' : 'UNPROCESSABLE';
  return new GraphQLError(textAt(body, 'message') || `HTTP ${status}`, { extensions: { type } });
}
