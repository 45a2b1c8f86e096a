import { canonicalJson } from '../core/canonical-json.ts';
import { cacheKey } from './cache-key.ts';
import { createFlights, type Flight } from './flights.ts';
import {
  errorText,
  idOf,
  type Message,
  type MessageId,
  membersOf,
  notificationText,
  requestText,
  resultText,
} from './message.ts';
import type { PrimedKey } from './prime-file.ts';
import type { ResponseCache } from './response-cache.ts';
import type { ToolPolicy } from './tool-policy.ts';
import { isTouched, type Touched, touchedBy } from './touched.ts';

export interface ProxyOptions {
  /** What tells the wrapped server from every other one: part of every key. */
  identity: string;
  policy: ToolPolicy;
  cache: ResponseCache;
  /** Of answers that were known before they were asked for. */
  primedKey?: PrimedKey;
  /** Sends one message, a line of JSON without its end, to the client. */
  toClient: (text: string) => void;
  /** The same to the server. */
  toServer: (text: string) => void;
  /** Makes ids that no client uses. */
  newId: () => string;
  now: () => number;
}

export interface CachingProxy {
  fromClient(message: Message): void;
  fromServer(message: Message): void;
  /** Answers every request that is still open: the server will not. */
  failOpen(problem: string): void;
  /** Answers one of them, by the id that the server knows it under; false when it is not open. */
  fail(id: MessageId, problem: string): boolean;
  /** Calls that another asker's call under way answered, so that the server saw one. */
  joined(): number;
}

type Request = Extract<Message, { kind: 'request' }>;
type Notification = Extract<Message, { kind: 'notification' }>;
type Response = Extract<Message, { kind: 'response' }>;

/** A request of the client that the server has as it came. */
interface Forwarded {
  method: string;
  /** Of a request that may change something: what its answer, too, makes out of date. */
  touched?: Touched;
  /** Of `tools/list`: which list it is of, so that a page of an old one is not taken in. */
  list?: number;
}

/** Requests that change nothing that a tool answers. Whatever is not in this list may change everything. */
const harmless = new Set([
  'initialize',
  'server/discover',
  'ping',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'subscriptions/listen',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'logging/setLevel',
]);

/** After these notifications of the server, older answers may be out of date. */
const changes = new Set([
  'notifications/tools/list_changed',
  'notifications/resources/updated',
  'notifications/resources/list_changed',
  'notifications/tasks/status',
]);

/** Ends the reading of a list whose pages never end. */
const mostPages = 100;

/** The code of a failure outside of the protocol's own, as the SDKs use it for a closed connection. */
const connectionClosed = -32000;

/**
 * Passes every message on as it came, both ways, and looks at three things only: which tools the server declares
 * to be read-only, calls of such tools, and what may have changed since. A call of a read-only tool is sent under
 * an id and a progress token of the proxy's own, because several askers may wait for it.
 */
