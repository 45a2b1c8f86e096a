import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, answerTo, type RequestKind } from './agent.ts';
import { emptyAnswerProblem, MessagesRequest, unansweredToolUse } from './messages.ts';
import {
  countTokens,
  createPromptCache,
  estimateTokens,
  type InputUsage,
  type PromptCacheOptions,
} from './prompt-cache.ts';
import { eventsOf, type Message, serverSentEvent } from './stream.ts';
import type { Task } from './task.ts';

export interface ModelOptions {
  /** The first one whose `match` fits the newest instruction is done. */
  tasks: readonly Task[];
  /** The clock of the prompt cache and of the log, in milliseconds. */
  now?: () => number;
  /** Whose rules the prompt cache keeps, where they differ. */
  rowsAreOne?: PromptCacheOptions['rowsAreOne'];
  /** Files that the agent reads with one answer. */
  readsPerTurn?: number;
  /** Wait before each answer starts. */
  latencyMs?: number;
  /** Each request for a message takes the first one off this list; the caller may add more while it runs. */
  faults?: Fault[];
  /** The only key that is let in; without it any key is. */
  apiKey?: string;
  /** 0, the default, takes a free one. */
  port?: number;
}

/**
 * What goes wrong with one request. `silent` never answers; `cut` drops the connection in mid-stream, `stall` leaves it open and says nothing more; `empty` is an
 * answer in which nothing is said; `broken` is an error in mid-stream, as when the provider is overloaded after it has
 * begun; `stop` is an answer that ends for another reason than that it is done.
 */
export type Fault =
  | { kind: 'none' }
  | { kind: 'status'; status: keyof typeof faultMessages; message?: string; retryAfterSeconds?: number }
  | { kind: 'broken'; afterEvents: number }
  | { kind: 'stop'; reason: 'refusal' | 'max_tokens' | 'pause_turn' }
  | { kind: 'cut'; afterEvents: number }
  | { kind: 'stall'; afterEvents: number }
  | { kind: 'slow'; ms: number }
  | { kind: 'silent' }
  | { kind: 'empty' };

/** One request for a message, written when it is answered or refused. */
export interface LoggedRequest {
  /** From the injected clock. */
  time: number;
  model: string;
  kind: RequestKind | 'refused' | 'fault';
  status: number;
  /** All zero when nothing was answered. */
  usage: InputUsage & { output_tokens: number };
  body: MessagesRequest;
}

export interface Model {
  /** Base URL without a path, for `ANTHROPIC_BASE_URL`. */
  url: string;
  requests: LoggedRequest[];
  /** Drops open connections too. */
  close(): Promise<void>;
}

