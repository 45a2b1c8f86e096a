import { setTimeout as sleep } from 'node:timers/promises';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { type JSONRPCMessage, JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js';
import { messageOf } from '../core/errors.ts';
import { boundedBody } from './bounded-body.ts';
import { type MessageId, membersOf, toMessage } from './message.ts';
import type { ServerEvents, WrappedServer } from './wrapped-server.ts';

export interface HttpServerOptions {
  url: URL;
  /** Sent with each request; their values are never logged. */
  headers: Readonly<Record<string, string>>;
  maxMessageBytes: number;
}

/** How long the server may take to end the session before the connection is simply given up. */
const goodbyeMs = 1_000;

const longestProblem = 500;

/**
 * An MCP server at the end of streamable HTTP. Sessions, resumption and redirects (which are followed only within
 * the address's own origin) are the SDK's; there is no sign-in by OAuth, the headers have to carry what it takes.
 * Nothing is asked before the first message.
 */
export function connectHttpServer(options: HttpServerOptions, events: ServerEvents): WrappedServer {
  const { url, headers, maxMessageBytes } = options;
  /** Requests that the server has not answered yet. */
  const open = new Set<MessageId>();
  let initialize: MessageId | undefined;
  let isClosing = false;
  const transport = new StreamableHTTPClientTransport(url, {
    requestInit: { headers: { ...headers } },
    fetch: async (address, init) => {
      const response = await fetch(address, init);
      const id = idOfRequest(init?.body);
      return boundedBody(response, maxMessageBytes, {
        tooLong: (problem) => lose(id, problem),
        // Without an event id there is nothing to resume from.
        ended: () => {
          if (id !== undefined && open.has(id))
            lose(id, 'The MCP server ended the stream without an answer.');
        },
      });
    },
  });

  function lose(id: MessageId | undefined, problem: string): void {
    if (id !== undefined) open.delete(id);
    events.unanswered(id, problem);
  }

  transport.onmessage = (message) => {
    const read = toMessage(message);
    if (read === undefined) return;
    if (read.kind === 'response') {
      open.delete(read.id);
      if (read.id === initialize && 'result' in read.answer) {
        const { protocolVersion } = membersOf(read.answer.result);
        // Every later request has to name it in a header.
        if (typeof protocolVersion === 'string') transport.setProtocolVersion(protocolVersion);
      }
    }
    events.message(read.text);
  };
  transport.onerror = (error) => {
    if (isClosing) return;
    events.problem(`The connection to the MCP server had a problem: ${shortOf(error)}`);
    // The SDK does not say which request the stream belonged to.
    if (/Maximum reconnection attempts/.test(error.message)) {
      events.unanswered(undefined, 'The connection to the MCP server was lost.');
    }
  };

  async function post(message: JSONRPCMessage): Promise<void> {
    const id = 'method' in message && 'id' in message ? message.id : undefined;
    if (id !== undefined) open.add(id);
    if (id !== undefined && 'method' in message && message.method === 'initialize') initialize = id;
    try {
      await transport.send(message);
    } catch (error) {
      // The SDK has reported it as a problem already.
      if (id !== undefined && open.has(id)) lose(id, `The MCP server did not answer: ${shortOf(error)}`);
    }
  }

  const started = transport.start();
  let closed: Promise<void> | undefined;
  return {
    async send(text) {
      await started;
      const value: unknown = JSON.parse(text);
      for (const one of Array.isArray(value) ? value : [value]) {
        const message = JSONRPCMessageSchema.safeParse(one);
        if (!message.success) {
          events.problem('The client sent a message that is not JSON-RPC 2.0: it was dropped.');
          continue;
        }
        const sent = post(message.data);
        // Notifications keep their place before what follows; a request may take as long as its tool does.
        if (!('method' in message.data && 'id' in message.data)) await sent;
      }
    },
    signal: () => undefined,
    close() {
      isClosing = true;
      closed ??= (async () => {
        const goodbye = transport.terminateSession().catch(() => undefined);
        await Promise.race([goodbye, sleep(goodbyeMs, undefined, { ref: false })]);
        await transport.close();
      })();
      return closed;
    },
  };
}

/** A server may answer a failure with a whole page. */
function shortOf(error: unknown): string {
  const text = messageOf(error);
  return text.length <= longestProblem ? text : `${text.slice(0, longestProblem).toWellFormed()} …`;
}

function idOfRequest(body: unknown): MessageId | undefined {
  if (typeof body !== 'string') return undefined;
  const message = toMessage(JSON.parse(body), '');
  return message?.kind === 'request' ? message.id : undefined;
}