export function cachingProxy(options: ProxyOptions): CachingProxy {
  const { identity, policy, cache, primedKey, toClient, toServer, newId, now } = options;
  const forwarded = new Map<MessageId, Forwarded>();
  const flights = createFlights(newId);
  /** Calls that wait for the list of tools, by id; one that was cancelled is taken out. */
  const waiting = new Map<MessageId, Request>();
  const ownLists = new Map<MessageId, { list: number; pages: number }>();
  let list = 0;

  function forward(message: Request, more: Omit<Forwarded, 'method'> = {}): void {
    forwarded.set(message.id, { method: message.method, ...more });
    toServer(message.text);
  }

  /** What is under way may have been read before the change: it is neither kept nor joined from now on. */
  function invalidate(touched: Touched): void {
    flights.outdate();
    cache.invalidate((answer) => isTouched(answer, touched));
  }

  function callTool(message: Request): void {
    const tool = String(message.params.name);
    const kind = policy.kindOf(tool);
    if (kind === undefined) {
      waiting.set(message.id, message);
      if (waiting.size === 1) askForTools();
      return;
    }
    if (kind.writes) {
      const touched = touchedBy(message.params.arguments);
      invalidate(touched);
      forward(message, { touched });
      return;
    }
    // A task is answered with a handle of it, which is good for one asker only.
    if (!kind.cacheable || message.params.task !== undefined) forward(message);
    else answerOrAsk(message, tool);
  }

  function answerOrAsk(message: Request, tool: string): void {
    const args = message.params.arguments ?? {};
    const argumentsJson = canonicalJson(args);
    const primed = primedKey?.(tool, membersOf(args));
    const isKnown = primed !== undefined && cache.holds(primed);
    const key = isKnown ? primed : cacheKey({ server: identity, tool, arguments: args });
    if (key === undefined || argumentsJson === undefined) {
      forward(message);
      return;
    }
    const token = idOf(membersOf(message.params._meta).progressToken);
    const asker = { id: message.id, ...(token === undefined ? {} : { progressToken: token }) };
    if (flights.join(key, asker)) return;
    const kept = cache.get(key);
    if (kept !== undefined) {
      toClient(resultText(message.id, kept.resultJson));
      return;
    }
    const flight = flights.start({ key, tool, argumentsJson }, asker);
    const _meta = { ...membersOf(message.params._meta), progressToken: flight.id };
    toServer(requestText(flight.id, message.method, { ...message.params, _meta }));
  }

  function askForTools(cursor?: string, pages = 1): void {
    const id = newId();
    ownLists.set(id, { list, pages });
    toServer(requestText(id, 'tools/list', cursor === undefined ? {} : { cursor }));
  }

  function takeOwnList(asked: { list: number; pages: number }, answer: Response['answer']): void {
    // A list that changed meanwhile is read anew, but not for ever.
    const next = asked.list === list ? policy.learn('result' in answer ? answer.result : undefined) : '';
    if (next !== undefined && asked.pages < mostPages) {
      askForTools(next || undefined, asked.pages + 1);
      return;
    }
    // A server whose list never ends has no further tool that is known to be read-only.
    if (next !== undefined) policy.learn(undefined);
    releaseWaiting();
  }

  function releaseWaiting(): void {
    const released = [...waiting.values()];
    waiting.clear();
    for (const message of released) callTool(message);
  }

  function cancel(message: Notification): void {
    const id = idOf(message.params.requestId);
    if (id !== undefined && waiting.delete(id)) return;
    const left = id === undefined ? { outcome: 'none' as const } : flights.leave(id);
    if (left.outcome === 'none') toServer(message.text);
    if (left.outcome === 'last') {
      const params = { ...message.params, requestId: left.flight.id };
      toServer(notificationText(message.method, params));
    }
  }

  function land(flight: Flight, { answer }: Response): void {
    flights.end(flight);
    if ('error' in answer) {
      for (const { id } of flight.askers) toClient(errorText(id, answer.error));
      return;
    }
    const resultJson = JSON.stringify(answer.result);
    if (!flight.isOutdated && isWholeResult(answer.result)) {
      const { key, tool, argumentsJson } = flight;
      cache.set(key, { tool, argumentsJson, resultJson, storedAt: now() });
    }
    for (const { id } of flight.askers) toClient(resultText(id, resultJson));
  }

  function takeAnswer(message: Response): void {
    const flight = flights.byId(message.id);
    if (flight !== undefined) {
      land(flight, message);
      return;
    }
    const asked = ownLists.get(message.id);
    if (asked !== undefined) {
      ownLists.delete(message.id);
      takeOwnList(asked, message.answer);
      return;
    }
    const request = forwarded.get(message.id);
    forwarded.delete(message.id);
    if (request?.touched !== undefined) invalidate(request.touched);
    if (request?.list === list && 'result' in message.answer) policy.learn(message.answer.result);
    toClient(message.text);
  }

  function takeNotification(message: Notification): void {
    if (message.method === 'notifications/progress') {
      const flight = flights.byId(idOf(message.params.progressToken) ?? '');
      if (flight !== undefined) {
        for (const { progressToken } of flight.askers) {
          if (progressToken === undefined) continue;
          toClient(notificationText(message.method, { ...message.params, progressToken }));
        }
        return;
      }
    }
    if (message.method === 'notifications/tools/list_changed') {
      policy.forget();
      list += 1;
    }
    if (changes.has(message.method)) invalidate('everything');
    toClient(message.text);
  }

  function fail(id: MessageId, problem: string): boolean {
    const error = { code: connectionClosed, message: problem };
    const flight = flights.byId(id);
    if (flight !== undefined) {
      flights.end(flight);
      for (const asker of flight.askers) toClient(errorText(asker.id, error));
      return true;
    }
    const asked = ownLists.get(id);
    if (asked !== undefined) {
      ownLists.delete(id);
      takeOwnList(asked, { error });
      return true;
    }
    const request = forwarded.get(id);
    if (request === undefined) return false;
    forwarded.delete(id);
    // Nobody knows how far it came.
    if (request.touched !== undefined) invalidate(request.touched);
    toClient(errorText(id, error));
    return true;
  }

  function takeRequest(message: Request): void {
    if (message.method === 'tools/call' && typeof message.params.name === 'string') {
      callTool(message);
      return;
    }
    if (harmless.has(message.method)) {
      forward(message, message.method === 'tools/list' ? { list } : {});
      return;
    }
    invalidate('everything');
    forward(message, { touched: 'everything' });
  }

  return {
    fromClient(message) {
      if (message.kind === 'request') takeRequest(message);
      else if (message.kind === 'notification' && message.method === 'notifications/cancelled')
        cancel(message);
      else {
        // What the client lets the server see is part of what the server answers with.
        const isNewView =
          message.kind === 'notification' && message.method === 'notifications/roots/list_changed';
        // What is in a batch is not looked at: it may be anything.
        if (isNewView || message.kind === 'other') invalidate('everything');
        toServer(message.text);
      }
    },

    fromServer(message) {
      if (message.kind === 'response') takeAnswer(message);
      else if (message.kind === 'notification') takeNotification(message);
      else {
        // What the client answers becomes part of what the server answers: such an answer is good for once.
        if (message.kind === 'request' && message.method !== 'ping') flights.outdate();
        if (message.kind === 'other') invalidate('everything');
        toClient(message.text);
      }
    },

    failOpen(problem) {
      const error = { code: connectionClosed, message: problem };
      for (const { id } of waiting.values()) toClient(errorText(id, error));
      waiting.clear();
      ownLists.clear();
      for (const flight of flights.all()) fail(flight.id, problem);
      for (const id of [...forwarded.keys()]) fail(id, problem);
    },

    fail,
    joined: flights.joined,
  };
}

/** An answer that is complete and no failure. Anything else is good for one asker, now. */
function isWholeResult(result: unknown): boolean {
  const { content, structuredContent, isError, resultType = 'complete' } = membersOf(result);
  const hasContent = Array.isArray(content) || structuredContent !== undefined;
  return hasContent && (isError === undefined || isError === false) && resultType === 'complete';
}