/** The simulated provider of models: the Messages API on loopback, answered by the needs-driven agent. */
export async function startModel(options: ModelOptions): Promise<Model> {
  const { now = Date.now, rowsAreOne = true, latencyMs = 0, faults = [] } = options;
  const cache = createPromptCache({ now, rowsAreOne });
  const requests: LoggedRequest[] = [];
  const stopping = new AbortController();
  const newId = idMaker(now());

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      if (stopping.signal.aborted || response.destroyed) return;
      if (response.headersSent) response.destroy();
      else refuse(response, 500, `The simulated model failed: ${String(error)}`);
    });
  });

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://loopback');
    if (request.method === 'HEAD' || (request.method === 'GET' && pathname === '/')) {
      response.writeHead(200).end();
      return;
    }
    const problem = keyProblem(request, options.apiKey);
    if (problem) return refuse(response, 401, problem);
    if (request.method === 'GET' && pathname === '/v1/models') return send(response, 200, modelList);
    const isCount = pathname === '/v1/messages/count_tokens';
    if (request.method !== 'POST' || (pathname !== '/v1/messages' && !isCount)) {
      return refuse(response, 404, 'Not found');
    }

    const text = await bodyOf(request);
    if (text === undefined) return refuse(response, 413, 'Request exceeds the maximum size');
    const parsed = parse(text);
    if ('problem' in parsed) return refuse(response, 400, parsed.problem);
    if (isCount) return send(response, 200, { input_tokens: countTokens(parsed.body) });
    await answer(parsed.body, response);
  }

  async function answer(body: MessagesRequest, response: ServerResponse): Promise<void> {
    const log = (kind: LoggedRequest['kind'], status: number, usage = nothing): void => {
      requests.push({ time: now(), model: body.model, kind, status, usage, body });
    };
    const fault = faults.shift() ?? { kind: 'none' };
    if (fault.kind === 'silent') return log('fault', 0);
    await sleep(latencyMs + (fault.kind === 'slow' ? fault.ms : 0), undefined, { signal: stopping.signal });
    if (fault.kind === 'status') {
      log('fault', fault.status);
      if (fault.retryAfterSeconds !== undefined) response.setHeader('retry-after', fault.retryAfterSeconds);
      return refuse(response, fault.status, fault.message ?? faultMessages[fault.status]);
    }

    const problem = unansweredToolUse(body) ?? emptyAnswerProblem(body);
    const counted = problem ? { problem } : cache.account(body);
    if ('problem' in counted) {
      log('refused', 400);
      return refuse(response, 400, counted.problem);
    }
    const said =
      fault.kind === 'empty'
        ? nothingSaid
        : fault.kind === 'stop'
          ? stoppedFor(fault.reason, answerOf(body))
          : answerOf(body);
    const { kind, message } = messageFor(body, said, counted.usage, newId);
    counted.begin();
    log(fault.kind === 'none' || fault.kind === 'slow' ? kind : 'fault', 200, message.usage);
    if (!body.stream) return send(response, 200, message);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': newId('req') });
    const events = eventsOf(message);
    const sent = 'afterEvents' in fault ? events.slice(0, fault.afterEvents) : events;
    for (const event of sent) response.write(serverSentEvent(event));
    if (fault.kind === 'stall') return;
    if (fault.kind === 'broken') {
      const error = { type: errorTypes[529], message: faultMessages[529] };
      response.write(serverSentEvent({ type: 'error', error }));
    }
    if (fault.kind === 'cut') {
      // Lets what was written reach the client before the connection breaks.
      await sleep(20, undefined, { signal: stopping.signal });
      response.destroy();
    } else response.end();
  }

  function answerOf(body: MessagesRequest): Answer {
    return body.max_tokens === 0 ? warmUp : answerTo(body, options.tasks, options.readsPerTurn);
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The model server has no port');

  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    async close() {
      stopping.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

const nothingSaid: Answer = { kind: 'task', content: [], stopReason: 'end_turn' };

/** https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons */
function stoppedFor(reason: 'refusal' | 'max_tokens' | 'pause_turn', { kind, content }: Answer): Answer {
  switch (reason) {
    case 'refusal':
      return { kind, content: [], stopReason: reason };
    case 'max_tokens':
      return { kind, content, stopReason: reason };
    case 'pause_turn':
      return { kind, content: [{ type: 'text', text: 'I am not done yet.' }], stopReason: reason };
  }
}

const nothing: LoggedRequest['usage'] = {
  input_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  output_tokens: 0,
};

/** A request for no output: it only writes the prompt cache. */
const warmUp: Answer = { kind: 'warm-up', content: [], stopReason: 'max_tokens' };

function messageFor(
  body: MessagesRequest,
  { kind, content, stopReason }: Answer,
  usage: InputUsage,
  newId: (prefix: string) => string,
): { kind: RequestKind; message: Message } {
  const output_tokens = content.reduce((sum, said) => sum + estimateTokens(JSON.stringify(said)), 0);
  const message: Message = {
    id: newId('msg'),
    type: 'message',
    role: 'assistant',
    model: body.model,
    content: content.map((said) => (said.type === 'tool_use' ? { ...said, id: newId('toolu') } : said)),
    stop_reason: stopReason,
    stop_sequence: null,
    usage: { ...usage, output_tokens, service_tier: 'standard' },
  };
  return { kind, message };
}

/** Ids of one server count up; the start time keeps the ids of two servers in one session apart. */
function idMaker(startedAt: number): (prefix: string) => string {
  let count = 0;
  return (prefix) => {
    count += 1;
    return `${prefix}_sim${startedAt.toString(36)}${count.toString().padStart(6, '0')}`;
  };
}

function keyProblem({ headers }: IncomingMessage, apiKey: string | undefined): string | undefined {
  const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  const key = headers['x-api-key'] ?? bearer;
  if (key === undefined || key === '') return 'x-api-key header is required';
  return apiKey === undefined || key === apiKey ? undefined : 'invalid x-api-key';
}

const mostBytes = 32 * 1024 * 1024;

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > mostBytes) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): { body: MessagesRequest } | { problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { problem: 'The request body is not valid JSON' };
  }
  const result = MessagesRequest.safeParse(json);
  if (result.success) return { body: result.data };
  return {
    problem: result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
  };
}

const errorTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  529: 'overloaded_error',
};

const faultMessages = {
  400: 'messages: the request is not valid',
  403: 'Your API key does not have permission to use the specified resource',
  429: 'This request would exceed the rate limit',
  500: 'Internal server error',
  529: 'Overloaded',
};

function refuse(response: ServerResponse, status: number, message: string): void {
  send(response, status, { type: 'error', error: { type: errorTypes[status] ?? 'api_error', message } });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const modelList = {
  data: ['claude-opus-4-5', 'claude-sonnet-4-5', 'claude-haiku-4-5'].map((id) => ({
    type: 'model',
    id,
    display_name: id,
    created_at: '2025-11-01T00:00:00Z',
  })),
  has_more: false,
  first_id: 'claude-opus-4-5',
  last_id: 'claude-haiku-4-5',
};
